"""Several pictures are chosen, asked about together, and told apart in the answer."""

import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import (
    ALLOWED,
    FAKE_CAMERA,
    PHONE,
    Launch,
    PacedServer,
    Visit,
    with_camera,
)
from tests.browser.test_history import ask, bring_in, cards, choose, reload, saved, told
from tests.browser.test_look import serious_findings
from tests.browser.test_rewind import COLOUR_OF, PAINTED, TALL, past, press, show, strip

# The colours of a picture in places that are given as fractions of it.
COLOURS_AT = """async (shown, places) => {
  if (shown.decode) await shown.decode()
  const [width, height] = [shown.naturalWidth ?? shown.width, shown.naturalHeight ?? shown.height]
  const canvas = Object.assign(document.createElement("canvas"), { width, height })
  const context = canvas.getContext("2d")
  context.drawImage(shown, 0, 0)
  return places.map(([x, y]) => {
    const { data } = context.getImageData(Math.floor(x * width), Math.floor(y * height), 1, 1)
    return [...data].slice(0, 3).map((level) => level > 128 ? 1 : 0).join("")
  })
}"""
RED, BLUE, GREEN, WHITE = "100", "001", "010", "111"
# The middle of each of two frames that lie side by side, and what is around them.
BOTH = [[0.25, 0.6], [0.75, 0.6], [0.003, 0.5]]
DIFFERENT = "What is different in B?"
MARKS_IN_TILES = """() => [...document.querySelectorAll(".card .tile")].map((tile) => {
  const all = tile.querySelector(".tile__picture").getBoundingClientRect()
  return [...tile.querySelectorAll(".marks__line")].map((line) => {
    const box = line.getBoundingClientRect()
    return [(box.left - all.left) / all.width, (box.right - all.left) / all.width]
  })
})"""


def tray(page: Page) -> Locator:
    return page.get_by_role("group", name="Pictures for one question")


def said(page: Page) -> Locator:
    return page.locator("#announcer")


def colours(shown: Locator, places: list[list[float]]) -> list[str]:
    return shown.evaluate(COLOURS_AT, places)


def more(card: Locator, action: str) -> None:
    card.get_by_role("button", name="More about this answer").click()
    card.page.get_by_role("button", name=action).click()


