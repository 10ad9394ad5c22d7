"""What was asked for is seen: no answer ends under the dock, and no reader is pulled away."""

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PHONE, PacedServer, Visit, resize, with_camera

PHONES = ((390, 844), (360, 640), (320, 568), (640, 360))
SIZES = (*PHONES, (844, 390), (820, 1180), (768, 1024), (1024, 768), (1440, 900))
# Where a banner takes the most of what is seen.
LOWEST = ((320, 568), (640, 360), (768, 1024), (1024, 768))
MUG = (0.3, 0.4, 0.5, 0.7)
LONG = "A smooth red ball lies on the desk, beside it a mug. " * 12
DEMO = {"state": "ready", "model": "demo", "device": "cpu", "is_demo": True}

# Whether the last line of some words is inside of the window, with nothing before it.
IS_IN_SIGHT = """(words) => {
  const range = document.createRange()
  range.selectNodeContents(words)
  const { left, right, top, bottom } = [...range.getClientRects()].at(-1)
  const isInside = left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight
  const at = (y) => document.elementFromPoint((left + right) / 2, y)
  return isInside && [top + 2, bottom - 2].every((y) => words.parentElement.contains(at(y)))
}"""


def visit_at(
    browser: Browser, paced: PacedServer, visit: Visit, size: tuple[int, int], is_demo: bool
) -> Page:
    width, height = size
    is_touch = width < 1000
    page = with_camera(
        visit(
            browser,
            paced.url,
            viewport={"width": width, "height": height},
            is_mobile=is_touch,
            has_touch=is_touch,
        )
    )
    if is_demo:
        paced.status(**DEMO, notice="moondream2 is not on this computer yet: no network.")
        expect(page.locator("#demo-banner")).to_be_visible()
    return page


def card(page: Page) -> Locator:
    return page.locator(".card").first


def text(page: Page) -> Locator:
    return card(page).locator(".card__text")


def choose(page: Page, skill: str, words: str = "") -> None:
    page.locator(f".skills__choice:has([value={skill}])").click()
    if words:
        page.locator("#question-text").fill(words)
    page.locator("#ask").click()


def is_in_sight(words: Locator) -> bool:
    return words.evaluate(IS_IN_SIGHT)


def expect_done(page: Page, n_cards: int) -> None:
    expect(page.locator(".card")).to_have_count(n_cards)
    expect(card(page)).to_have_attribute("data-state", "done")


@pytest.mark.parametrize(
    ("size", "is_demo"),
    [*((size, False) for size in SIZES), *((size, True) for size in LOWEST)],
    ids=lambda each: each if isinstance(each, bool) else "x".join(map(str, each)),
)
def test_every_kind_of_answer_is_seen_without_scrolling(
    browser: Browser, paced: PacedServer, visit: Visit, size: tuple[int, int], is_demo: bool
) -> None:
    """On a phone "1 found." stood below the picture, under the dock."""
    page = visit_at(browser, paced, visit, size, is_demo)
    seen = {}
    choose(page, "detect", "mug")
    paced.begin()
    paced.find(*MUG)
    expect(card(page).locator(".card__state-words")).to_contain_text("1 found so far")
    seen["while it searches"] = is_in_sight(card(page).locator(".card__state-words"))
    paced.end()
    expect_done(page, 1)
    seen["Find"] = is_in_sight(text(page))
    choose(page, "point", "mug")
    paced.begin()
    paced.find(0.4, 0.5)
    paced.end()
    expect_done(page, 2)
    seen["Point"] = is_in_sight(text(page))
    choose(page, "detect", "cup")
    paced.begin()
    paced.fail("internal", "Something broke here. Ask again.")
    expect(card(page)).to_have_attribute("data-state", "failed")
    seen["failed"] = is_in_sight(card(page).locator(".card__message-words"))
    choose(page, "caption")
    paced.answer("A smooth red ball lies on the desk.")
    expect_done(page, 4)
    seen["Describe"] = is_in_sight(text(page))
    choose(page, "query", "What is on the desk?")
    paced.answer(LONG)
    expect_done(page, 5)
    seen["long"] = is_in_sight(text(page))
    assert [what for what, is_seen in seen.items() if not is_seen] == []


def test_long_answer_is_followed_word_by_word_until_its_reader_goes_elsewhere(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = visit_at(browser, paced, visit, (390, 844), is_demo=False)
    scrolled = "document.querySelector('.answers__scroll').scrollTop"
    choose(page, "query", "What is on the desk?")
    paced.begin()
    paced.say(LONG)
    expect(text(page)).to_contain_text("mug")
    assert is_in_sight(text(page))
    paced.say(LONG)
    expect(text(page)).to_have_text((LONG * 2).strip())
    assert is_in_sight(text(page))
    page.evaluate(f"{scrolled} = 20")
    paced.say(LONG)
    paced.end()
    expect_done(page, 1)
    assert page.evaluate(scrolled) == 20


def test_next_answer_begins_at_the_top_for_a_reader_who_was_elsewhere(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = visit_at(browser, paced, visit, (820, 1180), is_demo=False)
    for n_cards in range(1, 6):
        choose(page, "query", "What is on the desk?")
        paced.answer(LONG)
        expect_done(page, n_cards)
    page.locator(".card").last.locator(".card__again").click()
    expect(page.locator(".card")).to_have_count(6)
    assert is_in_sight(card(page).locator(".card__question"))
    paced.answer("A ball.")
    expect_done(page, 6)
    assert is_in_sight(text(page))


def test_keyboard_on_the_screen_leaves_the_answer_in_sight(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = with_camera(visit(browser, paced.url, **PHONE))
    choose(page, "detect", "mug")
    paced.begin()
    paced.find(*MUG)
    paced.end()
    expect_done(page, 1)
    resize(page, 390, 480)
    expect(page.locator("html")).to_have_attribute("data-keyboard", "")
    assert is_in_sight(text(page))
    choose(page, "query", "What is on the desk?")
    paced.answer(LONG)
    expect_done(page, 2)
    assert is_in_sight(text(page))
    resize(page, 390, 420)
    page.wait_for_function(f"() => ({IS_IN_SIGHT})(document.querySelector('.card__text'))")


def test_found_frame_takes_its_card_or_stands_in_the_middle_of_it(
    browser: Browser, paced: PacedServer, visit: Visit, tmp_path
) -> None:
    """On a tablet the frame stood at the left, beside an empty strip."""
    page = visit_at(browser, paced, visit, (820, 1180), is_demo=False)
    upright = tmp_path / "upright.png"
    Image.new("RGB", (480, 640), "white").save(upright)
    gaps = {}
    for kind in ("wide", "upright"):
        if kind == "upright":
            page.locator("#picture-file").set_input_files(upright)
            expect(page.locator("#stage")).to_have_attribute("data-state", "picture")
        choose(page, "detect", "mug")
        paced.begin()
        paced.end()
        expect(card(page)).to_have_attribute("data-state", "done")
        for width, height in SIZES:
            resize(page, width, height)
            frame = card(page).locator(".card__frame").bounding_box()
            outer = card(page).bounding_box()
            before = frame["x"] - outer["x"]
            behind = outer["x"] + outer["width"] - frame["x"] - frame["width"]
            gaps[kind, width, height] = (round(before), round(behind))
    assert all(abs(before - behind) <= 1 for before, behind in gaps.values()), gaps
    for size in ((820, 1180), (768, 1024), (1024, 768), (390, 844)):
        assert gaps["wide", *size] == (12, 12)
