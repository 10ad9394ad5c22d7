"""After the first visit the tab works without a network, and is never older than its host."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from demo.evaluate import CHECKPOINT
from in_browser.site import write_service_worker
from tests.browser.conftest import ALLOWED, FAKE_CAMERA, FLAGS, Visit, sandbox, with_camera
from tests.browser.host import Host, served
from tests.browser.in_tab import ask, get_model, when_ready, write_folder

KEPT_FILES = """async () => {
  let n = 0
  for await (const folder of (await navigator.storage.getDirectory()).values()) {
    for await (const name of folder.keys()) n++
  }
  return n
}"""
KEPT = "async () => (await navigator.serviceWorker.ready).active.state === 'activated'"

# Nothing is being installed, and nothing waits to take over.
SETTLED = """async () => {
  const registration = await navigator.serviceWorker.ready
  return !registration.installing && !registration.waiting
}"""


@pytest.fixture
def host(tab_folder: Path, tmp_path: Path) -> Iterator[Host]:
    """A host whose folder a test may change."""
    shutil.copytree(tab_folder, tmp_path / "tab")
    with served(tmp_path / "tab") as host:
        yield host


def when_kept(page: Page) -> Page:
    page.wait_for_function(KEPT)
    return page


def test_answers_with_the_host_stopped_and_the_browser_restarted(
    playwright: Playwright, chromium: str, host: Host, tmp_path: Path
):
    def start():
        return playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=chromium,
            args=[*FLAGS, *sandbox(), "--disable-gpu", ALLOWED, FAKE_CAMERA],
        )

    first = start()
    page = first.new_page()
    page.goto(host.url)
    when_kept(get_model(page))
    first.close()
    host.stop()
    second = start()
    page = second.new_page()
    page.goto(host.url)
    when_ready(page)
    with_camera(page)
    assert ask(page, "What colour is the circle?").get_attribute("data-state") == "done"
    # Links lead to what is kept, too.
    page.goto(f"{host.url}scenes/")
    expect(page.get_by_role("link", name="Moonsight")).to_be_visible()
    second.close()


def change_page(host: Host, words: str) -> None:
    """What a new version of the page does: other files, and another service worker."""
    index = host.folder / "index.html"
    index.write_text(index.read_text().replace("Nothing asked yet.", words))
    write_service_worker(host.folder)


def test_newer_version_is_told_and_shown_when_a_person_wants(
    browser: Browser, host: Host, visit: Visit
):
    """Of a model only what changed is got: files are kept by what they are, not by their names."""
    page = when_kept(get_model(visit(browser, host.url)))
    write_folder(CHECKPOINT, host.folder, "int8")
    change_page(host, "Nothing was asked.")
    page.reload()
    banner = page.locator("#newer")
    expect(banner).to_contain_text("A newer version is here.")
    expect(page.locator("#empty")).to_contain_text("Nothing asked yet.")
    with page.expect_navigation():
        banner.get_by_role("button", name="Reload").click()
    expect(page.locator("#empty")).to_contain_text("Nothing was asked.")
    expect(banner).to_be_hidden()
    when_ready(page)
    page.locator("#status").click()
    expect(page.locator("#facts")).to_contain_text("int8")
    assert host.n_asked("models/demo/tokenizer.json") == 1
    assert host.n_asked("models/demo/weights-001.bin") == 1
    n_files = len(json.loads((host.folder / "models/demo/model.json").read_text())["files"])
    # Of the older version nothing is left.
    page.wait_for_function(f"async () => (await ({KEPT_FILES})()) === {n_files}")


def test_version_that_is_only_half_there_is_not_taken(browser: Browser, host: Host, visit: Visit):
    """A host in the middle of an update has files of both; what is kept stays whole."""
    page = when_kept(
        get_model(visit(browser, host.url, allow=re.compile("integrity|ServiceWorker")))
    )
    change_page(host, "Nothing was asked.")
    (host.folder / "static" / "css" / "base.css").write_text("/* Of a third version. */")
    page.reload()
    when_ready(page)
    page.evaluate("async () => (await navigator.serviceWorker.ready).update()")
    page.wait_for_function(SETTLED)
    expect(page.locator("#newer")).to_be_hidden()
    host.stop()
    page.reload()
    expect(page.locator("#empty")).to_contain_text("Nothing asked yet.")
    when_ready(page)
