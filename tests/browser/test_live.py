"""A question that is kept answered: new when something is new, silent while nothing is."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import (
    PHONE,
    SERVER_AWAY,
    PacedServer,
    Server,
    Visit,
    resize,
    with_camera,
)
from tests.browser.test_ahead import CHANGES, DRAWN_CAMERA, Wire, change
from tests.browser.test_camera import PAINTED, WAY_OUT_LIMIT_MS
from tests.browser.test_look import serious_findings

BLUE = "scene.colour = 'rgb(0, 0, 255)'"
# The tab as if another one were in front of it.
HIDE = """(isHidden) => {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true })
  document.dispatchEvent(new Event("visibilitychange"))
}"""
BACK_TO_BACK = "; localStorage['moonsight.pace'] = 'back to back'"
TRACK_HEARS = """(name) => {
  document.querySelector("video").srcObject.getVideoTracks()[0].dispatchEvent(new Event(name))
}"""
# Every sentence that the live card shows from now on.
LISTEN = """() => {
  window.sentences = []
  const note = () => sentences.push(document.querySelector("[data-live-sentence]").textContent)
  const options = { characterData: true, childList: true, subtree: true }
  new MutationObserver(note).observe(document.querySelector("[data-live-sentence]"), options)
}"""
# A camera with noise of its own, whose light flickers.
NOISY_CAMERA = DRAWN_CAMERA.replace(
    "  paint()\n  setInterval",
    """  const plain = paint
  const noise = new ImageData(640, 480)
  const noisy = () => {
    plain()
    const light = 1 + 0.05 * (Math.random() - 0.5)
    const seen = context.getImageData(0, 0, 640, 480)
    for (let at = 0; at < seen.data.length; at += 4) {
      const level = 14 * (Math.random() + Math.random() - 1)
      for (const c of [at, at + 1, at + 2]) seen.data[c] = light * seen.data[c] + level
    }
    context.putImageData(seen, 0, 0)
  }
  paint()
  setInterval""",
).replace("setInterval(paint, 30)", "setInterval(noisy, 100)")


@pytest.fixture
def drawn(browser: Browser, server: Server, visit: Visit) -> Page:
    return with_camera(visit(browser, server.url, script=DRAWN_CAMERA))


@pytest.fixture
def kept_page(browser: Browser, paced: PacedServer, visit: Visit) -> Page:
    """The paced server's page, its question kept answered back to back."""
    page = with_camera(visit(browser, paced.url, script=DRAWN_CAMERA + BACK_TO_BACK))
    keep(page, "What is on the desk?")
    return page


def keep(page: Page, question: str) -> None:
    page.locator("#question-text").fill(question)
    page.get_by_role("switch", name="Keep looking").click()


def live(page: Page) -> Locator:
    return page.locator(".live").first


def sentence(page: Page) -> Locator:
    return live(page).locator("[data-live-sentence]")


def state(page: Page) -> Locator:
    return live(page).locator(".live__state-words")


def rows(page: Page) -> Locator:
    return live(page).locator(".live__row")


def test_sentence_follows_what_is_held_into_the_camera(drawn: Page) -> None:
    keep(drawn, "What do you see?")
    expect(sentence(drawn)).to_have_text("I see a red circle.")
    drawn.evaluate(BLUE)
    expect(sentence(drawn)).to_have_text("I see a blue circle.")
    expect(rows(drawn)).to_have_count(1)
    expect(rows(drawn)).to_contain_text("I see a red circle.")


def test_nothing_is_said_and_nothing_asked_while_only_noise_and_light_change(
    browser: Browser, server: Server, visit: Visit
) -> None:
    page = visit(browser, "about:blank", script=NOISY_CAMERA)
    wire = Wire(page)
    page.goto(server.url)
    keep(with_camera(page), "What do you see?")
    expect(sentence(page)).to_have_text("I see a red circle.")
    page.evaluate(LISTEN)
    n_looks = len(wire.named("query"))
    expect(state(page)).to_have_text("Unchanged for 5 s")
    assert page.evaluate("sentences") == []
    assert len(wire.named("query")) <= n_looks + 1
    page.evaluate(BLUE)
    expect(sentence(page)).to_have_text("I see a blue circle.")


def test_found_object_stays_on_the_picture_while_nothing_moves(drawn: Page) -> None:
    drawn.get_by_label("Find").check()
    keep(drawn, "circle")
    expect(sentence(drawn)).to_have_text("1 found.")
    expect(state(drawn)).to_have_text("Unchanged for 4 s")
    expect(drawn.locator("#stage .marks__box")).to_have_count(1)
    drawn.get_by_role("switch", name="Keep looking").click()
    expect(drawn.locator("#stage .marks__box")).to_have_count(0)


