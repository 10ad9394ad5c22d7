"""A model comes to the browser once, whatever happens on the way, and stays until it is deleted."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Visit, with_camera
from tests.browser.host import Host, served
from tests.browser.in_tab import ask, get_model, when_ready

WEIGHTS = "models/demo/model.safetensors"
# What a worker runs before the page's own: this one finds no place to keep files.
NO_FILES = (
    "navigator.storage.getDirectory = async () => { throw new DOMException('', 'SecurityError') }"
)
# Some browsers tell a room that is not there, so that it cannot be set from outside.
NO_ROOM = "navigator.storage.estimate = async () => ({ quota: 3_000_000, usage: 0 })"
# The first part of a file in the page's own folder of the browser.
SPOIL = """async (size) => {
  const root = await navigator.storage.getDirectory()
  for await (const folder of root.values()) {
    for await (const file of folder.values()) {
      if ((await file.getFile()).size !== size) continue
      const writer = await file.createWritable({ keepExistingData: true })
      await writer.write(new Uint8Array(1000))
      await writer.close()
    }
  }
}"""


@pytest.fixture
def host(tab_folder: Path) -> Iterator[Host]:
    with served(tab_folder) as host:
        yield host


def run_first(page: Page, script: str) -> None:
    """Have the model's worker run something before anything else."""

    def fulfil(route: Route, body: str) -> None:
        route.fulfill(body=body, content_type="text/javascript")

    page.route(
        "**/tab/worker.js",
        lambda route: fulfil(route, f'import "./first.js"\n{route.fetch().text()}'),
    )
    page.route("**/tab/first.js", lambda route: fulfil(route, script))


def test_first_visit_tells_what_it_takes_before_anything_is_loaded(
    browser: Browser, host: Host, visit: Visit
):
    page = visit(browser, host.url)
    card = page.locator("#choosing")
    expect(card).to_contain_text("It comes to this browser once, is kept here")
    expect(card).to_contain_text("Demo, 5 MB")
    expect(card).to_contain_text(re.compile(r"This browser has room for \d+ GB and"))
    expect(card.get_by_role("button")).to_have_text("Get the demo model, 5 MB")
    expect(page.locator("#status")).to_contain_text("No model yet")
    assert not host.n_asked(WEIGHTS)
    with_camera(get_model(page))
    expect(card).to_be_hidden()
    expect(ask(page, "What colour is the circle?")).to_contain_text("The circle is red.")
    page.locator("#status").click()
    facts = page.locator("#facts")
    expect(facts).to_contain_text("In this tab, on WASM")
    expect(facts).to_contain_text(re.compile(r"Checked\s*\d\d:\d\d, equal to the recorded answers"))
    expect(facts).to_contain_text("5 MB in this browser")


def test_broken_download_says_so_and_goes_on(browser: Browser, host: Host, visit: Visit):
    host.breaks[WEIGHTS] = [2_000_000, 0, 0]
    page = visit(browser, host.url, allow=re.compile("ERR_CONTENT_LENGTH_MISMATCH"))
    page.locator(".choosing__get").click()
    card = page.locator("#waking")
    expect(card).to_contain_text("The download broke off.")
    expect(card).to_contain_text(re.compile(r"\d MB are here and stay\.\s*Trying again in \d s\."))
    card.get_by_role("button", name="Go on now").click()
    when_ready(page)
    assert host.n_asked(WEIGHTS) == 4


def test_download_can_be_paused(browser: Browser, host: Host, visit: Visit):
    host.holds[WEIGHTS] = [2_000_000]
    page = visit(browser, host.url)
    page.locator(".choosing__get").click()
    card = page.locator("#waking")
    expect(card).to_contain_text("Getting the demo model.")
    expect(card).to_contain_text(re.compile(r"Downloading, part \d of 9"))
    expect(card).to_contain_text("Room found in this browser")
    expect(card).to_contain_text("2 MB of 5 MB")
    card.get_by_role("button", name="Pause").click()
    expect(card).to_contain_text("The download is paused.")
    expect(card).to_contain_text("2 MB are here and stay.")
    card.get_by_role("button", name="Go on").click()
    when_ready(page)
    assert [begin > 0 for path, begin in host.asked if path == WEIGHTS] == [False, True]


def test_closed_tab_loses_nothing_of_a_download(browser: Browser, host: Host, visit: Visit):
    host.holds[WEIGHTS] = [2_000_000]
    page = visit(browser, host.url)
    page.locator(".choosing__get").click()
    expect(page.locator("#waking")).to_contain_text("2 MB of 5 MB")
    another = page.context.new_page()
    page.close()
    another.goto(host.url)
    when_ready(another)
    assert [begin > 0 for path, begin in host.asked if path == WEIGHTS] == [False, True]


def test_two_tabs_get_the_model_once_and_both_answer(browser: Browser, host: Host, visit: Visit):
    host.holds[WEIGHTS] = [2_000_000]
    page = visit(browser, host.url)
    page.locator(".choosing__get").click()
    expect(page.locator("#waking")).to_contain_text("Getting the demo model.")
    another = page.context.new_page()
    another.goto(host.url)
    expect(another.locator("#waking")).to_contain_text("Another tab of this page is getting it")
    host.release.set()
    for each in (page, another):
        when_ready(each)
        each.bring_to_front()
        with_camera(each)
        expect(ask(each, "What colour is the circle?")).to_contain_text("The circle is red.")
    assert host.n_asked(WEIGHTS) == 1


