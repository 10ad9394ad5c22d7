"""Frames of a camera are made in a worker; where that cannot be, the page makes them itself."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server, Visit, with_camera
from tests.browser.test_ahead import DRAWN_CAMERA
from tests.browser.test_live import BLUE, keep, sentence

# Whatever the page encodes on its own thread from now on.
COUNT_OWN = """
{
  const { prototype } = HTMLCanvasElement
  const { toBlob } = prototype
  window.nOwn = 0
  prototype.toBlob = function (...told) {
    window.nOwn += 1
    toBlob.apply(this, told)
  }
}
"""
WITHOUT = {
    "a browser that has no frames of videos": "delete globalThis.VideoFrame",
    "one that has no canvas without a page": "delete globalThis.OffscreenCanvas",
    "one that turns the picture of a turned phone in the page alone": """
globalThis.VideoFrame = class extends VideoFrame {
  get displayWidth() { return super.displayHeight }
  get displayHeight() { return super.displayWidth }
}""",
}


def sees_what_changes(page: Page) -> None:
    keep(with_camera(page), "What do you see?")
    expect(sentence(page)).to_have_text("I see a red circle.")
    page.evaluate(BLUE)
    expect(sentence(page)).to_have_text("I see a blue circle.")


def test_frames_are_made_beside_the_pages_own_thread(
    browser: Browser, server: Server, visit: Visit
) -> None:
    page = visit(browser, server.url, script=DRAWN_CAMERA + COUNT_OWN)
    sees_what_changes(page)
    # Those of the last half minute, too.
    expect(page.locator("#strip .strip__head")).not_to_have_attribute("max", "0")
    assert page.evaluate("nOwn") == 0


@pytest.mark.parametrize("browsers", WITHOUT)
def test_page_makes_them_where_no_worker_can(
    browser: Browser, server: Server, visit: Visit, browsers: str
) -> None:
    script = f"{DRAWN_CAMERA}{COUNT_OWN}{WITHOUT[browsers]}"
    page = visit(browser, server.url, script=script)
    sees_what_changes(page)
    assert page.evaluate("nOwn") > 0


def test_page_makes_them_where_the_worker_did_not_come(
    browser: Browser, server: Server, visit: Visit
) -> None:
    allow = re.compile("darkroom_worker|Failed to load resource")
    page = visit(browser, "about:blank", script=DRAWN_CAMERA + COUNT_OWN, allow=allow)
    page.route("**/darkroom_worker.js", lambda route: route.abort())
    page.goto(server.url)
    sees_what_changes(page)
    assert page.evaluate("nOwn") > 0