def png(width: int, height: int, colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return file.getvalue()


def use_pictures(page: Page, **files: tuple[int, int, str]) -> None:
    page.locator("#picture-file").set_input_files(
        [
            {"name": f"{name}.png", "mimeType": "image/png", "buffer": png(*told)}
            for name, told in files.items()
        ]
    )
    expect(page.locator("#stage")).to_have_attribute("data-state", "picture")


@pytest.fixture
def painted(launch: Launch, paced: PacedServer, visit: Visit) -> Page:
    return with_camera(visit(launch(FAKE_CAMERA, ALLOWED), paced.url, script=PAINTED, **TALL))


@pytest.fixture
def chosen(painted: Page, paced: PacedServer) -> Page:
    """A red and a blue frame, A and B, each chosen by its card."""
    for colour in ("red", "blue"):
        show(painted, colour)
        ask(paced, painted, f"Is it {colour}?")
    more(cards(painted).nth(1), "Choose for a question")
    expect(said(painted)).to_have_text(re.compile(r"^A: \d\d:\d\d\. Choose one more to ask about"))
    cards(painted).first.focus()
    painted.keyboard.press("Space")
    expect(said(painted)).to_have_text(re.compile(r"^B: \d\d:\d\d\. Asked about together\.$"))
    return painted


def test_two_cards_are_chosen_asked_about_in_one_picture_and_kept(
    chosen: Page, paced: PacedServer, tmp_path: Path
) -> None:
    page = chosen
    assert page.locator(".card__letter:visible").all_inner_texts() == ["B", "A"]
    expect(page.locator("#source")).to_have_text("2 pictures")
    expect(page.locator("#keep-looking")).to_be_hidden()
    expect(page.get_by_role("list", name="Keys while pictures")).to_contain_text("ask about both")
    assert colours(page.locator(".stage__together"), BOTH) == [RED, BLUE, WHITE]
    suggestions = page.locator("#suggestions button")
    assert suggestions.all_inner_texts() == [DIFFERENT, "Which one is tidier?", "What is in both?"]
    assert serious_findings(page) == []
    suggestions.first.click()
    newest = cards(page).first
    expect(newest.locator(".card__question")).to_have_text(DIFFERENT)
    paced.answer("It is blue.")
    expect(newest).to_have_attribute("data-state", "done")
    assert colours(newest.locator(".card__frame"), BOTH) == [RED, BLUE, WHITE]

    first = saved(page, "Save as data", tmp_path / "first.json").read_text()
    tiles = json.loads(first)["answers"][0]["frame"]["tiles"]
    assert [tile["letter"] for tile in tiles] == ["A", "B"]
    assert tiles[0]["x_max"] < tiles[1]["x_min"] < tiles[1]["x_max"] <= 1
    choose(page, "Clear all")
    page.get_by_role("button", name="Delete", exact=True).click()
    bring_in(page, tmp_path / "first.json")
    expect(told(page)).to_have_text("3 came in, 0 were here already.")
    again = saved(page, "Save as data", tmp_path / "again.json").read_text()
    without_date = re.compile(r'"exported_at":"[^"]*"')
    assert without_date.sub("", again) == without_date.sub("", first)

    more(cards(page).nth(2), "Take it out")
    expect(tray(page)).to_contain_text("Choose one more to ask about both.")
    expect(page.locator("#source")).not_to_have_text("2 pictures")
    assert page.locator(".card__letter:visible").all_inner_texts() == ["A"]


def test_what_is_found_is_marked_in_the_frame_it_was_found_in(
    chosen: Page, paced: PacedServer
) -> None:
    page = chosen
    page.get_by_label("Find").check(force=True)
    page.get_by_role("textbox").fill("mug")
    page.keyboard.press("Enter")
    newest = cards(page).first
    expect(newest.locator(".card__question")).to_have_text("Find: mug")
    paced.begin()
    # The last lies between both, and is nobody's.
    for x in (0.1, 0.6, 0.8):
        paced.find(x, 0.4, x + 0.1, 0.7)
    paced.find(0.48, 0.4, 0.52, 0.7)
    paced.end()
    expect(page.locator(".stage .marks__box")).to_have_count(4)
    expect(newest).to_have_attribute("data-state", "done")
    words = "4 found: 1 in A, 2 in B, 1 in none of them."
    for is_reloaded in (False, True):
        expect(newest.locator(".card__text")).to_have_text(words)
        in_a, in_b = page.evaluate(MARKS_IN_TILES)
        assert in_a == [[pytest.approx(0.2, abs=0.03), pytest.approx(0.4, abs=0.03)]]
        assert [left for left, _ in in_b] == [
            pytest.approx(0.2, abs=0.03),
            pytest.approx(0.6, abs=0.03),
        ]
        assert newest.locator(".tile__words").all_inner_texts()[1].startswith("B")
        if not is_reloaded:
            spoken = "A, mug 1: left, middle. B, mug 1: left, middle. B, mug 2: right, middle."
            expect(said(page)).to_have_text(f"{words} {spoken}")
            assert serious_findings(page) == []
            reload(page)


def test_then_and_now_are_asked_about_at_once(painted: Page, paced: PacedServer) -> None:
    page = painted
    show(page, "lime")
    expect(strip(page).get_by_role("button", name="What changed?")).to_be_hidden()
    press(page, "p")
    frozen = past(page).evaluate(COLOUR_OF)
    show(page, "blue")
    strip(page).get_by_role("button", name="What changed?").click()
    expect(cards(page).first.locator(".card__question")).to_have_text(DIFFERENT)
    paced.answer("It is blue.")
    expect(cards(page).first).to_have_attribute("data-state", "done")
    then = {"red": RED, "lime": GREEN}[frozen]
    assert colours(cards(page).first.locator(".card__frame"), BOTH) == [then, BLUE, WHITE]
    assert re.match(r"A\s*\d\d:\d\d:\d\d\s*B\s*Now\s*Asked about", tray(page).inner_text())
    expect(strip(page)).to_be_hidden()
    expect(page.get_by_label("Your question")).to_be_focused()
    page.keyboard.press("Escape")
    expect(tray(page)).to_be_hidden()
    expect(page.locator(".stage__together")).to_be_hidden()
    expect(past(page)).to_be_hidden()
    expect(page.locator("#source")).not_to_have_text("2 pictures")


@pytest.mark.parametrize("size", [TALL, PHONE], ids=["desk", "phone"])
def test_four_pictures_of_any_shape_are_enough(
    browser: Browser, paced: PacedServer, visit: Visit, size: dict
) -> None:
    page = with_camera(visit(browser, paced.url, **size))
    ask(paced, page, "What is this?")
    use_pictures(
        page,
        wide=(1280, 320, "red"),
        high=(90, 1200, "blue"),
        small=(40, 30, "lime"),
        large=(3000, 2000, "red"),
    )
    page.get_by_role("button", name="Ask about all").click()
    expect(said(page)).to_contain_text("A: wide.png, B: high.png, C: small.png, D: large.png.")
    expect(tray(page).locator(".tray__picture")).to_have_count(4)
    expect(tray(page)).to_contain_text(re.compile(r"Some are seen at .* of their width: small"))
    more(cards(page).first, "Choose for a question")
    full = "Four pictures are enough. Take one out to choose another."
    expect(page.locator("#question-note")).to_have_text(full)
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    # The focus stays where somebody takes out one after the other, and goes on to the line.
    tray(page).get_by_role("button", name="Take out D, large.png").focus()
    for left in ("C, small.png", "B, high.png", "A, wide.png"):
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=f"Take out {left}")).to_be_focused()
    more(cards(page).first, "Choose for a question")
    page.locator("#source:visible, #source-brief:visible").click()
    page.get_by_role("radio", name="Test card").click()
    expect(page.locator("#stage")).to_have_attribute("data-state", "card")
    expect(tray(page)).to_be_hidden()


def test_a_picture_is_compared_with_what_is_seen_now(paced: PacedServer, paced_page: Page) -> None:
    page = paced_page
    ask(paced, page, "What is this?")
    more(cards(page).first, "Choose for a question")
    tray(page).get_by_role("button", name="Add what you see").click()
    expect(said(page)).to_have_text("B: now. Asked about together.")
    expect(page.locator("#stage")).to_have_attribute("data-together", "")
    expect(page.locator("#keep-looking")).to_be_hidden()
    tray(page).get_by_role("button", name="Clear").click()
    expect(tray(page)).to_be_hidden()
    expect(page.get_by_label("Your question")).to_be_focused()


def test_kept_question_goes_on_about_now_beside_one_about_several(
    paced: PacedServer, paced_page: Page
) -> None:
    page = paced_page
    ask(paced, page, "What is this?")
    page.get_by_role("switch", name="Keep looking").click()
    more(page.locator(".card:has(.card__question)"), "Choose for a question")
    tray(page).get_by_role("button", name="Add what you see").click()
    expect(said(page)).to_contain_text("Asked about together.")
    page.get_by_label("Your question").press("Enter")
    expect(page.locator(".card__question")).to_have_text(["What is this?", "What is this?"])
    expect(page.get_by_role("switch", name="Keep looking")).to_be_checked()
