"""Find and Point: places appear on the frame they belong to, one by one, and are said in words."""

import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from demo.cards import make_card
from tests.browser.conftest import (
    ALLOWED,
    PHONE,
    SCENES,
    Launch,
    PacedServer,
    Server,
    Visit,
    resize,
    with_camera,
)
from tests.browser.test_look import DESK, serious_findings

MUGS = ((0.3, 0.4, 0.5, 0.7), (0.7, 0.4, 0.85, 0.65))
HIGH = (0.2, 0.0, 0.4, 0.3)
OUTSIDE = (-0.05, 0.5, 1.04, 1.1)
GOLD = "rgb(243, 213, 123)"
INK = "rgb(18, 22, 29)"
SHORTEST_FADE_MS = 2500

# Where a box is drawn, as fractions of the frame under it. All at once: a redraw makes new boxes.
DRAWN = """([line]) => {
  const box = line.getBoundingClientRect()
  const frame = line.ownerSVGElement.getBoundingClientRect()
  const x = (at) => (at - frame.left) / frame.width, y = (at) => (at - frame.top) / frame.height
  return [x(box.left), y(box.top), x(box.right), y(box.bottom)]
}"""
# How the places on the stage come and go: [how many, opacity] at every frame of the screen.
WATCH_STAGE = """() => {
  window.seen = []
  const svg = document.querySelector("#stage .marks")
  const look = (at) => {
    if (!svg.hasAttribute("hidden")) seen.push([at, Number(getComputedStyle(svg).opacity)])
    requestAnimationFrame(look)
  }
  look()
}"""
IS_GONE = "() => seen.length > 0 && document.querySelector('#stage .marks').hasAttribute('hidden')"


def seek(page: Page, what: str, skill: str = "Find") -> None:
    page.get_by_role("radio", name=skill, exact=True).check(force=True)
    page.get_by_label("What should it look for?").fill(what)
    page.keyboard.press("Enter")


def ask(page: Page, words: str) -> None:
    page.get_by_label("Your question").fill(words)
    page.keyboard.press("Enter")


def card(page: Page) -> Locator:
    return page.locator(".card").first


def boxes(page: Page) -> Locator:
    return card(page).locator(".marks__line")


