"""A camera that the server opens: picked, seen, asked about, cut, and back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server, Visit, turn_on_camera
from tests.browser.test_look import serious_findings
from tests.camera_server import CameraServer

pytest.importorskip("av")

ODD_NAME = """Bob's "<b>yard</b>" & co"""


@pytest.fixture(scope="module")
def camera() -> Iterator[CameraServer]:
    camera = CameraServer("rtsp", "me:secret").start()
    camera.show("blue-square")
    yield camera
    camera.cut()


@pytest.fixture(scope="module")
def watched_server(chromium: str, camera: CameraServer) -> Iterator[Server]:
    cameras = ("--camera", f"Front door={camera.url}", "--camera", f"{ODD_NAME}={camera.url}")
    server = Server("app.py", "--model", "demo", *cameras, "--port")
    server.start()
    yield server
    server.stop()


def choose(page: Page, name: str) -> None:
    page.locator("#source").click()
    page.get_by_role("region", name="What to look at").get_by_role("radio", name=name).click()
    page.keyboard.press("Escape")


def test_front_door_is_seen_asked_about_cut_and_back(
    browser: Browser, watched_server: Server, camera: CameraServer, visit: Visit
):
    page = visit(browser, watched_server.url)
    turn_on_camera(page)
    stage = page.locator("#stage")
    expect(stage).to_have_attribute("data-state", "live")
    assert camera.n_watching == 0

    choose(page, "Front door Named at the start, over the network")
    expect(page.get_by_role("img", name="Live picture of Front door")).to_be_visible()
    expect(page.locator("#source")).to_contain_text("Front door, ")
    expect(page.locator(".stage__video")).to_be_hidden()
    page.get_by_label("Your question").fill("What colour is the square?")
    page.get_by_label("Your question").press("Enter")
    expect(page.get_by_role("log")).to_contain_text("blue", ignore_case=True)

    camera.cut()
    message = page.get_by_role("heading", name="Front door does not answer.")
    expect(message).to_be_visible()
    expect(stage).to_contain_text("Trying again in ")
    expect(page.locator("#ask")).to_have_attribute("aria-disabled", "true")
    assert not serious_findings(page)

    camera.show("yellow-star", 320, 240)
    camera.start()
    expect(message).to_be_hidden()
    page.get_by_label("Your question").fill("What colour is the star?")
    page.get_by_label("Your question").press("Enter")
    expect(page.get_by_role("log")).to_contain_text("yellow", ignore_case=True)

    choose(page, ODD_NAME)
    expect(page.get_by_role("img", name=f"Live picture of {ODD_NAME}")).to_be_visible()
    choose(page, "Camera off")
    expect(stage).to_have_attribute("data-state", "off")
    camera.wait_until_watched_by(0)