def test_full_disk_is_said_and_what_is_here_stays(browser: Browser, host: Host, visit: Visit):
    page = visit(browser, host.url)
    expect(page.locator("#choosing")).to_be_visible()
    devtools = page.context.new_cdp_session(page)
    origin = {"origin": host.url.rstrip("/")}
    host.holds[WEIGHTS] = [1_000_000]
    page.locator(".choosing__get").click()
    expect(page.locator("#waking")).to_contain_text("1 MB of 5 MB")
    devtools.send("Storage.overrideQuotaForOrigin", {**origin, "quotaSize": 3_000_000})
    host.release.set()
    trouble = page.locator("#model-failed")
    expect(trouble).to_contain_text("This browser has no room left.")
    expect(trouble).to_contain_text(
        re.compile(r"\d MB are still to come\. The \d MB that are here")
    )
    devtools.send("Storage.overrideQuotaForOrigin", origin)
    trouble.get_by_role("button", name="Go on").click()
    when_ready(page)


def test_model_without_room_is_not_offered(browser: Browser, host: Host, visit: Visit):
    page = visit(browser, host.url, service_workers="block")
    run_first(page, NO_ROOM)
    page.reload()
    card = page.locator("#choosing")
    expect(card).to_contain_text("No model fits here.")
    why = "demo is not offered: it takes 5 MB, and this browser has room for 3 MB."
    expect(card).to_contain_text(why)
    expect(card.get_by_role("button")).to_be_hidden()


def test_large_model_is_not_offered_without_webgpu(
    browser: Browser, tab_folder: Path, tmp_path: Path, visit: Visit
):
    shutil.copytree(tab_folder, tmp_path / "tab")
    told = tmp_path / "tab" / "models" / "models.json"
    [demo] = json.loads(told.read_text())
    large = {**demo, "name": "moondream2", "bytes": 1_350_000_000, "is_large": True}
    told.write_text(json.dumps([large, demo]))
    with served(tmp_path / "tab") as host:
        page = visit(browser, host.url)
        card = page.locator("#choosing")
        expect(card).to_contain_text("One model fits here.")
        why = "moondream2 is not offered: without WebGPU an answer takes minutes."
        expect(card).to_contain_text(why)
        expect(card.get_by_role("button")).to_have_text("Get the demo model, 5 MB")


def test_window_that_keeps_nothing_answers_all_the_same(browser: Browser, host: Host, visit: Visit):
    """So are private windows of some browsers; it has no service worker either."""
    page = visit(browser, host.url, service_workers="block")
    run_first(page, NO_FILES)
    page.reload()
    expect(page.locator("#choosing")).to_contain_text("This window keeps nothing")
    with_camera(get_model(page))
    expect(ask(page, "What colour is the circle?")).to_contain_text("The circle is red.")
    page.locator("#status").click()
    expect(page.locator("#facts")).to_contain_text("Not kept: this window forgets it")
    expect(page.locator("#deleting")).to_be_hidden()


def test_model_is_there_at_the_next_visit_and_heals(browser: Browser, host: Host, visit: Visit):
    page = get_model(visit(browser, host.url))
    page.reload()
    when_ready(page)
    assert host.n_asked(WEIGHTS) == 1
    page.evaluate(SPOIL, (host.folder / WEIGHTS).stat().st_size)
    page.reload()
    when_ready(page)
    assert host.n_asked(WEIGHTS) == 2


def test_deleting_is_asked_twice_and_frees_the_room(browser: Browser, host: Host, visit: Visit):
    page = with_camera(get_model(visit(browser, host.url)))
    ask(page, "What colour is the circle?")
    used = "async () => (await navigator.storage.estimate()).usageDetails.fileSystem ?? 0"
    assert page.evaluate(used) > 5_000_000
    page.locator("#status").click()
    page.get_by_role("button", name="Delete the model from this browser").click()
    expect(page.locator("#deleting")).to_contain_text("It frees 5 MB. Your answers stay.")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.get_by_role("button", name="Delete 5 MB").click()
    expect(page.locator("#choosing")).to_be_visible()
    expect(page.locator(".card__text")).to_have_text("The circle is red.")
    assert page.evaluate(used) < 1_000_000
    page.reload()
    expect(page.locator("#choosing")).to_be_visible()


def test_model_for_a_newer_page_says_what_to_do(
    browser: Browser, tab_folder: Path, tmp_path: Path, visit: Visit
):
    shutil.copytree(tab_folder, tmp_path / "tab")
    told = tmp_path / "tab" / "models" / "demo" / "model.json"
    told.write_text(json.dumps({**json.loads(told.read_text()), "layout": 2}))
    with served(tmp_path / "tab") as host:
        page = visit(browser, host.url)
        page.locator(".choosing__get").click()
        expect(page.locator("#model-failed")).to_contain_text(
            "A newer version is here. Reload the page."
        )


def test_host_without_the_model_is_said(
    browser: Browser, tab_folder: Path, tmp_path: Path, visit: Visit
):
    shutil.copytree(tab_folder, tmp_path / "tab")
    (tmp_path / "tab" / WEIGHTS).unlink()
    with served(tmp_path / "tab") as host:
        page = visit(browser, host.url, allow=re.compile("404"))
        page.locator(".choosing__get").click()
        trouble = page.locator("#model-failed")
        expect(trouble).to_contain_text("The host does not have model.safetensors (404).")
        shutil.copyfile(tab_folder / WEIGHTS, tmp_path / "tab" / WEIGHTS)
        trouble.get_by_role("button", name="Try again").click()
        when_ready(page)
