"""Settings: one sheet, remembered, the same in every tab, and all of it as it was at first."""

import json
import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PHONE, PacedServer, Visit, resize, with_camera
from tests.browser.test_look import DESK, TABLET, serious_findings

USUAL_SUGGESTIONS = ["What do you see?", "What am I holding?", "Is anyone there?", "Read the text"]
DEMO = {"state": "ready", "model": "demo", "device": "cpu", "is_demo": True}
NOON = datetime(2026, 3, 1, 12)
DAY, NIGHT = "rgb(237, 239, 242)", "rgb(11, 14, 19)"
# What the page is when there is something to paint for the first time.
AT_FIRST = """new MutationObserver(() => {
  if (document.body) window.atFirst ??= document.documentElement.dataset.theme ?? "none"
}).observe(document, { childList: true, subtree: true })"""


def sheet(page: Page) -> Locator:
    return page.get_by_role("region", name="Settings")


def open_sheet(page: Page) -> Locator:
    page.get_by_role("button", name="Settings", exact=True).click()
    expect(sheet(page)).to_be_visible()
    return sheet(page)


def asked(page: Page, paced: PacedServer, words: str = "What is this?") -> dict:
    """Ask; what the page wants of the model, as it arrived there."""
    n_cards = page.locator(".card").count()
    page.get_by_label("Your question").fill(words)
    page.keyboard.press("Enter")
    paced.begin()
    paced.tell("asked")
    paced.end()
    expect(page.locator(".card")).to_have_count(n_cards + 1)
    card = page.locator(".card").first
    expect(card).to_have_attribute("data-state", "done")
    sampling = json.loads(card.locator(".card__text").inner_text())["sampling"]
    return {name: sampling[name] for name in ("max_tokens", "temperature")}


def fields(page: Page) -> Locator:
    return sheet(page).locator(".suggestion__words")


def expect_suggestions(page: Page, words: list[str]) -> None:
    """On the sheet and below the question alike."""
    expect(fields(page)).to_have_count(len(words))
    for field, each in zip(fields(page).all(), words, strict=True):
        expect(field).to_have_value(each)
    expect(page.locator("#suggestions button")).to_have_text(words)


def test_questions_are_asked_as_was_chosen_and_looks_as_ever(
    paced: PacedServer, paced_page: Page
) -> None:
    page = paced_page
    assert asked(page, paced) == {"max_tokens": 512, "temperature": 0}
    open_sheet(page).get_by_label("Longest answer").select_option("1,024 tokens")
    sheet(page).get_by_label("Variety").select_option("0.7")
    page.keyboard.press("Escape")
    assert asked(page, paced) == {"max_tokens": 1024, "temperature": 0.7}
    page.reload()
    with_camera(page)
    assert asked(page, paced) == {"max_tokens": 1024, "temperature": 0.7}
    # One that is compared with the last must not vary by itself.
    page.get_by_role("switch", name="Keep looking").first.click()
    paced.begin()
    paced.tell("asked")
    paced.end()
    sentence = page.locator(".live__words")
    expect(sentence).to_contain_text("sampling")
    sampling = json.loads(sentence.inner_text())["sampling"]
    assert (sampling["max_tokens"], sampling["temperature"]) == (768, 0)


def test_another_server_is_asked_as_its_own_sheet_says(
    paced: PacedServer, paced_page: Page
) -> None:
    page = paced_page
    paced.status(**DEMO | {"is_demo": False}, upstream={"hosts": ["a.example"], "is_here": False})
    open_sheet(page)
    for name in ("Longest answer", "Variety", "JPEG quality"):
        expect(sheet(page).get_by_label(name)).to_be_hidden()
    expect(sheet(page).get_by_label("At most so much")).to_be_focused()
    assert asked(page, paced)["max_tokens"] == 768