def test_description_is_kept_without_any_words(drawn: Page) -> None:
    drawn.get_by_label("Describe").check()
    drawn.get_by_role("switch", name="Keep looking").click()
    expect(sentence(drawn)).to_contain_text("red circle", ignore_case=True)


def test_point_is_kept_and_says_that_nothing_is_there(drawn: Page) -> None:
    drawn.get_by_label("Point").check()
    keep(drawn, "blue star")
    expect(sentence(drawn)).to_have_text("No blue star found.")


def test_one_frame_at_a_time_is_on_its_way(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = visit(browser, "about:blank", script=DRAWN_CAMERA)
    wire = Wire(page)
    page.goto(paced.url)
    with_camera(page)
    with wire.socket.expect_event("framesent", lambda message: isinstance(message, bytes)):
        keep(page, "What is it?")
    change(page, *CHANGES["another place"])
    expect(state(page)).to_have_text("Waiting for the first answer")
    assert len(wire.pictures) == 1
    # What has changed meanwhile is looked at the moment that the answer ends.
    with wire.socket.expect_event("framesent", lambda message: isinstance(message, bytes)):
        paced.answer("A ball.")
    expect(sentence(page)).to_have_text("A ball.")
    assert len(wire.pictures) == 2


def test_equal_answer_changes_nothing_but_since_when(paced: PacedServer, kept_page: Page) -> None:
    paced.answer("A red ball.")
    expect(sentence(kept_page)).to_have_text("A red ball.")
    kept_page.evaluate(LISTEN)
    paced.answer("A red  ball")
    expect(state(kept_page)).to_have_text(re.compile(r"^Still so, \d+ s · frame \d\.\d s old$"))
    assert kept_page.evaluate("sentences") == []
    expect(rows(kept_page)).to_have_count(0)
    paced.answer("A mug.")
    expect(sentence(kept_page)).to_have_text("A mug.")
    assert kept_page.evaluate("sentences") == ["A mug."]


def test_row_opens_to_its_card_which_is_asked_about_again(
    paced: PacedServer, kept_page: Page
) -> None:
    for words in ("A red ball.", "A mug."):
        paced.answer(words)
        expect(sentence(kept_page)).to_have_text(words)
    rows(kept_page).click()
    card = live(kept_page).locator(".card")
    expect(card).to_contain_text("A red ball.")
    expect(card.get_by_alt_text("The frame this is about")).to_be_visible()
    card.get_by_role("button", name="Ask again, same picture").click()
    # The look that was on its way is answered first.
    paced.answer("A mug.")
    paced.answer("Still a red ball.")
    again = kept_page.locator(".answers__list > li:nth-child(2) .card")
    expect(again).to_contain_text("Still a red ball.")
    rows(kept_page).click()
    expect(card).to_have_count(0)


def test_only_four_of_what_was_so_before_are_shown_until_all_are_asked_for(
    paced: PacedServer, kept_page: Page
) -> None:
    for count in range(6):
        paced.answer(f"{count} mugs.")
        expect(sentence(kept_page)).to_have_text(f"{count} mugs.")
    expect(rows(kept_page)).to_have_count(4)
    kept_page.get_by_role("button", name="Show all 5").click()
    expect(rows(kept_page)).to_have_count(5)
    expect(rows(kept_page).last).to_contain_text("0 mugs.")


def test_enter_keeps_looking_with_the_new_question_and_once_asks_beside_it(
    paced: PacedServer, kept_page: Page
) -> None:
    paced.answer("A red ball.")
    expect(sentence(kept_page)).to_have_text("A red ball.")
    kept_page.get_by_label("Your question").fill("Is it round?")
    note = kept_page.locator("#question-note")
    expect(note).to_have_text("Enter keeps looking with this question.")
    kept_page.keyboard.press("Control+Enter")
    once = kept_page.locator(".answers__list > li:nth-child(2) .card")
    expect(once).to_contain_text("Is it round?")
    expect(live(kept_page).locator(".live__question")).to_have_text("What is on the desk?")
    kept_page.keyboard.press("Enter")
    expect(live(kept_page).locator(".live__question")).to_have_text("Is it round?")
    expect(kept_page.locator(".live").nth(1)).to_contain_text("Kept looking for")


def test_escape_stops_it_and_frees_the_model(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = visit(browser, "about:blank", script=DRAWN_CAMERA)
    wire = Wire(page)
    page.goto(paced.url)
    keep(with_camera(page), "What is it?")
    paced.begin()
    paced.say("A re")
    with wire.socket.expect_event("framereceived", lambda text: '"token"' in text):
        pass
    with wire.socket.expect_event("framesent", lambda text: '"cancel"' in text):
        page.get_by_role("button", name="Stop").click()
    assert wire.named("cancel") == [{"id": wire.named("query")[0]["id"]}]
    switch = page.get_by_role("switch", name="Keep looking")
    expect(switch).to_have_attribute("aria-checked", "false")
    # Nothing was ever said, so nothing is kept of it.
    expect(page.locator(".live")).to_have_count(0)


def test_key_switches_it_on_with_the_first_suggestion_and_off_again(
    paced: PacedServer, browser: Browser, visit: Visit
) -> None:
    page = with_camera(visit(browser, paced.url, script=DRAWN_CAMERA))
    page.locator("#help").focus()
    page.keyboard.press("l")
    expect(live(page).locator(".live__question")).to_have_text("What do you see?")
    paced.answer("A ball.")
    expect(sentence(page)).to_have_text("A ball.")
    page.keyboard.press("l")
    expect(state(page)).to_have_text(re.compile(r"^Kept looking for \d+ s, 1 different answer\.$"))


def test_hidden_tab_pauses_and_goes_on_when_it_is_seen(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = visit(browser, "about:blank", script=DRAWN_CAMERA)
    page.add_init_script(BACK_TO_BACK)
    wire = Wire(page)
    page.goto(paced.url)
    keep(with_camera(page), "What is on the desk?")
    with wire.socket.expect_event("framesent", lambda _: len(wire.named("query")) == 2):
        paced.answer("A red ball.")
    expect(sentence(page)).to_have_text("A red ball.")
    page.evaluate(HIDE, True)
    # What is on its way is still heard.
    paced.answer("A mug.")
    expect(state(page)).to_have_text(
        re.compile(r"^Paused while this tab is hidden · as of \d\d:\d\d:\d\d$")
    )
    expect(sentence(page)).to_have_text("A mug.")
    page.evaluate(HIDE, False)
    paced.answer("A cat.")
    expect(sentence(page)).to_have_text("A cat.")


def test_camera_that_goes_pauses_it_and_one_that_comes_back_goes_on(
    paced: PacedServer, kept_page: Page
) -> None:
    paced.answer("A red ball.")
    expect(sentence(kept_page)).to_have_text("A red ball.")
    kept_page.evaluate(TRACK_HEARS, "mute")
    paced.answer("A mug.")
    expect(state(kept_page)).to_contain_text("Paused while there is no picture")
    kept_page.evaluate(TRACK_HEARS, "unmute")
    paced.answer("A cat.")
    expect(sentence(kept_page)).to_have_text("A cat.")


@pytest.mark.parametrize(
    ("happens", "words"),
    [("freeze()", "The picture stands still"), ("show('black')", "The picture is black")],
)
def test_picture_with_nothing_of_now_on_it_pauses_it(
    browser: Browser, paced: PacedServer, visit: Visit, happens: str, words: str
) -> None:
    page = with_camera(visit(browser, paced.url, script=PAINTED))
    keep(page, "What is on the desk?")
    paced.answer("A red ball.")
    expect(sentence(page)).to_have_text("A red ball.")
    page.evaluate(happens)
    expect(state(page)).to_contain_text(f"{words} · as of", timeout=WAY_OUT_LIMIT_MS)
    page.evaluate("show('navy')")
    paced.answer("A cat.")
    expect(sentence(page)).to_have_text("A cat.")


def test_trouble_says_when_it_looks_next_and_looks_at_once_when_asked_to(
    paced: PacedServer, kept_page: Page
) -> None:
    paced.fail("busy", "Too many questions are waiting. Try again in 2 s.")
    expect(state(kept_page)).to_contain_text("Trouble: Too many questions are waiting.")
    for _ in range(3):
        kept_page.get_by_role("button", name="Look now").click()
        paced.fail("busy", "Too many questions are waiting. Try again in 2 s.")
    expect(state(kept_page)).to_contain_text(re.compile(r"Next look in [1-8] s\.$"))
    kept_page.get_by_role("button", name="Look now").click()
    paced.answer("A ball.")
    expect(sentence(kept_page)).to_have_text("A ball.")
    expect(kept_page.get_by_role("button", name="Look now")).to_be_hidden()


def test_lost_connection_is_told_with_the_next_try_and_it_goes_on_when_it_is_back(
    browser: Browser, chromium: str, visit: Visit
) -> None:
    server = PacedServer("-m", "tests.browser.paced_server")
    server.start()
    try:
        page = with_camera(visit(browser, server.url, allow=SERVER_AWAY, script=DRAWN_CAMERA))
        keep(page, "What is it?")
        server.answer("A red ball.")
        expect(sentence(page)).to_have_text("A red ball.")
        server.stop()
        trouble = re.compile(r"^Trouble: connection lost\. Next look in \d+ s\.$")
        expect(state(page)).to_have_text(trouble)
        expect(sentence(page)).to_have_text("A red ball.")
        server.start()
        # Not by the mouse: on a busy machine the page is back by itself before it is there.
        live(page).get_by_role("button", name="Look now").dispatch_event("click")
        server.answer("A mug.")
        expect(sentence(page)).to_have_text("A mug.")
        expect(rows(page)).to_contain_text("A red ball.")
    finally:
        server.stop()


def test_answer_is_shown_as_the_text_it_is_however_long(
    paced: PacedServer, kept_page: Page
) -> None:
    words = "<img src=x onerror=alert(1)> " + "mug " * 12_500
    paced.answer(words)
    expect(sentence(kept_page)).to_contain_text("<img src=x onerror=alert(1)>")
    expect(live(kept_page).locator("img")).to_have_count(0)
    box = sentence(kept_page).bounding_box()
    assert box is not None
    assert box["height"] <= 4 * 28 + 1


def test_thousand_switches_in_a_row_leave_it_at_work(drawn: Page) -> None:
    drawn.get_by_label("Your question").fill("What do you see?")
    drawn.evaluate(
        "for (let i = 0; i < 1001; i += 1) document.querySelector('#keep-looking').click()"
    )
    expect(sentence(drawn)).to_have_text("I see a red circle.")
    expect(drawn.locator(".live")).to_have_count(1)


def test_pace_is_remembered_and_seconds_are_kept_within_what_is_offered(
    paced: PacedServer, browser: Browser, visit: Visit
) -> None:
    page = with_camera(visit(browser, paced.url, script=DRAWN_CAMERA))
    keep(page, "What is it?")
    page.get_by_role("button", name="As it changes").click()
    page.get_by_label("Seconds, 0.25 to 60").fill("0,1")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Seconds, 0.25 to 60")).to_have_value("0.25")
    expect(page.locator(".live__pace-words")).to_have_text("Every 0.25 s")
    page.reload()
    keep(with_camera(page), "What is it?")
    expect(page.locator(".live__pace-words")).to_have_text("Every 0.25 s")


def test_full_screen_has_the_sentence_under_the_picture_and_nothing_over_it(
    paced: PacedServer, kept_page: Page
) -> None:
    paced.answer("A red ball lies on the desk.")
    expect(sentence(kept_page)).to_have_text("A red ball lies on the desk.")
    kept_page.locator("#help").focus()
    kept_page.keyboard.press("f")
    words = kept_page.locator("#full-screen")
    expect(words.locator(".full__sentence")).to_have_text("A red ball lies on the desk.")
    picture = kept_page.locator("#stage").bounding_box()
    below = words.bounding_box()
    assert picture is not None
    assert below is not None
    assert picture["y"] + picture["height"] <= below["y"] + 1
    expect(kept_page.locator("#question")).to_be_hidden()
    kept_page.get_by_role("button", name="Back to the page").click()
    expect(kept_page.locator("#question")).to_be_visible()


def test_picture_that_stands_still_is_not_offered_to_be_kept(
    paced: PacedServer, browser: Browser, visit: Visit, tmp_path
) -> None:
    page = with_camera(visit(browser, paced.url))
    expect(page.get_by_role("switch", name="Keep looking")).to_be_visible()
    page.locator("#picture-file").set_input_files("static/scenes/red-circle.png")
    expect(page.locator("#stage")).to_have_attribute("data-state", "picture")
    expect(page.get_by_role("switch", name="Keep looking")).to_be_hidden()


def test_listener_hears_each_new_sentence(paced: PacedServer, kept_page: Page) -> None:
    paced.answer("A red ball.")
    expect(kept_page.get_by_role("status")).to_have_text("A red ball.")
    paced.answer("A mug.")
    expect(kept_page.get_by_role("status")).to_have_text("A mug.")


def test_live_card_and_full_screen_are_readable_by_everyone(
    paced: PacedServer, kept_page: Page
) -> None:
    for words in ("A red ball.", "A mug."):
        paced.answer(words)
        expect(sentence(kept_page)).to_have_text(words)
    rows(kept_page).click()
    kept_page.locator(".live__pace").click()
    assert serious_findings(kept_page) == []
    kept_page.keyboard.press("Escape")
    kept_page.get_by_role("button", name="Full screen").click()
    assert serious_findings(kept_page) == []


def test_phone_has_the_eye_and_shows_the_sentence_without_scrolling(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = with_camera(visit(browser, paced.url, script=DRAWN_CAMERA, **PHONE))
    keep(page, "What is on the desk?")
    paced.answer("A red ball lies to the right of the blue mug.")
    expect(sentence(page)).to_be_in_viewport()
    expect(page.locator("#status")).to_contain_text("Looking")
    for width in (320, 390, 699):
        resize(page, width, 844)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
