"""A browser translates the page, or its words run from the right: everything works as before."""

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PHONE, PacedServer, Server, Visit, with_camera

# As translators in browsers do: each text, of now and of later, changes, inside of <font> elements.
TRANSLATE = """() => {
  const isWord = ({ data, parentElement: parent }) => data.trim() !== "" &&
    parent && !parent.closest("script, style, textarea, svg, [data-translated], [translate=no]")
  const translate = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
    const texts = []
    while (walker.nextNode()) if (isWord(walker.currentNode)) texts.push(walker.currentNode)
    for (const text of texts) {
      const [outer, inner] = [document.createElement("font"), document.createElement("font")]
      outer.dataset.translated = ""
      inner.textContent = `Übersetzt ${text.data}`
      outer.append(inner)
      text.replaceWith(outer)
    }
  }
  new MutationObserver(() => translate(document.body))
    .observe(document.body, { childList: true, characterData: true, subtree: true })
  translate(document.body)
}"""
ARABIC = "ما لون الكوب؟"
HEBREW = "איפה הספל?"


def ask(page: Page, words: str) -> None:
    n_before = page.locator(".card").count()
    page.locator("#question-text").fill(words)
    page.keyboard.press("Enter")
    # Else what is claimed next might be read off the card before.
    expect(page.locator(".card")).to_have_count(n_before + 1)


def card(page: Page) -> Locator:
    return page.locator(".card").first


def action(page: Page, name: str) -> Locator:
    return card(page).locator(f"[data-action={name}]:visible").first


def direction(words: Locator) -> str:
    return words.evaluate("element => getComputedStyle(element).direction")


@pytest.fixture
def translated(paced_page: Page) -> Page:
    paced_page.context.grant_permissions(["clipboard-read", "clipboard-write", "camera"])
    paced_page.evaluate(TRANSLATE)
    expect(paced_page.locator("#answers-title")).to_have_text("Übersetzt Answers")
    return paced_page


def test_translated_suggestions_ask_what_they_asked(paced: PacedServer, translated: Page) -> None:
    """ "Beschreibe es" was sent as a question: what a button did was read from its words."""
    paced.status(state="ready", model="demo", device="cpu", is_demo=True)
    chips = translated.locator(".prompts__choice")
    expect(chips.last).to_have_text("Übersetzt Describe it")
    chips.last.click()
    expect(translated.locator("[name=skill]:checked")).to_have_value("caption")
    expect(card(translated).locator(".card__question")).to_have_text("Übersetzt Describe it")
    expect(translated.locator("#question-text")).to_have_value("")
    paced.answer("A ball.")
    expect(card(translated)).to_have_attribute("data-state", "done")
    chips.first.click()
    expect(translated.locator("#question-text")).to_have_value("What colour is the circle?")
    expect(translated.locator("[name=skill]:checked")).to_have_value("query")


def test_translated_answer_is_copied_as_it_was_given(paced: PacedServer, translated: Page) -> None:
    ask(translated, "What is this?")
    paced.begin()
    paced.say("A smo")
    expect(card(translated).locator(".card__text")).to_have_text("Übersetzt A smo")
    paced.say("oth ball.")
    paced.end()
    expect(card(translated).locator(".card__text")).to_have_text("Übersetzt A smooth ball.")
    action(translated, "copy").click()
    expect(translated.locator("#announcer")).to_have_text("Übersetzt Copied.")
    assert translated.evaluate("navigator.clipboard.readText()") == "A smooth ball."
    ask(translated, "And now?")
    paced.answer("A cup.")
    expect(card(translated)).to_have_attribute("data-state", "done")
    translated.locator("#question-text").evaluate("box => box.blur()")
    translated.keyboard.press("c")
    translated.wait_for_function("async () => await navigator.clipboard.readText() === 'A cup.'")


def test_answer_is_copied_as_it_was_given_where_there_is_no_clipboard(
    paced: PacedServer, translated: Page
) -> None:
    translated.evaluate(
        """() => {
          window.clipboard = navigator.clipboard
          Object.defineProperty(navigator, "clipboard", { value: undefined })
        }"""
    )
    ask(translated, "What is this?")
    paced.answer("A ball.")
    action(translated, "copy").click()
    expect(translated.locator("#announcer")).to_have_text("Übersetzt Copied.")
    assert translated.evaluate("clipboard.readText()") == "A ball."