def test_suggestions_are_written_added_moved_and_removed(
    paced: PacedServer, paced_page: Page
) -> None:
    page = paced_page
    open_sheet(page)
    expect_suggestions(page, USUAL_SUGGESTIONS)
    first, second, third = USUAL_SUGGESTIONS[:3]
    fields(page).nth(3).fill("  Is the door open? ")
    page.keyboard.press("Enter")
    door = "Is the door open?"
    expect_suggestions(page, [first, second, third, door])
    # Given up before the sheet closes; and nothing at all is no suggestion.
    fields(page).nth(0).fill("Half a sug")
    page.keyboard.press("Escape")
    fields(page).nth(1).fill(" ")
    page.keyboard.press("Tab")
    expect_suggestions(page, [first, second, third, door])

    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Alt+ArrowDown")
    expect_suggestions(page, [first, third, second, door])
    expect(fields(page).nth(2)).to_be_focused()
    expect(page.locator("#announcer")).to_have_text("3 of 4")
    handle = sheet(page).get_by_role("button", name=f"Move: {door}", exact=True)
    handle.focus()
    for _ in range(5):
        page.keyboard.press("Alt+ArrowUp")
    expect_suggestions(page, [door, first, third, second])
    expect(handle).to_be_focused()

    drag(page, f"Move: {first}", fields(page).nth(3))
    expect_suggestions(page, [door, third, second, first])
    sheet(page).get_by_role("button", name=f"Remove: {second}").click()
    expect_suggestions(page, [door, third, first])
    page.get_by_role("button", name=f"Removed: {second} Undo").click()
    expect_suggestions(page, [door, third, second, first])
    expect(fields(page).nth(2)).to_be_focused()

    page.reload()
    with_camera(page)
    open_sheet(page)
    expect_suggestions(page, [door, third, second, first])
    page.get_by_role("button", name=door, exact=True).click()
    paced.answer("No.")
    expect(page.locator(".card__question")).to_have_text(door)


def drag(page: Page, name: str, to: Locator) -> None:
    start = sheet(page).get_by_role("button", name=name, exact=True).bounding_box()
    x, y = start["x"] + start["width"] / 2, start["y"] + start["height"] / 2
    end = to.bounding_box()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, end["y"] + end["height"] - 2, steps=8)
    page.mouse.up()


def test_suggestions_of_a_person_stay_whatever_model_answers(
    paced: PacedServer, paced_page: Page
) -> None:
    page = paced_page
    paced.status(**DEMO)
    open_sheet(page)
    describe = page.locator("#suggestions").get_by_role("button", name="Describe it")
    expect(describe).to_be_visible()
    n_of_model = fields(page).count()
    add = sheet(page).get_by_label("Add your own suggestion")
    add.fill("Find the mug")
    page.keyboard.press("Enter")
    expect(add).to_be_focused()
    expect(add).to_have_value("")
    paced.status(state="ready", model="moondream2", device="cuda")
    expect(page.locator("#suggestions button").last).to_have_text("Find the mug")
    # What the model suggested is asked as ever, though it is a person's by now.
    describe.click()
    expect(page.get_by_role("radio", name="Describe")).to_be_checked()
    paced.answer("A ball.")
    expect(sheet(page)).to_be_hidden()
    open_sheet(page)
    for n in range(n_of_model + 1, 12):
        add.fill(f"Number {n}?")
        page.keyboard.press("Enter")
    expect(add).to_be_hidden()
    expect(fields(page).last).to_be_focused()
    expect(sheet(page)).to_contain_text("Twelve suggestions are enough.")
    expect(page.locator("#suggestions button")).to_have_count(12)
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def choose_everything(page: Page) -> None:
    sheet(page).get_by_label("Longest answer").select_option("64 tokens")
    sheet(page).get_by_label("Variety").select_option("1")
    sheet(page).get_by_role("button", name="Remove: Read the text").click()
    sheet(page).get_by_role("switch", name="Keys of a single letter or sign").uncheck()
    sheet(page).get_by_label("Day and night").select_option("Night")
    sheet(page).get_by_label("JPEG quality").select_option("0.95")


MEMORY = "() => localStorage['moonsight.settings']"


def test_reset_brings_all_back_as_it_was_at_first_and_undo_all_that_was_chosen(
    paced_page: Page,
) -> None:
    page = paced_page
    page.clock.install(time=NOON)
    open_sheet(page)
    choose_everything(page)
    chosen = page.evaluate(MEMORY)
    assert len(json.loads(chosen)) == 6
    body, undo = page.locator("body"), page.get_by_role("button", name="Reset. Undo")
    reset = sheet(page).get_by_role("button", name="Reset", exact=True)
    expect(body).to_have_css("background-color", NIGHT)
    reset.click()
    expect(body).to_have_css("background-color", DAY)
    expect(page.locator("#single-keys")).to_be_checked()
    expect_suggestions(page, USUAL_SUGGESTIONS)
    assert page.evaluate(MEMORY) is None
    expect(reset).to_be_hidden()
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(reset).to_be_focused()
    expect(undo).to_be_hidden()
    expect(body).to_have_css("background-color", NIGHT)
    expect_suggestions(page, USUAL_SUGGESTIONS[:3])
    assert page.evaluate(MEMORY) == chosen
    # There is a way back for eight seconds, and until something else is chosen.
    page.clock.pause_at(NOON + timedelta(minutes=5))
    reset.click()
    page.clock.run_for(7900)
    expect(undo).to_be_visible()
    page.clock.run_for(200)
    expect(undo).to_be_hidden()
    expect(reset).to_be_focused()
    reset.click()
    sheet(page).get_by_label("Day and night").select_option("Day")
    expect(undo).to_be_hidden()


