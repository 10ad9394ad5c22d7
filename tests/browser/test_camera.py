"""A sentence for each thing that can keep the camera from showing something, and the way out."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import (
    ALLOWED,
    DENIED,
    FAKE_CAMERA,
    Launch,
    PacedServer,
    Visit,
    turn_on_camera,
    with_camera,
)

IN_USE = """navigator.mediaDevices.getUserMedia = async () => {
  throw new DOMException("Could not start video source", "NotReadableError")
}"""
INSECURE = """Object.defineProperty(navigator, "mediaDevices", { value: undefined })
Object.defineProperty(crypto, "randomUUID", { value: undefined })"""
TURNED_PHONE = """navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 })
  const draw = () => canvas.getContext("2d").fillRect(0, 0, canvas.width, canvas.height)
  setInterval(draw, 50)
  draw()
  window.turn = () => Object.assign(canvas, { width: 480, height: 640 })
  return canvas.captureStream(10)
}"""


def stage(page: Page):
    return page.locator("#stage")


def test_first_visit_says_what_happens_to_the_picture(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    page = visit(launch(FAKE_CAMERA), paced.url)
    expect(stage(page)).to_contain_text("Show it something. Ask about it.")
    expect(stage(page)).to_contain_text("looked at on this computer and goes nowhere else")
    expect(page.locator("#source")).to_contain_text("Camera off")


def test_camera_starts_at_once_when_permission_was_given_before(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    page = visit(launch(FAKE_CAMERA), paced.url, permissions=["camera"])
    expect(stage(page)).to_have_attribute("data-state", "live")
    expect(page.get_by_label("Your question")).to_be_focused()


@pytest.mark.parametrize(
    ("flags", "script", "sentence"),
    [
        ((FAKE_CAMERA, DENIED), "", "The camera is blocked for this page."),
        ((ALLOWED,), "", "No camera found."),
        ((FAKE_CAMERA, ALLOWED), IN_USE, "Another program is using the camera."),
    ],
)
def test_camera_that_cannot_be_shown_is_explained(
    launch: Launch,
    paced: PacedServer,
    visit: Visit,
    flags: tuple[str, ...],
    script: str,
    sentence: str,
) -> None:
    page = visit(launch(*flags), paced.url, script=script)
    turn_on_camera(page)
    expect(stage(page)).to_contain_text(sentence)
    expect(page.get_by_role("button", name="Use a picture instead")).to_be_visible()
    page.get_by_label("Your question").fill("Anything?")
    expect(page.locator("#question-note")).to_have_text(
        "You can keep typing. Asking needs a picture and a connection."
    )
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_contain_text("You can keep typing.")
    expect(page.locator(".card")).to_have_count(0)


def test_page_without_a_secure_address_says_where_to_open_it(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    page = visit(launch(FAKE_CAMERA), paced.url, script=INSECURE)
    expect(stage(page)).to_contain_text("Browsers allow cameras only on secure pages.")
    expect(stage(page)).to_contain_text(f"Open http://localhost:{paced.port} on the computer")


def test_unplugged_camera_is_noticed_and_another_can_be_chosen(paced_page: Page) -> None:
    paced_page.evaluate(
        """() => document.querySelector("video").srcObject.getVideoTracks()[0]
             .dispatchEvent(new Event("ended"))"""
    )
    expect(stage(paced_page)).to_contain_text("The camera was unplugged.")
    paced_page.get_by_role("button", name="Choose a camera").click()
    paced_page.locator("#sources-cameras").get_by_role("radio").first.click()
    expect(stage(paced_page)).to_have_attribute("data-state", "live")


def test_camera_that_comes_back_is_shown_again(paced_page: Page) -> None:
    paced_page.evaluate(
        """() => document.querySelector("video").srcObject.getVideoTracks()[0]
             .dispatchEvent(new Event("ended"))"""
    )
    expect(stage(paced_page)).to_contain_text("The camera was unplugged.")
    paced_page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    expect(stage(paced_page)).to_have_attribute("data-state", "live")


def test_camera_can_be_turned_off(paced_page: Page) -> None:
    paced_page.locator("#source").click()
    paced_page.get_by_role("radio", name="Camera off").click()
    expect(stage(paced_page)).to_have_attribute("data-state", "off")
    assert paced_page.evaluate("document.querySelector('video').srcObject") is None


def test_frame_has_the_size_that_the_picture_has_now(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    """A page that measures the video once sends squeezed frames after a phone is turned."""
    page = with_camera(visit(launch(ALLOWED, FAKE_CAMERA), paced.url, script=TURNED_PHONE))
    page.evaluate("turn()")
    page.wait_for_function("() => document.querySelector('video').videoHeight === 640")
    page.get_by_label("Your question").fill("What is this?")
    page.keyboard.press("Enter")
    frame = page.locator(".card__frame")
    expect(frame).to_have_attribute("width", "480")
    expect(frame).to_have_attribute("height", "640")


def test_file_that_is_no_picture_is_refused_in_words(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    page = visit(launch(FAKE_CAMERA), paced.url)
    page.locator("#picture-file").set_input_files(
        {"name": "letter.png", "mimeType": "image/png", "buffer": b"Dear reader"}
    )
    expect(page.locator("#question-note")).to_contain_text("This file is not a picture")
    expect(stage(page)).to_have_attribute("data-state", "off")
