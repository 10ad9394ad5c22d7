"""Where the model runs in the tab is only trusted after its numbers were compared."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import ALLOWED, GPU_IN_SOFTWARE, Launch, Visit, with_camera
from tests.browser.host import Host, served
from tests.browser.in_tab import ask, get_model

# A GPU in software takes its time.
PATIENCE_MS = 60_000


@pytest.fixture
def host(tab_folder: Path) -> Iterator[Host]:
    with served(tab_folder) as host:
        yield host


def change_script(page: Page, path: str, old: str, new: str) -> None:
    """Load the page again with another piece of one of its scripts."""

    def answer(route: Route) -> None:
        script = route.fetch().text()
        assert old in script
        route.fulfill(body=script.replace(old, new), content_type="text/javascript")

    page.route(f"**/{path}", answer)
    page.reload()


def facts_of(page: Page) -> str:
    page.locator("#status").click()
    told = page.locator("#facts").inner_text()
    page.keyboard.press("Escape")
    return told


def test_webgpu_that_does_not_start_leads_to_wasm(launch: Launch, host: Host, visit: Visit):
    browser = launch(*GPU_IN_SOFTWARE, ALLOWED, scene="red-circle")
    page = visit(browser, f"{host.url}?device=webgpu", service_workers="block")
    change_script(page, "tab/engine/devices.js", "await adapter.requestDevice(", "await (")
    with_camera(get_model(page))
    assert "WebGPU did not start on this device. WASM does, and is slower." in facts_of(page)
    expect(page.locator("#status")).to_contain_text("on WASM")
    expect(ask(page, "What colour is the circle?")).to_contain_text("The circle is red.")


def test_device_is_checked_and_what_is_asked_of_a_lost_one_is_asked_again(
    launch: Launch, host: Host, visit: Visit
):
    """The software adapter computes attention wrong with subgroups, and says nothing."""
    browser = launch(*GPU_IN_SOFTWARE, ALLOWED, scene="red-circle")
    page = visit(browser, f"{host.url}?device=webgpu", service_workers="block")
    # A hand on the device.
    found = "const device = await adapter"
    change_script(
        page, "tab/engine/devices.js", found, "const device = globalThis.device = await adapter"
    )
    page.locator(".choosing__get").click()
    waking = page.locator("#waking")
    expect(waking).to_contain_text("Comparing.", timeout=PATIENCE_MS)
    expect(waking).to_contain_text("A known picture is looked at first.")
    expect(page.locator("#status")).to_contain_text("on WebGPU", timeout=PATIENCE_MS)
    assert "With subgroups WebGPU gave wrong numbers on this device." in facts_of(page)
    expect(page.locator("#device-note")).to_be_hidden()
    with_camera(page)
    page.get_by_label("Your question").fill("What colour is the circle?")
    page.keyboard.press("Enter")
    expect(page.locator(".card__state")).to_contain_text("Looking")
    page.workers[0].evaluate("() => device.destroy()")
    expect(waking).to_be_visible()
    expect(page.locator(".card__text")).to_have_text("The circle is red.", timeout=PATIENCE_MS)


def test_numbers_that_are_wrong_everywhere_are_no_answers(
    launch: Launch, tab_folder: Path, tmp_path: Path, visit: Visit
):
    shutil.copytree(tab_folder, tmp_path / "tab")
    told = tmp_path / "tab" / "models" / "demo" / "model.json"
    manifest = json.loads(told.read_text())
    manifest["recorded"]["scores"][5] += 1
    told.write_text(json.dumps(manifest))
    with served(tmp_path / "tab") as host:
        page = visit(launch(ALLOWED, scene="red-circle"), host.url)
        page.locator(".choosing__get").click()
        expect(page.locator("#model-failed")).to_contain_text(
            "This browser computes other numbers than were recorded."
        )


def test_too_little_memory_is_said(launch: Launch, host: Host, visit: Visit):
    browser = launch(ALLOWED, scene="red-circle")
    page = visit(browser, host.url, service_workers="block")
    change_script(
        page,
        "tab/engine/model.js",
        "    sessions[name] = await",
        "    new ArrayBuffer(1e15)\n    sessions[name] = await",
    )
    page.locator(".choosing__get").click()
    trouble = page.locator("#model-failed")
    expect(trouble).to_contain_text("This browser has not enough memory for demo.")
    trouble.get_by_role("button", name="Delete the model").click()
    expect(page.locator("#choosing")).to_be_visible()
