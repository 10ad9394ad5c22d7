"""Show what you mean: a point or a box on the picture, and looking closer at a part of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, PacedServer, Visit, resize, settle, with_camera
from tests.browser.test_ahead import DRAWN_CAMERA, Wire
from tests.browser.test_history import ask, cards, choose, reload, saved
from tests.browser.test_look import DESK, serious_findings

# A page of print, fine as a hair: it survives only where nothing is made smaller.
FINE_PRINT = DRAWN_CAMERA.replace("640, 480", "1920, 1080").replace(
    "width: 640, height: 480", "width: 1920, height: 1080"
).replace('context.fillStyle = "black"', """context.fillStyle = "black"
    for (let x = 1500; x < 1700; x += 4) context.fillRect(x, 800, 2, 200)""")  # fmt: skip


@pytest.fixture
def wired(browser: Browser, paced: PacedServer, visit: Visit) -> tuple[Page, Wire]:
    page = visit(browser, "about:blank", **DESK)
    wire = Wire(page)
    page.goto(paced.url)
    return with_camera(page), wire


def pull(page: Page, *fractions: float) -> None:
    """From one corner to the other, in fractions of the picture as it is seen; a point is a tap."""
    box = page.locator("#picture").bounding_box()
    x, y, *to = (
        box["x" if at % 2 == 0 else "y"] + part * box["width" if at % 2 == 0 else "height"]
        for at, part in enumerate(fractions)
    )
    page.mouse.move(x, y)
    page.mouse.down()
    if to:
        page.mouse.move(*to, steps=4)
    page.mouse.up()


@contextmanager
def sent(wire: Wire, event: str = "query") -> Iterator[list[dict]]:
    """Those of this kind by the end, when one more was sent."""
    events: list[dict] = []
    with wire.socket.expect_event("framesent", lambda told: f'["{event}"' in str(told)):
        yield events
    events += wire.named(event)


def test_tap_and_pull_say_what_this_means(paced: PacedServer, wired: tuple[Page, Wire]) -> None:
    page, wire = wired
    pull(page, 0.25, 0.5)
    chip = page.locator("#chip")
    expect(chip).to_contain_text("this")
    expect(page.locator("#pointed circle.marks__own-line")).to_be_visible()
    suggested = page.locator(".prompts__choice")
    expect(suggested).to_have_text(
        ["What is this?", "Read this", "Look closer", "Find more like this"]
    )
    with sent(wire) as queries:
        page.get_by_role("button", name="What is this?").click()
        paced.answer("A green tin.")
    card = cards(page).first
    expect(card.locator(".card__state-words")).to_contain_text("about the marked part")
    expect(card.locator(".marks__own-dot")).to_be_visible()
    [[x, y]] = queries[-1]["spatial_refs"]
    assert [x, y] == pytest.approx([0.25, 0.5], abs=0.01)

    # What is seen in a mirror is asked about as it is.
    page.locator("#picture").press("m")
    pull(page, 0.1, 0.2, 0.4, 0.6)
    expect(page.locator("#pointed .marks__handle")).to_have_count(4)
    assert serious_findings(page) == []
    with sent(wire) as queries:
        ask(paced, page, "How long does it keep?")
    [box] = queries[-1]["spatial_refs"]
    assert box == pytest.approx([0.6, 0.2, 0.9, 0.6], abs=0.01)

    # A corner is pulled, the other one stays.
    pull(page, 0.4, 0.6, 0.5, 0.7)
    with sent(wire) as queries:
        ask(paced, page, "And now?")
    [box] = queries[-1]["spatial_refs"]
    assert box == pytest.approx([0.5, 0.2, 0.9, 0.7], abs=0.01)

    page.keyboard.press("Escape")
    expect(chip).to_be_hidden()
    with sent(wire) as queries:
        ask(paced, page, "What do you see?")
    assert "spatial_refs" not in queries[-1]


def test_keys_mark_too_and_say_where(paced: PacedServer, wired: tuple[Page, Wire]) -> None:
    page, wire = wired
    picture = page.get_by_role("application", name="The picture")
    picture.focus()
    picture.press("ArrowRight")
    picture.press("Shift+ArrowDown")
    expect(page.locator("#cross")).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("52% from the left, 60% from the top")
    picture.press("Enter")
    expect(page.locator("#announcer")).to_have_text("Marked: centre, middle.")
    for _ in range(2):
        picture.press("Alt+Shift+ArrowRight")
    picture.press("Alt+ArrowDown")
    expect(page.locator("#announcer")).to_have_text("Marked: centre, middle.")
    with sent(wire) as queries:
        ask(paced, page, "What is it?")
    [box] = queries[-1]["spatial_refs"]
    assert box == pytest.approx([0.52, 0.6, 0.72, 0.62], abs=0.001)
    # Another skill is about the whole picture.
    page.get_by_role("radio", name="Describe").check(force=True)
    expect(page.locator("#chip")).to_be_hidden()


def test_looking_closer_keeps_what_is_small_and_shows_it_in_the_whole(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = visit(browser, "about:blank", script=FINE_PRINT, **DESK)
    wire = Wire(page)
    page.goto(paced.url)
    with_camera(page)
    pull(page, 0.78, 0.7, 0.9, 0.95)
    page.get_by_role("button", name="Look closer").click()
    expect(page.locator("#closer")).to_have_text("Looking closer, 3.5 times. Whole picture")
    expect(page.locator("#chip")).to_be_hidden()
    assert serious_findings(page) == []
    find_the_print(paced, page, wire)
    card = cards(page).first
    expect(card).to_contain_text("looked closer, 3.5 times")
    near = card.locator(".marks__line").bounding_box()["width"]
    card.get_by_role("button", name="Show it in the whole picture").click()
    expect(card.get_by_role("button", name="Show it closer")).to_be_visible()
    settle(page)
    far = card.locator(".marks__line").bounding_box()["width"]
    assert near / far == pytest.approx(3.478, rel=0.1)
    # What is frozen has all its pixels, too.
    page.locator("#picture").press("p")
    expect(page.locator("#stage")).to_have_attribute("data-past", "")
    find_the_print(paced, page, wire)
    page.get_by_role("button", name="Whole picture", exact=True).click()
    expect(page.locator("#closer")).to_be_hidden()


def find_the_print(paced: PacedServer, page: Page, wire: Wire) -> None:
    with wire.socket.expect_event("framesent", lambda sent: isinstance(sent, bytes)):
        page.get_by_label("Your question").fill("Find the print")
        page.keyboard.press("Enter")
    paced.begin()
    paced.find(0.25, 0.25, 0.75, 0.75)
    paced.end()
    expect(cards(page).first).to_have_attribute("data-state", "done")
    lines = Image.open(BytesIO(wire.pictures[-1])).convert("L")
    # 1920 × 1080 by 3.5: nothing was made smaller, so that black and white lie side by side.
    assert lines.width == pytest.approx(1920 / 3.478, abs=2)
    row = [lines.getpixel((x, lines.height // 2)) for x in range(lines.width)]
    assert sum(abs(one - other) > 100 for one, other in zip(row, row[2:], strict=False)) > 50


def test_more_like_this_names_it_and_finds_all_there_are(
    paced: PacedServer, wired: tuple[Page, Wire]
) -> None:
    page, wire = wired
    pull(page, 0.25, 0.5)
    page.get_by_role("button", name="Find more like this").click()
    with sent(wire, "detect") as searches:
        paced.answer("It is a green tin.")
    paced.begin()
    paced.find(0.1, 0.1, 0.4, 0.4)
    paced.end()
    expect(cards(page).first.locator(".card__question")).to_have_text("Find: green tin")
    assert searches[-1]["object"] == "green tin"


def test_marks_and_what_was_looked_closer_at_stay_and_go_along(
    paced: PacedServer, paced_page: Page, tmp_path: Path
) -> None:
    resize(paced_page, **DESK["viewport"])
    pull(paced_page, 0.2, 0.3)
    ask(paced, paced_page, "What is this?")
    paced_page.keyboard.press("Escape")
    paced_page.locator("#picture").press("z")
    ask(paced, paced_page, "And in the middle?")
    reload(paced_page)
    expect(cards(paced_page).last.locator(".marks__own-dot")).to_be_visible()
    closer = cards(paced_page).first
    expect(closer).to_contain_text("looked closer, 3 times")
    expect(closer.get_by_role("button", name="Show it in the whole picture")).to_be_visible()
    file = saved(paced_page, "Save as data", tmp_path / "answers.json")
    first, last = (json.loads(file.read_text())["answers"][at] for at in (0, -1))
    assert last["spatial_refs"][0] == pytest.approx([0.2, 0.3], abs=0.01)
    assert first["frame"]["closer"]["area"]["x_min"] == pytest.approx(1 / 3)
    choose(paced_page, "Clear all")
    paced_page.get_by_role("button", name="Delete", exact=True).click()
    expect(cards(paced_page)).to_have_count(0)
    paced_page.locator("#answers-file").set_input_files(file)
    expect(cards(paced_page)).to_have_count(2)
    again = saved(paced_page, "Save as data", tmp_path / "again.json")
    assert json.loads(again.read_text())["answers"] == json.loads(file.read_text())["answers"]


def test_finger_marks_on_a_phone(browser: Browser, paced: PacedServer, visit: Visit) -> None:
    page = with_camera(visit(browser, paced.url, **PHONE))
    box = page.locator("#picture").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#chip")).to_be_visible()
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
