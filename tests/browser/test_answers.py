"""What a card shows while its answer waits, is looked for, streams, ends, is stopped or fails."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PacedServer, settle


def ask(page: Page, question: str = "What is this?") -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")


def card(page: Page):
    return page.locator(".card").first


def test_answer_grows_with_each_word_under_a_gold_ring(
    paced: PacedServer, paced_page: Page
) -> None:
    ask(paced_page)
    paced.begin()
    expect(card(paced_page)).to_contain_text("Looking")
    paced.say("A smooth")
    expect(card(paced_page).locator(".card__text")).to_have_text("A smooth")
    paced.say(" red ball")
    expect(card(paced_page).locator(".card__text")).to_have_text("A smooth red ball")
    expect(card(paced_page)).to_have_attribute("data-state", "streaming")
    expect(card(paced_page)).to_contain_text("Answering · frame")
    expect(card(paced_page)).to_contain_text("First word after")
    paced.end()
    expect(card(paced_page)).to_have_attribute("data-state", "done")


def test_only_cards_near_what_is_seen_are_laid_out(paced: PacedServer, paced_page: Page) -> None:
    """A list of two hundred was gone through for every word."""
    ask(paced_page)
    paced.answer("A ball.")
    cards = paced_page.locator(".card")
    expect(cards).to_have_attribute("data-state", "done")
    paced_page.evaluate(
        """() => {
          const list = document.querySelector("#answers")
          list.append(...Array.from({ length: 60 }, () => list.firstElementChild.cloneNode(true)))
        }"""
    )
    settle(paced_page)
    is_laid_out = "(card) => card.checkVisibility({ contentVisibilityAuto: true })"
    assert cards.first.evaluate(is_laid_out)
    assert not cards.last.evaluate(is_laid_out)
    cards.last.scroll_into_view_if_needed()
    settle(paced_page)
    assert cards.last.evaluate(is_laid_out)


def test_corners_light_up_while_the_model_looks_and_hold_while_it_answers(
    paced: PacedServer, paced_page: Page
) -> None:
    stage = paced_page.locator("#stage")
    expect(stage).not_to_have_attribute("data-looking", "looking")
    ask(paced_page)
    expect(stage).to_have_attribute("data-looking", "looking")
    paced.begin()
    paced.say("A")
    expect(stage).to_have_attribute("data-looking", "answering")
    paced.end()
    paced_page.wait_for_function("() => stage.dataset.looking === undefined")


def test_asked_frame_flies_into_its_card_before_the_server_has_answered(paced_page: Page) -> None:
    paced_page.evaluate(
        """() => new MutationObserver((changes) => {
             if (changes.some(({ addedNodes: [node] }) => node?.className === "flight")) flew = true
           }).observe(document.body, { childList: true }) || (window.flew = false)"""
    )
    ask(paced_page)
    paced_page.wait_for_function("() => flew && !document.querySelector('.flight')")
    expect(card(paced_page)).to_have_attribute("data-state", "waiting")
    expect(card(paced_page).locator(".card__frame")).to_have_css("opacity", "1")


def test_finished_answer_shows_where_its_time_went(paced: PacedServer, paced_page: Page) -> None:
    ask(paced_page)
    paced.answer("A ball.")
    bar = card(paced_page).locator(".timings")
    expect(card(paced_page).locator(".card__total")).to_have_text("2.0 s")
    expect(bar).to_have_text("0.1 s in line, 0.6 s looking, 0.2 s to the first word, 1.1 s writing")
    bar.focus()
    expect(bar.locator(".timings__words")).to_be_visible()


def test_stop_keeps_the_words_and_frees_the_page(paced: PacedServer, paced_page: Page) -> None:
    ask(paced_page)
    paced.begin()
    paced.say("A smooth red ball")
    expect(card(paced_page)).to_contain_text("A smooth red ball")
    paced_page.locator("#stop").click()
    expect(card(paced_page)).to_have_attribute("data-state", "stopped")
    expect(card(paced_page)).to_contain_text("A smooth red ball")
    expect(card(paced_page)).to_contain_text("You stopped it here.")
    expect(paced_page.locator("#ask")).to_be_visible()
    ask(paced_page, "And now?")
    paced.answer("A mug.")
    expect(card(paced_page)).to_contain_text("A mug.")


def test_typing_makes_stop_ask_again_and_both_answers_reach_their_cards(
    paced: PacedServer, paced_page: Page
) -> None:
    ask(paced_page, "First?")
    paced.begin()
    expect(paced_page.locator("#stop")).to_be_visible()
    paced_page.keyboard.type("Second?")
    expect(paced_page.locator("#ask")).to_be_visible()
    paced_page.keyboard.press("Enter")
    expect(paced_page.locator(".card")).to_have_count(2)
    paced.say("one")
    paced.end()
    paced.answer("two")
    expect(paced_page.locator(".card__question").nth(0)).to_have_text("Second?")
    expect(paced_page.locator(".card__text").nth(0)).to_have_text("two")
    expect(paced_page.locator(".card__text").nth(1)).to_have_text("one")


def test_question_stays_selected_so_that_typing_replaces_it(paced_page: Page) -> None:
    ask(paced_page, "What is this?")
    expect(paced_page.locator(".card")).to_have_count(1)
    paced_page.wait_for_function("() => getSelection().toString() === 'What is this?'")


def test_waiting_request_tells_its_place_and_can_be_cancelled(
    paced: PacedServer, paced_page: Page
) -> None:
    ask(paced_page)
    paced.line(2, 1300)
    expect(card(paced_page)).to_contain_text("2nd in line, about 1.3 s")
    card(paced_page).get_by_role("button", name="Cancel").click()
    expect(card(paced_page)).to_contain_text("You stopped it here.")


def test_question_asked_while_loading_waits_and_is_answered(
    paced: PacedServer, paced_page: Page
) -> None:
    progress = {"stage": "reading", "done": 1_420_000_000, "total": 3_850_000_000}
    paced.status(state="loading", model="moondream2", progress=progress)
    waking = paced_page.locator("#waking")
    expect(waking).to_contain_text("Waking the model.")
    expect(waking).to_contain_text("1.42 of 3.85 GB read.")
    expect(waking).to_contain_text("Reading moondream2")
    expect(waking).to_contain_text("36%")
    expect(paced_page.locator("#status")).to_contain_text("moondream2 is loading, 36%")
    ask(paced_page)
    expect(card(paced_page)).to_contain_text(
        "Waiting for the model. This is answered first, about this picture."
    )
    paced.status(state="ready", model="moondream2", device="cuda")
    expect(waking).to_be_hidden()
    paced.answer("A ball.")
    expect(card(paced_page)).to_contain_text("A ball.")


def test_download_tells_how_much_how_fast_and_how_long(
    paced: PacedServer, paced_page: Page
) -> None:
    progress = {
        "stage": "downloading",
        "done": 1_420_000_000,
        "total": 3_850_000_000,
        "bytes_per_s": 121_500_000,
        "seconds_left": 20,
    }
    paced.status(state="loading", model="moondream2", progress=progress)
    waking = paced_page.locator("#waking")
    expect(waking).to_contain_text("Downloading")
    expect(waking).to_contain_text("1.42 of 3.85 GB downloaded.")
    expect(waking).to_contain_text("About 20 s left, at 121.5 MB a second.")


def test_model_that_could_not_start_says_why(paced: PacedServer, paced_page: Page) -> None:
    paced.status(state="failed", model="moondream2", error="The file ends early. Delete it.")
    trouble = paced_page.locator("#model-failed")
    expect(trouble).to_contain_text("The model could not start.")
    expect(trouble).to_contain_text("The file ends early. Delete it.")


def test_answer_cut_at_the_length_limit_says_so(paced: PacedServer, paced_page: Page) -> None:
    ask(paced_page)
    paced.begin()
    paced.say("A long")
    paced.end("length")
    expect(card(paced_page)).to_contain_text("A long")
    expect(card(paced_page)).to_contain_text("Stopped at the length limit.")


def test_failed_request_is_asked_again_about_the_same_picture(
    paced: PacedServer, paced_page: Page
) -> None:
    ask(paced_page)
    paced.fail("busy", "Too many questions are waiting. Try again in 2 s.")
    expect(card(paced_page)).to_have_attribute("data-state", "failed")
    expect(card(paced_page)).to_contain_text("Too many questions are waiting. Try again in 2 s.")
    expect(card(paced_page)).to_contain_text("same picture")
    card(paced_page).get_by_role("button", name="Ask again").first.click()
    expect(paced_page.locator(".card")).to_have_count(2)
    paced.answer("A ball.")
    expect(card(paced_page)).to_contain_text("A ball.")
    again, first = paced_page.evaluate(
        """() => Promise.all([...document.querySelectorAll(".card__frame")].map(async (frame) => {
             await frame.decode()
             const canvas = document.createElement("canvas")
             canvas.getContext("2d").drawImage(frame, 0, 0, 300, 150)
             return canvas.toDataURL()
           }))"""
    )
    assert again == first


def test_finished_answer_is_heard_once_and_never_word_by_word(
    paced: PacedServer, paced_page: Page
) -> None:
    announcer = paced_page.locator("#announcer")
    ask(paced_page)
    paced.begin()
    paced.say("A smooth")
    expect(card(paced_page)).to_contain_text("A smooth")
    expect(announcer).to_be_empty()
    expect(paced_page.get_by_role("log")).to_have_attribute("aria-live", "off")
    paced.say(" ball.")
    paced.end()
    expect(announcer).to_have_text("A smooth ball.")


def test_long_answer_folds_under_the_next_and_opens_again(
    paced: PacedServer, paced_page: Page
) -> None:
    ask(paced_page)
    paced.answer("A smooth red ball lies on the desk. " * 30)
    expect(card(paced_page)).to_have_attribute("data-state", "done")
    ask(paced_page, "And now?")
    expect(paced_page.locator(".card")).to_have_count(2)
    older = paced_page.locator(".card").nth(1)
    unfold = older.get_by_role("button", name="Show all")
    folded = older.locator(".card__answer").bounding_box()["height"]
    assert folded == pytest.approx(8 * 27, abs=1)
    unfold.click()
    expect(unfold).to_be_hidden()
    assert older.locator(".card__answer").bounding_box()["height"] > 8 * 27


def test_answer_is_text_and_never_markup(paced: PacedServer, paced_page: Page) -> None:
    ask(paced_page, "<b>bold</b>?")
    paced.answer("<img src=x onerror=alert(1)>")
    expect(card(paced_page).locator(".card__text")).to_have_text("<img src=x onerror=alert(1)>")
    expect(card(paced_page).locator(".card__question")).to_have_text("<b>bold</b>?")


def test_copied_answer_is_on_the_clipboard(paced: PacedServer, paced_page: Page) -> None:
    paced_page.context.grant_permissions(["clipboard-read", "clipboard-write", "camera"])
    ask(paced_page)
    paced.answer("A ball.")
    card(paced_page).get_by_role("button", name="Copy the answer").click()
    expect(paced_page.locator("#announcer")).to_have_text("Copied.")
    assert paced_page.evaluate("navigator.clipboard.readText()") == "A ball."


def test_corners_of_a_kept_frame_show_the_card_and_nothing_dark(paced_page: Page) -> None:
    """A dark background behind the picture showed as slivers at its round corners."""
    ask(paced_page)
    frame = card(paced_page).locator(".card__frame")
    expect(frame).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    size = frame.bounding_box()
    assert size["width"] / size["height"] == pytest.approx(4 / 3, rel=0.02)


def test_frame_above_the_byte_limit_is_refused_before_it_is_sent(
    paced: PacedServer, paced_page: Page
) -> None:
    """What is above the transport's limit would end the connection without a word."""
    paced_page.evaluate(
        """() => {
          const noise = document.createElement("canvas")
          Object.assign(noise, { width: 1280, height: 1280 })
          const context = noise.getContext("2d")
          const pixels = context.createImageData(1280, 1280)
          for (let i = 0; i < pixels.data.length; i += 4) {
            crypto.getRandomValues(pixels.data.subarray(i, i + 3))
            pixels.data[i + 3] = 255
          }
          context.putImageData(pixels, 0, 0)
          return new Promise((resolve) => noise.toBlob((blob) => {
            const files = new DataTransfer()
            files.items.add(new File([blob], "noise.png", { type: "image/png" }))
            document.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true }))
            resolve()
          }))
        }"""
    )
    expect(paced_page.get_by_role("img", name="The picture you chose")).to_be_visible()
    ask(paced_page)
    expect(paced_page.locator("#question-note")).to_contain_text("at most 1.0 MB can be sent")
    expect(paced_page.locator(".card")).to_have_count(0)
