"""The keyboard alone is enough, and no key does what a writer did not mean."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import PacedServer


def question(page: Page):
    return page.get_by_label("Your question")


def ask(page: Page, words: str) -> None:
    question(page).fill(words)
    page.keyboard.press("Enter")


def leave(page: Page) -> None:
    question(page).evaluate("box => box.blur()")


def test_enter_does_not_ask_while_an_input_method_is_composing(paced_page: Page) -> None:
    question(paced_page).fill("これは")
    for signs in ({"isComposing": True}, {"keyCode": 229}):
        question(paced_page).dispatch_event("keydown", {"key": "Enter", "bubbles": True, **signs})
    expect(paced_page.locator(".card")).to_have_count(0)
    question(paced_page).fill("これは何？")
    paced_page.keyboard.press("Enter")
    expect(paced_page.locator(".card__question")).to_have_text(["これは何？"])


def test_shift_enter_begins_a_new_line_and_the_box_grows(paced_page: Page) -> None:
    question(paced_page).fill("one")
    height = question(paced_page).bounding_box()["height"]
    paced_page.keyboard.press("Shift+Enter")
    paced_page.keyboard.type("two")
    expect(question(paced_page)).to_have_value("one\ntwo")
    assert question(paced_page).bounding_box()["height"] > height
    expect(paced_page.locator(".card")).to_have_count(0)


def test_arrow_up_in_an_empty_box_brings_the_last_question_back(paced_page: Page) -> None:
    ask(paced_page, "What is this?")
    question(paced_page).fill("")
    paced_page.keyboard.press("ArrowUp")
    expect(question(paced_page)).to_have_value("What is this?")


def test_escape_stops_then_clears_then_leaves_the_box(paced: PacedServer, paced_page: Page) -> None:
    ask(paced_page, "What is this?")
    paced.begin()
    expect(paced_page.locator("#stop")).to_be_visible()
    paced_page.keyboard.press("Escape")
    expect(paced_page.locator(".card")).to_have_attribute("data-state", "stopped")
    expect(question(paced_page)).to_have_value("What is this?")
    paced_page.keyboard.press("Escape")
    expect(question(paced_page)).to_have_value("")
    paced_page.keyboard.press("Escape")
    expect(question(paced_page)).not_to_be_focused()


def test_escape_only_closes_the_dialog_that_is_open(paced: PacedServer, paced_page: Page) -> None:
    ask(paced_page, "What is this?")
    paced.begin()
    expect(paced_page.locator("#stop")).to_be_visible()
    leave(paced_page)
    paced_page.keyboard.press("?")
    expect(paced_page.get_by_role("dialog", name="Keys")).to_be_visible()
    paced_page.keyboard.press("Escape")
    expect(paced_page.get_by_role("dialog", name="Keys")).to_be_hidden()
    expect(paced_page.locator(".card")).to_have_attribute("data-state", "streaming")


def test_single_keys_work_outside_the_box_and_are_letters_inside(
    paced: PacedServer, paced_page: Page
) -> None:
    question(paced_page).fill("")
    paced_page.keyboard.type("/12cr?")
    expect(question(paced_page)).to_have_value("/12cr?")
    leave(paced_page)
    paced_page.keyboard.press("2")
    expect(paced_page.get_by_role("radio", name="Describe")).to_be_checked()
    paced_page.keyboard.press("1")
    expect(paced_page.get_by_role("radio", name="Ask")).to_be_checked()
    expect(question(paced_page)).to_have_value("/12cr?")
    paced_page.keyboard.press("/")
    expect(question(paced_page)).to_be_focused()
    paced_page.keyboard.press("Enter")
    paced.answer("A ball.")
    expect(paced_page.locator(".card")).to_have_attribute("data-state", "done")
    leave(paced_page)
    paced_page.keyboard.press("r")
    expect(paced_page.locator(".card")).to_have_count(2)


def test_single_keys_can_be_switched_off_for_good(paced_page: Page) -> None:
    paced_page.get_by_role("button", name="All keys").click()
    paced_page.locator("#single-keys").uncheck()
    paced_page.get_by_role("button", name="Close").click()
    leave(paced_page)
    paced_page.keyboard.press("2")
    expect(paced_page.get_by_role("radio", name="Ask")).to_be_checked()
    paced_page.reload()
    expect(paced_page.locator("#single-keys")).not_to_be_checked()


def test_arrows_move_between_answers(paced: PacedServer, paced_page: Page) -> None:
    for words in ("First?", "Second?"):
        ask(paced_page, words)
        paced.answer("A ball.")
        # Named by its question: the newest card is the older one until the frame was encoded.
        asked = paced_page.locator(".card").filter(has_text=words)
        expect(asked).to_have_attribute("data-state", "done")
    leave(paced_page)
    cards = paced_page.locator(".card")
    paced_page.keyboard.press("ArrowDown")
    expect(cards.nth(0)).to_be_focused()
    paced_page.keyboard.press("ArrowDown")
    expect(cards.nth(1)).to_be_focused()
    paced_page.keyboard.press("ArrowUp")
    expect(cards.nth(0)).to_be_focused()


def test_everything_can_be_done_without_a_mouse(paced: PacedServer, paced_page: Page) -> None:
    ask(paced_page, "What is this?")
    paced.answer("A ball.")
    expect(paced_page.locator(".card")).to_have_attribute("data-state", "done")
    reached = set()
    paced_page.evaluate("document.activeElement.blur()")
    for _ in range(30):
        paced_page.keyboard.press("Tab")
        reached.add(
            paced_page.evaluate(
                """() => {
                  const { activeElement: at } = document
                  return at.ariaLabel || at.labels?.[0]?.innerText || at.innerText || at.id
                }"""
            ).strip()
        )
    wanted = {"All keys", "Your question", "Ask", "What do you see?", "Copy the answer"}
    assert wanted <= reached
    assert any(name.startswith("Ask again") for name in reached)


def test_describing_keeps_the_question_that_was_being_written(paced_page: Page) -> None:
    question(paced_page).fill("Half a quest")
    leave(paced_page)
    paced_page.keyboard.press("2")
    expect(question(paced_page)).to_have_value("")
    paced_page.keyboard.press("1")
    expect(question(paced_page)).to_have_value("Half a quest")


def test_typing_in_describe_asks_a_question_after_all(paced_page: Page) -> None:
    paced_page.get_by_role("radio", name="Describe").check(force=True)
    question(paced_page).focus()
    paced_page.keyboard.type("What is it?")
    expect(paced_page.get_by_role("radio", name="Ask")).to_be_checked()
    expect(question(paced_page)).to_have_value("What is it?")


def test_last_two_hundred_characters_are_counted_and_too_many_are_refused(
    paced_page: Page,
) -> None:
    note = paced_page.locator("#question-note")
    question(paced_page).fill("a" * 1799)
    expect(note).to_be_hidden()
    question(paced_page).fill("a" * 1800)
    expect(note).to_have_text("200 left")
    question(paced_page).fill("a" * 2003)
    expect(note).to_have_text("3 characters too many.")
    paced_page.keyboard.press("Enter")
    expect(paced_page.locator(".card")).to_have_count(0)
    expect(question(paced_page)).to_have_value("a" * 2003)
