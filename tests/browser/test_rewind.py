"""The last half minute: any moment of it is shown and asked about, none that nobody saw."""

import re
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import (
    ALLOWED,
    FAKE_CAMERA,
    PHONE,
    Launch,
    PacedServer,
    Visit,
    resize,
    with_camera,
)
from tests.browser.test_live import HIDE
from tests.browser.test_look import serious_findings

TALL = {"viewport": {"width": 1440, "height": 900}}
NOON = datetime(2026, 3, 1, 12, 0, 0)
# A camera whose picture `show(colour)` changes at once.
PAINTED = """navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 })
  const context = canvas.getContext("2d")
  const paint = () => context.fillRect(0, 0, 640, 480)
  window.show = (colour) => {
    context.fillStyle = colour
    paint()
  }
  setInterval(paint, 50)
  show("red")
  return canvas.captureStream(20)
}"""
# How many moments there are to go to, beside the newest.
N_BEFORE = "() => Number(document.querySelector('#strip .strip__head').max)"
COLOUR_OF = """async (shown) => {
  if (shown.decode) await shown.decode()
  const canvas = Object.assign(document.createElement("canvas"), { width: 9, height: 9 })
  canvas.getContext("2d").drawImage(shown, 0, 0, 9, 9)
  const [red, green, blue] = canvas.getContext("2d").getImageData(4, 4, 1, 1).data
  return red > 200 ? "red" : green > 200 ? "lime" : blue > 200 ? "blue" : "none"
}"""


def strip(page: Page) -> Locator:
    return page.locator("#strip")


def note(page: Page) -> Locator:
    return page.locator("#question-note")


def past(page: Page) -> Locator:
    return page.locator(".stage__past")


def press(page: Page, key: str) -> None:
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press(key)


def ask(page: Page) -> None:
    page.get_by_label("Your question").fill("What is this?")
    page.get_by_label("Your question").press("Enter")


def show(page: Page, colour: str) -> None:
    """Paint the camera's picture, and wait until it is seen."""
    page.evaluate("show", colour)
    wait_for_colour(page, ".stage__video", colour)


def wait_for_colour(page: Page, shown: str, colour: str) -> None:
    page.wait_for_function(
        f"async ([shown, colour]) => await ({COLOUR_OF})(document.querySelector(shown)) === colour",
        arg=[shown, colour],
    )


def wait_for_moments(page: Page, n_before: int) -> None:
    page.wait_for_function(f"(wanted) => ({N_BEFORE})() >= wanted", arg=n_before)


@pytest.fixture
def painted(launch: Launch, paced: PacedServer, visit: Visit) -> Page:
    return with_camera(visit(launch(FAKE_CAMERA, ALLOWED), paced.url, script=PAINTED, **TALL))


def test_frozen_picture_is_the_one_that_is_asked_about(painted: Page) -> None:
    show(painted, "lime")
    press(painted, "p")
    expect(painted.locator("#stage")).to_have_attribute("data-past", "")
    about = re.compile(r"^You are looking at \d\d:\d\d:\d\d\. Ask is about this picture\.$")
    expect(note(painted)).to_have_text(about)
    # Chromium may draw one of the frames before: whichever it is stays.
    frozen = past(painted).evaluate(COLOUR_OF)
    show(painted, "blue")
    assert past(painted).evaluate(COLOUR_OF) == frozen != "blue"
    ask(painted)
    frame = painted.locator(".card__frame")
    expect(frame).to_have_count(1)
    assert frame.evaluate(COLOUR_OF) == frozen
    # What is kept answered, watched for or shown to programs stays now.
    press(painted, "Escape")
    expect(painted.locator(".card")).to_have_attribute(
        "data-state", re.compile("done|stopped|waiting")
    )
    expect(past(painted)).to_be_hidden()
    expect(note(painted)).to_be_hidden()