def drawn(box: Locator) -> list[float]:
    return box.evaluate_all(DRAWN)


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(0, width) * max(0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / (areas - both)


def true_boxes(scene: str) -> list[tuple[float, float, float, float]]:
    """Where the shapes of a card lie, from left to right."""
    names = {
        "red-circle": "red circle",
        "red-circle-blue-square": "red circle, blue square",
        "three-stars": "orange star, orange star, purple star",
    }
    return make_card(names[scene]).boxes()


def points(page: Page) -> list[tuple[float, float]]:
    """The middles of the discs, from left to right."""
    discs = [drawn(disc) for disc in card(page).locator(".marks__disc").all()]
    return sorted(((left + right) / 2, (top + bottom) / 2) for left, top, right, bottom in discs)


def are_on(points: list[tuple[float, float]], boxes: list) -> bool:
    """Whether there is one point in each box and no other."""
    pairs = zip(points, boxes, strict=True)
    return all(b[0] < x < b[2] and b[1] < y < b[3] for (x, y), b in pairs)


def find_mugs(paced: PacedServer, page: Page) -> None:
    seek(page, "mug")
    paced.begin()
    for mug in MUGS:
        paced.find(*mug)
    paced.end()
    expect(card(page)).to_have_attribute("data-state", "done")


@pytest.mark.parametrize("scene", ["red-circle", "red-circle-blue-square"])
def test_red_circle_is_found_where_it_is(
    launch: Launch, server: Server, visit: Visit, scene: str
) -> None:
    page = with_camera(visit(launch(ALLOWED, scene=scene), server.url))
    ask(page, "Find the red circle")
    expect(card(page)).to_have_attribute("data-state", "done")
    expect(card(page).locator(".card__question")).to_have_text("Find: red circle")
    expect(card(page).locator(".card__text")).to_have_text("1 found.")
    expect(boxes(page)).to_have_count(1)
    assert overlap(drawn(boxes(page)), true_boxes(scene)[0]) > 0.5


def test_point_lies_on_the_red_circle(page: Page) -> None:
    seek(page, "red circle", "Point")
    expect(card(page)).to_have_attribute("data-state", "done")
    expect(card(page).locator(".card__question")).to_have_text("Point: red circle")
    expect(card(page).locator(".marks__disc")).to_have_count(1)
    assert are_on(points(page), true_boxes("red-circle"))


def test_count_is_proven_by_a_point_on_each_on_the_very_same_frame(
    launch: Launch, server: Server, visit: Visit
) -> None:
    sent: list[str | bytes] = []
    page = visit(launch(ALLOWED, scene="three-stars"), "about:blank")
    page.on("websocket", lambda ws: ws.on("framesent", lambda message: sent.append(message)))
    page.goto(server.url)
    with_camera(page)
    ask(page, "How many stars?")
    expect(card(page).locator(".card__text")).to_contain_text("three")
    card(page).get_by_role("button", name="Point at the stars").click()
    expect(card(page).locator(".card__question")).to_have_text("Point: stars")
    expect(card(page).locator(".card__text")).to_have_text("3 found.")
    expect(card(page).locator(".marks__disc")).to_have_count(3)
    assert are_on(points(page), true_boxes("three-stars"))
    frame, same_frame = (message for message in sent if isinstance(message, bytes))
    assert frame == same_frame


def test_count_is_proven_by_pointing_with_the_words_of_a_person(
    launch: Launch, server: Server, visit: Visit
) -> None:
    page = with_camera(visit(launch(ALLOWED, scene="three-stars"), server.url))
    ask(page, "How many stars?")
    expect(card(page).locator(".card__text")).to_contain_text("three")
    seek(page, "star", "Point")
    expect(card(page).locator(".card__text")).to_have_text("3 found.")
    assert are_on(points(page), true_boxes("three-stars"))


def test_only_a_finished_count_can_be_proven(paced: PacedServer, paced_page: Page) -> None:
    prove = paced_page.get_by_role("button", name="Point at the")
    ask(paced_page, "How many mugs are there?")
    paced.begin()
    paced.say("Tw")
    expect(card(paced_page)).to_contain_text("Tw")
    expect(prove).to_be_hidden()
    paced.say("o.")
    paced.end()
    expect(prove).to_have_text("Point at the mugs")
    ask(paced_page, "What colour is the mug?")
    paced.answer("Blue.")
    expect(card(paced_page)).to_contain_text("Blue.")
    expect(card(paced_page)).to_have_attribute("data-state", "done")
    expect(prove).to_have_count(1)


def test_boxes_appear_one_by_one_as_they_are_found(paced: PacedServer, paced_page: Page) -> None:
    seek(paced_page, "mug")
    paced.begin()
    expect(card(paced_page)).to_contain_text("Looking")
    expect(boxes(paced_page)).to_have_count(0)
    for n_found, mug in enumerate(MUGS, start=1):
        paced.find(*mug)
        expect(boxes(paced_page)).to_have_count(n_found)
        expect(card(paced_page)).to_contain_text(f"{n_found} found so far")
        assert drawn(boxes(paced_page).nth(n_found - 1)) == pytest.approx(mug, abs=0.01)
    expect(card(paced_page)).to_have_attribute("data-state", "streaming")
    paced.end()
    expect(card(paced_page).locator(".card__text")).to_have_text("2 found.")
    expect(card(paced_page).locator(".marks__label")).to_have_text(["mug 1", "mug 2"])


def test_frame_is_as_wide_as_its_card_and_its_boxes_follow_its_size(
    paced: PacedServer, paced_page: Page
) -> None:
    find_mugs(paced, paced_page)
    frame = card(paced_page).locator(".card__frame")
    for width, height in ((1440, 900), (1024, 768), (390, 844)):
        resize(paced_page, width, height)
        size, outer = frame.bounding_box(), card(paced_page).bounding_box()
        assert outer["width"] - size["width"] == pytest.approx(24, abs=1)
        assert size["width"] / size["height"] == pytest.approx(4 / 3, rel=0.01)
        assert drawn(boxes(paced_page).nth(1)) == pytest.approx(MUGS[1], abs=0.01)


def test_box_is_gold_in_a_dark_casing_and_its_label_stands_above_it(
    paced: PacedServer, paced_page: Page
) -> None:
    find_mugs(paced, paced_page)
    expect(boxes(paced_page).first).to_have_css("stroke", GOLD)
    expect(boxes(paced_page).first).to_have_css("stroke-width", "2px")
    expect(card(paced_page).locator(".marks__casing").first).to_have_css("stroke-width", "4px")
    label = card(paced_page).locator(".marks__label").first
    expect(label.locator("text")).to_have_css("fill", INK)
    assert label.bounding_box()["y"] + 16 <= boxes(paced_page).first.bounding_box()["y"]


def test_label_stands_inside_where_there_is_no_room_above(
    paced: PacedServer, paced_page: Page
) -> None:
    seek(paced_page, "mug")
    paced.begin()
    paced.find(*HIGH)
    label = card(paced_page).locator(".marks__label")
    expect(label).to_have_text("mug 1")
    frame = card(paced_page).locator(".marks").bounding_box()
    assert label.bounding_box()["y"] >= frame["y"]


def test_box_beyond_the_frame_is_drawn_at_its_edge(paced: PacedServer, paced_page: Page) -> None:
    seek(paced_page, "table")
    paced.begin()
    paced.find(*OUTSIDE)
    expect(boxes(paced_page)).to_have_count(1)
    assert drawn(boxes(paced_page)) == pytest.approx((0, 0.5, 1, 1), abs=0.02)
    assert all(0 <= edge <= 1 for edge in drawn(boxes(paced_page)))


def test_crowd_is_numbered_so_that_no_label_lies_on_another(
    paced: PacedServer, paced_page: Page
) -> None:
    seek(paced_page, "yellow coffee mug")
    paced.begin()
    for column in range(6):
        paced.find(0.1 * column, 0.4, 0.1 * column + 0.15, 0.6)
    labels = card(paced_page).locator(".marks__label")
    expect(labels).to_have_text(["1", "2", "3", "4", "5", "6"])
    areas = [label.bounding_box() for label in labels.all()]
    corners = [[a["x"], a["y"], a["x"] + a["width"], a["y"] + a["height"]] for a in areas]
    assert not [
        (one, other)
        for one in corners
        for other in corners
        if one is not other and overlap(one, other)
    ]


def test_points_are_numbered_discs(paced: PacedServer, paced_page: Page) -> None:
    seek(paced_page, "star", "Point")
    paced.begin()
    paced.find(0.25, 0.5)
    paced.find(0.99, 0.1)
    paced.end()
    expect(card(paced_page).locator(".card__text")).to_have_text("2 found.")
    discs = card(paced_page).locator(".marks__disc")
    expect(discs).to_have_count(2)
    expect(discs.first).to_have_css("fill", GOLD)
    assert discs.first.bounding_box()["width"] == pytest.approx(13, abs=1.5)
    expect(card(paced_page).locator(".marks__label")).to_have_text(["1", "2"])
    frame = card(paced_page).locator(".marks").bounding_box()
    for label in card(paced_page).locator(".marks__label").all():
        area = label.bounding_box()
        assert area["x"] + area["width"] <= frame["x"] + frame["width"] + 0.5


def test_nothing_found_is_said_with_the_name_of_what_is_missing(
    paced: PacedServer, paced_page: Page
) -> None:
    seek(paced_page, "a mug.")
    paced.begin()
    paced.end()
    expect(card(paced_page).locator(".card__question")).to_have_text("Find: mug")
    expect(card(paced_page).locator(".card__text")).to_have_text("No mug found.")
    expect(paced_page.locator("#announcer")).to_have_text("No mug found.")


def test_search_that_found_nothing_shows_where_its_time_went(
    paced: PacedServer, paced_page: Page
) -> None:
    """Nothing found has no first word, and the bar was left out with it."""
    seek(paced_page, "mug")
    paced.begin()
    paced.end()
    bar = card(paced_page).locator(".timings")
    expect(bar).to_be_visible()
    expect(bar).to_have_text("0.1 s in line, 0.6 s looking, 1.3 s searching")
    expect(bar.locator("[data-part]")).to_have_count(3)
    assert bar.locator(".timings__bar").bounding_box()["width"] == pytest.approx(96)


def test_listener_hears_how_many_and_where(paced: PacedServer, paced_page: Page) -> None:
    find_mugs(paced, paced_page)
    where = "mug 1: centre, middle. mug 2: right, middle."
    expect(paced_page.locator("#announcer")).to_have_text(f"2 found. {where}")
    expect(card(paced_page).get_by_role("img", name=where)).to_be_visible()


def test_stop_keeps_what_was_found(paced: PacedServer, paced_page: Page) -> None:
    seek(paced_page, "mug")
    paced.begin()
    paced.find(*MUGS[0])
    expect(boxes(paced_page)).to_have_count(1)
    paced_page.keyboard.press("Escape")
    expect(card(paced_page)).to_have_attribute("data-state", "stopped")
    expect(card(paced_page)).to_contain_text("You stopped it here.")
    expect(card(paced_page).locator(".card__text")).to_have_text("1 found.")
    expect(boxes(paced_page)).to_have_count(1)


def test_search_stopped_before_its_end_does_not_claim_that_nothing_is_there(
    paced: PacedServer, paced_page: Page
) -> None:
    seek(paced_page, "mug")
    paced.begin()
    expect(paced_page.locator("#stop")).to_be_visible()
    paced_page.keyboard.press("Escape")
    expect(card(paced_page)).to_contain_text("You stopped it here.")
    expect(card(paced_page)).not_to_contain_text("No mug found.")


def test_search_cut_at_the_limit_says_so(paced: PacedServer, paced_page: Page) -> None:
    seek(paced_page, "mug")
    paced.begin()
    paced.find(*MUGS[0])
    paced.end("length")
    expect(card(paced_page)).to_contain_text("1 found.")
    expect(card(paced_page)).to_contain_text("Stopped at the length limit.")


def test_failed_search_keeps_what_was_found_and_can_be_made_again(
    paced: PacedServer, paced_page: Page
) -> None:
    seek(paced_page, "mug")
    paced.begin()
    paced.find(*MUGS[0])
    paced.fail("internal", "Something broke here. Ask again.")
    expect(card(paced_page)).to_have_attribute("data-state", "failed")
    expect(card(paced_page)).to_contain_text("Something broke here. Ask again.")
    expect(boxes(paced_page)).to_have_count(1)
    card(paced_page).get_by_role("button", name="Ask again").first.click()
    expect(paced_page.locator(".card")).to_have_count(2)
    expect(card(paced_page).locator(".card__question")).to_have_text("Find: mug")
    paced.begin()
    paced.find(*MUGS[1])
    paced.end()
    expect(card(paced_page).locator(".card__text")).to_have_text("1 found.")


def test_search_waits_in_line_like_a_question(paced: PacedServer, paced_page: Page) -> None:
    seek(paced_page, "mug")
    paced.line(2, 1300)
    expect(card(paced_page)).to_contain_text("2nd in line, about 1.3 s")
    card(paced_page).get_by_role("button", name="Cancel").click()
    expect(card(paced_page)).to_have_attribute("data-state", "stopped")


def test_answer_takes_the_place_of_the_state_so_that_nothing_moves(
    paced: PacedServer, paced_page: Page
) -> None:
    seek(paced_page, "mug")
    paced.begin()
    expect(card(paced_page)).to_contain_text("Looking")
    height = card(paced_page).bounding_box()["height"]
    paced.find(*MUGS[0])
    paced.end()
    expect(card(paced_page)).to_have_attribute("data-state", "done")
    assert card(paced_page).bounding_box()["height"] == pytest.approx(height, abs=1)
    expect(card(paced_page).locator(".card__total")).to_have_text(re.compile(r"2\.0 s · \d\d:\d\d"))


def test_copied_search_is_its_answer(paced: PacedServer, paced_page: Page) -> None:
    paced_page.context.grant_permissions(["clipboard-read", "clipboard-write", "camera"])
    find_mugs(paced, paced_page)
    card(paced_page).get_by_role("button", name="Copy the answer").click()
    expect(paced_page.locator("#announcer")).to_have_text("Copied.")
    assert paced_page.evaluate("navigator.clipboard.readText()") == "2 found."


def test_found_boxes_show_on_the_live_picture_fade_and_go(
    paced: PacedServer, paced_page: Page
) -> None:
    paced_page.evaluate(WATCH_STAGE)
    seek(paced_page, "mug")
    paced.begin()
    paced.find(*MUGS[0])
    box = paced_page.locator("#stage .marks__line")
    expect(box).to_have_count(1)
    assert drawn(box) == pytest.approx(MUGS[0], abs=0.01)
    paced_page.wait_for_function(IS_GONE)
    seen = paced_page.evaluate("seen")
    opacities = [opacity for _, opacity in seen]
    assert opacities[0] > 0.9
    assert min(opacities) == pytest.approx(0.35, abs=0.05)
    assert seen[-1][0] - seen[0][0] > SHORTEST_FADE_MS
    expect(boxes(paced_page)).to_have_count(1)


def test_found_boxes_stand_still_for_those_who_asked_for_stillness(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = with_camera(visit(browser, paced.url, reduced_motion="reduce"))
    page.evaluate(WATCH_STAGE)
    seek(page, "mug")
    paced.begin()
    paced.find(*MUGS[0])
    page.wait_for_function(IS_GONE)
    assert {opacity for _, opacity in page.evaluate("seen")} == {1}


def test_places_of_the_last_search_leave_the_live_picture_when_the_next_begins(
    paced: PacedServer, paced_page: Page
) -> None:
    """They stood there while the card of the next search said that nothing was found."""
    find_mugs(paced, paced_page)
    expect(paced_page.locator("#stage .marks__line")).to_have_count(2)
    paced_page.evaluate(
        """() => new MutationObserver(() => {
             window.wasHidden = document.querySelector("#stage .marks").hasAttribute("hidden")
           }).observe(document.querySelector("#answers"), { childList: true })"""
    )
    seek(paced_page, "ball")
    expect(paced_page.locator(".card")).to_have_count(2)
    assert paced_page.evaluate("wasHidden")


def test_boxes_of_another_moment_are_not_drawn_on_the_live_picture(
    paced: PacedServer, paced_page: Page
) -> None:
    """Asking again asks about the kept frame; the live picture shows another one by then."""
    seek(paced_page, "mug")
    paced.begin()
    paced.end()
    expect(card(paced_page)).to_have_attribute("data-state", "done")
    card(paced_page).get_by_role("button", name="Ask again").last.click()
    expect(paced_page.locator(".card")).to_have_count(2)
    paced.begin()
    paced.find(*MUGS[0])
    expect(boxes(paced_page)).to_have_count(1)
    expect(paced_page.locator("#stage .marks__line")).to_have_count(0)


def test_boxes_of_another_source_are_not_drawn_on_the_stage(
    paced: PacedServer, paced_page: Page
) -> None:
    seek(paced_page, "mug")
    paced.begin()
    expect(card(paced_page)).to_contain_text("Looking")
    paced_page.locator("#picture-file").set_input_files(SCENES / "blue-square.png")
    expect(paced_page.get_by_role("img", name="The picture you chose")).to_be_visible()
    paced.find(*MUGS[0])
    expect(boxes(paced_page)).to_have_count(1)
    expect(paced_page.locator("#stage .marks__line")).to_have_count(0)


def test_sentence_that_asks_to_point_becomes_the_skill_and_stays_in_the_line(
    paced: PacedServer, paced_page: Page
) -> None:
    ask(paced_page, "point at the red ball")
    expect(card(paced_page).locator(".card__question")).to_have_text("Point: red ball")
    expect(paced_page.get_by_role("radio", name="Ask")).to_be_checked()
    expect(paced_page.get_by_label("Your question")).to_have_value("point at the red ball")
    paced.begin()
    paced.find(0.5, 0.5)
    expect(card(paced_page).locator(".marks__disc")).to_have_count(1)


def test_question_about_a_place_stays_a_question(paced: PacedServer, paced_page: Page) -> None:
    ask(paced_page, "Where is the mug?")
    paced.answer("On the desk.")
    expect(card(paced_page)).to_contain_text("On the desk.")
    expect(card(paced_page).locator(".card__question")).to_have_text("Where is the mug?")


def test_third_and_fourth_key_choose_find_and_point(paced_page: Page) -> None:
    paced_page.get_by_label("Your question").fill("Half a quest")
    paced_page.get_by_label("Your question").evaluate("box => box.blur()")
    paced_page.keyboard.press("3")
    expect(paced_page.get_by_role("radio", name="Find")).to_be_checked()
    box = paced_page.get_by_label("What should it look for?")
    expect(box).to_have_value("")
    expect(box).to_have_attribute("placeholder", "What should it look for?")
    box.fill("mug")
    box.evaluate("box => box.blur()")
    paced_page.keyboard.press("4")
    expect(paced_page.get_by_role("radio", name="Point")).to_be_checked()
    expect(box).to_have_value("mug")
    expect(paced_page.get_by_role("button", name="Point", exact=True)).to_be_visible()
    paced_page.keyboard.press("1")
    expect(paced_page.get_by_label("Your question")).to_have_value("Half a quest")


def test_name_of_an_object_has_at_most_two_hundred_characters(paced_page: Page) -> None:
    note = paced_page.locator("#question-note")
    seek(paced_page, "a" * 201)
    expect(note).to_have_text("1 characters too many.")
    expect(paced_page.locator(".card")).to_have_count(0)
    paced_page.get_by_label("What should it look for?").fill("a" * 180)
    expect(note).to_have_text("20 left")


def test_arrow_up_brings_the_last_object_back(paced: PacedServer, paced_page: Page) -> None:
    seek(paced_page, "mug")
    box = paced_page.get_by_label("What should it look for?")
    box.fill("")
    paced_page.keyboard.press("ArrowUp")
    expect(box).to_have_value("mug")
    expect(paced_page.get_by_role("radio", name="Find")).to_be_checked()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_cards_with_places_are_readable_and_fit(
    browser: Browser, paced: PacedServer, visit: Visit, size: dict
) -> None:
    page = with_camera(visit(browser, paced.url, **size))
    find_mugs(paced, page)
    seek(page, "star", "Point")
    paced.begin()
    paced.find(0.25, 0.5)
    expect(card(page).locator(".marks__disc")).to_have_count(1)
    seek(page, "mug")
    expect(page.locator(".card")).to_have_count(3)
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["viewport"]["width"]


def test_boxes_keep_their_colours_in_forced_colours(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = with_camera(visit(browser, paced.url, forced_colors="active"))
    find_mugs(paced, page)
    expect(boxes(page).first).to_have_css("stroke", GOLD)
    label = card(page).locator(".marks__label").first
    expect(label.locator("rect")).to_have_css("fill", GOLD)
    expect(label.locator("text")).to_have_css("fill", INK)