def test_every_control_of_a_translated_page_works(paced: PacedServer, translated: Page) -> None:
    page = translated
    sent: list[str] = []
    page.on("websocket", lambda ws: ws.on("framesent", lambda m: sent.append(str(m))))
    newest = card(page)

    for value in ("caption", "detect", "point", "query"):
        page.locator(f".skills__choice:has([value={value}])").click()
        expect(page.locator("[name=skill]:checked")).to_have_value(value)

    ask(page, "How many mugs are there?")
    paced.line(2, 1300)
    expect(newest).to_contain_text("2nd in line")
    action(page, "stop").click()
    expect(newest).to_have_attribute("data-state", "stopped")
    action(page, "again").click()
    paced.answer("Two. " * 200)
    expect(newest).to_have_attribute("data-state", "done")
    action(page, "prove").click()
    expect(newest.locator(".card__question")).to_have_text("Übersetzt Point: mugs")
    paced.begin()
    paced.find(0.4, 0.4)
    expect(newest.locator(".marks__label")).to_have_text("1")
    page.locator("#question-text").evaluate("box => box.blur()")
    page.keyboard.press("Escape")
    expect(newest).to_have_attribute("data-state", "stopped")
    expect(newest.locator(".card__text")).to_have_text("Übersetzt 1 found.")
    older = page.locator(".card").nth(1)
    older.locator("[data-action=unfold]").click()
    expect(older.locator("[data-action=unfold]")).to_be_hidden()

    ask(page, "Fails?")
    paced.fail("internal", "Something broke here.")
    expect(newest.locator(".card__message")).to_have_text("Übersetzt Something broke here.")
    action(page, "again").click()
    expect(page.locator(".card")).to_have_count(5)
    paced.begin()
    page.locator("#stop").click()
    expect(newest).to_have_attribute("data-state", "stopped")

    page.locator("#status").click()
    expect(page.locator("#facts")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#source").click()
    page.locator(".sources__choice:has([value=fast])").click()
    expect(page.locator("[name=detail]:checked")).to_have_value("fast")
    page.locator(".sources__choice:has([value=off])").click()
    expect(page.locator("#stage")).to_have_attribute("data-state", "off")
    expect(page.locator(".source__label")).to_have_text("Übersetzt Camera off")
    page.locator(".stage__message:not([hidden]) [data-action=open-camera]").click()
    expect(page.locator("#stage")).to_have_attribute("data-state", "live")

    page.locator("#help").click()
    page.locator(".keys__switch").click()
    expect(page.locator("#single-keys")).not_to_be_checked()
    page.locator("#keys .icon-button").click()
    expect(page.locator("#keys")).to_be_hidden()


def test_words_on_a_picture_are_left_out_of_the_translation(
    paced: PacedServer, paced_page: Page
) -> None:
    """In a drawing the elements of a translator are not shown: the label would be empty."""
    ask(paced_page, "Find the mug")
    paced.begin()
    paced.find(0.3, 0.4, 0.5, 0.7)
    label = card(paced_page).locator(".marks__label text")
    expect(label).to_have_text("mug 1")
    assert label.evaluate("label => label.closest('[translate=no]') !== null")


def test_translated_scene_fills_the_screen_with_its_own_picture(
    browser: Browser, server: Server, visit: Visit
) -> None:
    page = visit(browser, server.url + "scenes")
    page.evaluate(TRANSLATE)
    page.locator(".scenes__card[href$='blue-square.png']").first.click()
    shown = page.locator("#screen img")
    expect(shown).to_have_attribute("alt", "Blue square")
    assert shown.get_attribute("src").endswith("blue-square.png")
    page.locator("#screen button").click()
    expect(page.locator("#screen")).to_be_hidden()


@pytest.mark.parametrize("words", [ARABIC, HEBREW])
def test_words_run_in_their_own_direction(paced: PacedServer, paced_page: Page, words: str) -> None:
    """The box, the title and the answer of an Arabic question ran from the left."""
    box = paced_page.locator("#question-text")
    assert direction(box) == "ltr"
    ask(paced_page, words)
    assert direction(box) == "rtl"
    assert direction(card(paced_page).locator(".card__question")) == "rtl"
    paced.answer(words)
    expect(card(paced_page)).to_have_attribute("data-state", "done")
    assert direction(card(paced_page).locator(".card__answer")) == "rtl"
    ask(paced_page, words)
    paced.answer("The cup is blue.")
    expect(card(paced_page)).to_have_attribute("data-state", "done")
    assert direction(card(paced_page).locator(".card__question")) == "rtl"
    assert direction(card(paced_page).locator(".card__answer")) == "ltr"
    ask(paced_page, "What is this?")
    paced.fail("internal", words)
    expect(card(paced_page)).to_have_attribute("data-state", "failed")
    assert direction(card(paced_page).locator(".card__question")) == "ltr"
    assert direction(card(paced_page).locator(".card__message-words")) == "rtl"


def test_lines_of_one_answer_run_each_in_their_own_direction(
    paced: PacedServer, paced_page: Page
) -> None:
    ask(paced_page, "Read the text")
    paced.answer(f"EXIT\n{ARABIC}")
    expect(card(paced_page)).to_have_attribute("data-state", "done")
    left, right = (
        card(paced_page)
        .locator(".card__text")
        .evaluate(
            """(words) => {
          const outer = words.parentElement.getBoundingClientRect()
          const range = document.createRange()
          range.selectNodeContents(words)
          const [first, last] = [...range.getClientRects()].filter(({ width }) => width > 0)
          return [first.left - outer.left, outer.right - last.right]
        }"""
        )
    )
    assert left == pytest.approx(0, abs=1)
    assert right == pytest.approx(0, abs=1)


def test_answer_from_the_right_is_copied_without_signs_of_its_direction(
    paced: PacedServer, paced_page: Page
) -> None:
    paced_page.context.grant_permissions(["clipboard-read", "clipboard-write", "camera"])
    ask(paced_page, ARABIC)
    paced.answer(ARABIC)
    action(paced_page, "copy").click()
    expect(paced_page.locator("#announcer")).to_have_text("Copied.")
    assert paced_page.evaluate("navigator.clipboard.readText()") == ARABIC


def test_object_named_from_the_right_is_found_and_said(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = with_camera(visit(browser, paced.url, **PHONE))
    page.locator(".skills__choice:has([value=detect])").click()
    ask(page, "كوب")
    paced.begin()
    paced.find(0.3, 0.4, 0.5, 0.7)
    paced.end()
    expect(card(page).locator(".card__text")).to_have_text("1 found.")
    label = card(page).locator(".marks__label")
    expect(label).to_have_text("كوب 1")
    words, back = label.locator("text").bounding_box(), label.locator("rect").bounding_box()
    assert back["x"] <= words["x"]
    assert words["x"] + words["width"] <= back["x"] + back["width"] + 0.5