def test_moment_is_gone_back_to_by_keys_and_its_card_tells_its_time(
    painted: Page, paced: PacedServer
) -> None:
    wait_for_moments(painted, 1)
    show(painted, "blue")
    press(painted, "p")
    expect(strip(painted).get_by_role("button", name="Now")).to_be_visible()
    for _ in range(2):
        painted.keyboard.press("ArrowLeft")
    wait_for_colour(painted, ".stage__past", "red")
    expect(strip(painted)).to_contain_text("s ago")
    ask(painted)
    paced.answer("Red.")
    card = painted.locator(".card")
    expect(card).to_have_attribute("data-state", "done")
    told = card.locator(".card__state-words").inner_text()
    seen_at = told.removeprefix("picture of ")
    expect(strip(painted).locator(".strip__note")).to_have_text(seen_at)
    expect(note(painted)).to_contain_text(f"You are looking at {seen_at}.")
    assert card.locator(".card__frame").evaluate(COLOUR_OF) == "red"
    press(painted, "Escape")
    expect(past(painted)).to_be_hidden()


def test_head_is_moved_by_a_pointer_and_the_picture_follows(painted: Page) -> None:
    wait_for_moments(painted, 2)
    show(painted, "blue")
    head = strip(painted).get_by_label("Go back in time")
    box = head.bounding_box()
    painted.mouse.click(box["x"] + 8, box["y"] + box["height"] / 2)
    expect(past(painted)).to_be_visible()
    assert past(painted).evaluate(COLOUR_OF) == "red"
    expect(head).to_have_attribute("aria-valuetext", re.compile(r"^\d+ s ago, \d\d:\d\d:\d\d$"))
    # The head has the keys now, and the page's still work.
    painted.keyboard.press("p")
    expect(past(painted)).to_be_hidden()


def test_only_half_a_minute_is_kept_and_nothing_of_a_hidden_tab(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    page = visit(launch(FAKE_CAMERA), paced.url, **TALL)
    page.clock.install(time=NOON)
    page.reload()
    page.locator("#source").click()
    page.get_by_role("radio", name="Test card").click()
    expect(page.locator("#stage")).to_have_attribute("data-state", "card")
    for second in range(40):
        page.clock.run_for(1000)
        page.wait_for_function(f"(wanted) => ({N_BEFORE})() >= wanted", arg=min(second, 27))
    assert page.evaluate(N_BEFORE) <= 29
    page.evaluate(HIDE, True)
    page.clock.run_for(31_000)
    assert page.evaluate(N_BEFORE) == 0
    page.evaluate(HIDE, False)


def test_another_source_has_no_moments_of_this_one(painted: Page) -> None:
    wait_for_moments(painted, 2)
    press(painted, "p")
    painted.locator("#source").click()
    painted.get_by_role("radio", name="Test card").click()
    expect(painted.locator("#stage")).to_have_attribute("data-state", "card")
    expect(past(painted)).to_be_hidden()
    assert painted.evaluate(N_BEFORE) == 0
    wait_for_moments(painted, 1)


def test_rewind_that_is_off_keeps_nothing_and_freezes_still(painted: Page) -> None:
    wait_for_moments(painted, 1)
    painted.get_by_role("button", name="Settings").click()
    painted.get_by_role("switch", name="Rewind").click()
    expect(strip(painted)).to_be_hidden()
    assert painted.evaluate(N_BEFORE) == 0
    press(painted, "Escape")
    press(painted, "p")
    expect(past(painted)).to_be_visible()


def test_what_is_found_is_drawn_on_its_own_moment_alone(painted: Page, paced: PacedServer) -> None:
    painted.get_by_label("Find").check(force=True)
    painted.get_by_role("textbox").fill("mug")
    press(painted, "p")
    painted.get_by_role("textbox").press("Enter")
    paced.begin()
    paced.find(0.1, 0.2, 0.3, 0.6)
    paced.end()
    expect(painted.locator(".stage .marks")).to_be_visible()
    press(painted, "p")
    expect(painted.locator(".stage .marks")).to_be_hidden()


def test_strip_needs_room_but_while_the_picture_is_frozen(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = with_camera(visit(browser, paced.url, **PHONE))
    expect(strip(page)).to_be_hidden()
    wait_for_moments(page, 1)
    page.get_by_role("button", name="What to look at", exact=True).click()
    page.get_by_role("button", name="Freeze the picture").click()
    expect(strip(page)).to_be_visible()
    wait_for_moments(page, 1)
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    strip(page).get_by_role("button", name="Now").click()
    expect(strip(page)).to_be_hidden()
    resize(page, 1440, 900)
    expect(strip(page)).to_be_visible()
    wait_for_moments(page, 1)
    assert serious_findings(page) == []