def test_tabs_follow_each_other_and_keys_are_switched_in_both_places(
    paced: PacedServer, paced_page: Page
) -> None:
    page, other = paced_page, paced_page.context.new_page()
    other.goto(paced.url)
    open_sheet(other)
    switch = sheet(other).get_by_role("switch", name="Keys of a single letter or sign")
    open_sheet(page).get_by_role("button", name="Show all keys").click()
    keys = page.get_by_role("dialog", name="Keys")
    keys.get_by_role("checkbox").uncheck()
    keys.get_by_role("button", name="Close").click()
    expect(sheet(page).get_by_role("button", name="Show all keys")).to_be_focused()
    expect(switch).not_to_be_checked()
    other.keyboard.press("?")
    expect(other.get_by_role("dialog", name="Keys")).to_be_hidden()
    sheet(other).get_by_label("Day and night").select_option("Night")
    expect(page.locator("body")).to_have_css("background-color", NIGHT)
    switch.check()
    page.keyboard.press("?")
    expect(keys).to_be_visible()
    expect(keys.get_by_role("checkbox")).to_be_checked()
    other.close()


def test_chosen_night_is_there_before_anything_is_painted(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = visit(browser, paced.url, script=AT_FIRST, color_scheme="light")
    colours = page.locator("meta[name=theme-color]")
    assert page.evaluate("atFirst") == "none"
    open_sheet(page).get_by_label("Day and night").select_option("Night")
    page.reload()
    assert page.evaluate("atFirst") == "night"
    expect(page.locator("body")).to_have_css("background-color", NIGHT)
    assert [each.get_attribute("media") for each in colours.all()] == ["not all", "all"]
    page.goto(paced.url + "scenes")
    assert page.evaluate("atFirst") == "night"
    page.goto(paced.url)
    open_sheet(page).get_by_label("Day and night").select_option("As the system")
    expect(page.locator("body")).to_have_css("background-color", DAY)
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body")).to_have_css("background-color", NIGHT)


def test_frames_are_sent_in_the_quality_that_was_chosen(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    sent: list[int] = []
    page = visit(browser, "about:blank")
    page.on("websocket", lambda ws: ws.on("framesent", lambda frame: note(frame, sent)))
    page.goto(paced.url)
    with_camera(page)
    for quality in ("0.95", "0.85", "0.7"):
        open_sheet(page).get_by_label("JPEG quality").select_option(quality)
        page.keyboard.press("Escape")
        asked(page, paced)
    assert len(sent) == 3
    assert sent == sorted(set(sent), reverse=True)


def note(frame: str | bytes, sent: list[int]) -> None:
    if isinstance(frame, bytes):
        sent.append(len(frame))


def test_one_sheet_is_open_at_a_time_and_gives_the_focus_back(paced_page: Page) -> None:
    page = paced_page
    button = page.get_by_role("button", name="Settings", exact=True)
    watch = page.get_by_role("region", name="Watch for it")
    open_sheet(page)
    expect(sheet(page).get_by_label("Longest answer")).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "true")
    page.get_by_role("button", name=re.compile("^Watch for it")).first.click()
    expect(watch).to_be_visible()
    expect(sheet(page)).to_be_hidden()
    button.click()
    expect(watch).to_be_hidden()
    page.keyboard.press("Escape")
    expect(sheet(page)).to_be_hidden()
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")


@pytest.mark.parametrize("size", [DESK, TABLET, PHONE], ids=["desk", "tablet", "phone"])
def test_sheet_is_readable_by_everyone_and_never_wider_than_seen(
    browser: Browser, paced: PacedServer, visit: Visit, size: dict
) -> None:
    page = with_camera(visit(browser, paced.url, **size))
    open_sheet(page)
    sheet(page).get_by_role("button", name="Remove: Read the text").click()
    assert serious_findings(page) == []
    if size is PHONE:
        assert small_targets(page) == []
    for width in {320, size["viewport"]["width"]}:
        resize(page, width, size["viewport"]["height"])
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def small_targets(page: Page) -> list[str]:
    """What a finger would miss; a switch is as large as its row."""
    return page.evaluate(
        """() => [...document.querySelectorAll("#settings :is(button, select, input, label)")]
          .concat(...document.querySelectorAll(".header button"))
          .filter((each) => each.checkVisibility() && !each.matches(".toggle"))
          .filter((each) => each.getBoundingClientRect().height < 44)
          .map((each) => each.outerHTML)"""
    )
