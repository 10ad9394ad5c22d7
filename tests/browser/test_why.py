"""Why it says so: what it thought, and its claims checked against the same picture."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PacedServer, resize
from tests.browser.test_ahead import Wire
from tests.browser.test_history import ask, cards, reload
from tests.browser.test_look import DESK, serious_findings

THOUGHT = "The tin is round and green."


@pytest.fixture
def think(paced_page: Page):
    resize(paced_page, **DESK["viewport"])
    return paced_page.get_by_role("button", name="Think first")


def test_thought_is_folded_above_its_answer_and_lights_up_its_points(
    paced: PacedServer, paced_page: Page, think
) -> None:
    think.click()
    expect(think).to_have_attribute("aria-pressed", "true")
    paced_page.get_by_label("Your question").fill("What is in the tin?")
    paced_page.keyboard.press("Enter")
    paced.begin()
    expect(cards(paced_page).first).to_contain_text("Thinking, ")
    paced.think(THOUGHT, [0, 7, [0.25, 0.5]], [21, 26, [0.75, 0.5]])
    paced.say("Tea.")
    paced.end()
    card = cards(paced_page).first
    expect(card.locator("summary")).to_contain_text("Thought for ")
    expect(card.locator("summary")).to_contain_text(", 2 points")
    expect(card.locator(".thought p")).to_be_hidden()
    card.locator("summary").click()
    expect(card.locator(".thought p")).to_have_text("The tin1 is round and green2.")
    expect(card.locator(".marks__disc")).to_have_count(0)
    card.get_by_role("button", name="green").focus()
    expect(card.locator(".marks__disc")).to_have_count(1)
    x = float(card.locator(".marks__disc").get_attribute("cx"))
    assert x / card.locator("svg.marks").bounding_box()["width"] == pytest.approx(0.75, abs=0.02)
    assert serious_findings(paced_page) == []
    card.locator("summary").focus()
    expect(card.locator(".marks__disc")).to_have_count(0)
    reload(paced_page)
    expect(cards(paced_page).first.locator("summary")).to_contain_text(", 2 points")
    expect(think).to_have_attribute("aria-pressed", "true")


def test_only_questions_ask_for_a_thought(paced: PacedServer, paced_page: Page, think) -> None:
    wire = Wire(paced_page)
    reload(paced_page)
    # What is asked before the socket stands is not seen on it.
    ask(paced, paced_page, "First?")
    payloads = []
    for question in ("What is it?", "And this?"):
        with wire.socket.expect_event("framesent", lambda sent: '["query"' in str(sent)):
            ask(paced, paced_page, question)
        payloads.append(wire.named("query")[-1])
        think.click()
    plain, thinking = payloads
    assert "reasoning" not in plain
    assert thinking["reasoning"] is True


def test_count_that_is_not_what_is_pointed_at_is_doubted_and_one_that_is_holds(
    paced: PacedServer, paced_page: Page
) -> None:
    ask(paced, paced_page, "How many mugs are there?", "There are two mugs.")
    for points, words in (
        (
            [(0.2, 0.5)],
            "It said two and points at one. Look at the dots before you trust the number.",
        ),
        ([(0.2, 0.5), (0.8, 0.5)], "It said two and points at two."),
    ):
        cards(paced_page).last.locator(".card__prove").evaluate("(link) => link.hidden = false")
        cards(paced_page).last.get_by_role("button", name="Point at the mugs").click()
        paced.begin()
        for point in points:
            paced.find(*point)
        paced.end()
        expect(cards(paced_page).last.locator(".card__check")).to_have_text(words)
        expect(cards(paced_page).first.locator(".marks__disc")).to_have_count(len(points))
    reload(paced_page)
    expect(cards(paced_page).last.locator(".card__check")).to_have_text(words)


def test_what_is_said_to_be_there_is_looked_for(paced: PacedServer, paced_page: Page) -> None:
    ask(paced, paced_page, "Is there a kettle?", "Yes, there is.")
    cards(paced_page).first.get_by_role("button", name="Find the kettle").click()
    paced.begin()
    paced.end()
    expect(cards(paced_page).last.locator(".card__check")).to_have_text(
        "It said yes and finds none. Look at the picture before you trust it."
    )
    assert serious_findings(paced_page) == []


def test_words_of_an_answer_are_found_in_its_picture(paced: PacedServer, paced_page: Page) -> None:
    ask(paced, paced_page, "What is on the desk?", "A mug and a pen.")
    find_it = paced_page.get_by_role("button", name="Find it here")
    expect(find_it).to_be_hidden()
    cards(paced_page).first.locator(".card__text").evaluate(
        """(text) => getSelection().setBaseAndExtent(text.firstChild, 0, text.firstChild, 5)"""
    )
    expect(find_it).to_be_visible()
    find_it.click()
    paced.begin()
    paced.find(0.1, 0.1, 0.4, 0.4)
    paced.end()
    expect(cards(paced_page).first.locator(".card__question")).to_have_text("Find: mug")
    expect(cards(paced_page).first.locator(".marks__box")).to_have_count(1)
    expect(find_it).to_be_hidden()
