"""Another server answers: which of its models, what it takes, a test, and how it is asked."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import (
    FAKE_CAMERA,
    PHONE,
    Launch,
    PacedServer,
    Visit,
    resize,
    turn_on_camera,
    with_camera,
)
from tests.browser.test_look import DESK, TABLET, ask, serious_findings

HOST = "api.example.com"
SHORT_PHONE = {**PHONE, "viewport": {"width": 320, "height": 568}}
MODELS = ["gemma-3-4b-it", "qwen2.5-vl-7b-instruct", "llava-1.6-mistral-7b"]
GEMMA, QWEN, LLAVA = MODELS
NO_PLACES = "no places came back in the test"
MANY_MODELS = [f"maker-{n % 7}/model-{n}" for n in range(400)]
STEPS = [
    (True, "Reached in 42 ms", ""),
    (True, f"{GEMMA} is there", ""),
    (False, "Answers arrive whole, not word by word", "Choose a model that streams."),
]

# From its top to its foot, nothing lies over the picture, wherever the page was scrolled to.
STAGE_IS_IN_SIGHT = """() => {
  const { x, y, width, height } = stage.getBoundingClientRect()
  const at = (part) => document.elementFromPoint(x + width / 2, y + part * height)
  return [0.02, 0.5, 0.98].every((part) => at(part)?.closest("#stage"))
}"""


def missing(model: str, *skills: str, reason: str = NO_PLACES, sees: bool = True) -> dict:
    return {"model": model, "sees": sees, "missing": [[skill, reason] for skill in skills]}


def ready(models: list[str] = MODELS, abilities: tuple[dict, ...] = ()) -> dict:
    upstream = {"hosts": [HOST], "is_here": False, "models": models, "abilities": abilities}
    return {"state": "ready", "model": models[0], "upstream": upstream}


def unready(state: str, **fields: object) -> dict:
    upstream = {"hosts": [HOST], "is_here": False}
    return {"state": state, "model": "", "upstream": upstream, **fields}


@pytest.fixture(scope="module")
def paced_upstream(chromium: str) -> Iterator[PacedServer]:
    server = PacedServer("-m", "tests.browser.paced_server", HOST)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def paced(paced_upstream: PacedServer) -> PacedServer:
    """In place of the one whose model is its own."""
    paced_upstream.tell("forget")
    paced_upstream.status(**ready())
    return paced_upstream


def sheet(page: Page) -> Locator:
    return page.get_by_role("region", name="The model", exact=True)


def name_button(page: Page) -> Locator:
    return page.locator("#status")


def open_sheet(page: Page) -> Locator:
    name_button(page).click()
    expect(sheet(page)).to_be_visible()
    return sheet(page)


def fact(page: Page, name: str) -> Locator:
    return sheet(page).locator(f"dl > div:has(dt:text-is('{name}')) dd")


def choose(page: Page, model: str) -> None:
    sheet(page).get_by_role("radio", name=model).check()


def check(page: Page, paced: PacedServer, steps: list[tuple] = STEPS) -> None:
    sheet(page).get_by_role("button", name=re.compile("^Test")).click()
    paced.begin()
    for step in steps:
        paced.tell(f"check {json.dumps(step)}")
    paced.end()


def settings_asked(page: Page, paced: PacedServer) -> dict:
    """Ask something; what the page wants of the server, as it arrived there."""
    n_cards = page.locator(".card").count()
    ask(page)
    paced.begin()
    paced.tell("asked")
    paced.end()
    expect(page.locator(".card")).to_have_count(n_cards + 1)
    card = page.locator(".card").first
    expect(card).to_have_attribute("data-state", "done")
    return json.loads(card.locator(".card__text").inner_text())


@pytest.mark.parametrize(
    "size", [DESK, TABLET, PHONE, SHORT_PHONE], ids=["desk", "tablet", "phone", "short"]
)
def test_sheet_is_readable_by_everyone_and_never_wider_than_seen(
    browser: Browser, paced: PacedServer, visit: Visit, size: dict
) -> None:
    paced.status(**ready(abilities=(missing(GEMMA, "detect", "point"),)))
    page = with_camera(visit(browser, paced.url, **size))
    open_sheet(page)
    check(page, paced)
    expect(sheet(page)).to_contain_text("Choose a model that streams.")
    sheet(page).get_by_role("button", name="Change").click()
    expect(sheet(page).locator(".model__frames small").last).to_contain_text("kB")
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["viewport"]["width"]
    body = sheet(page).locator(".sheet__body")
    assert body.evaluate("body => body.scrollWidth <= body.clientWidth")
    assert page.evaluate(STAGE_IS_IN_SIGHT)


def test_sheet_has_borders_where_colours_are_the_readers(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = with_camera(visit(browser, paced.url, forced_colors="active", **DESK))
    open_sheet(page)
    width = sheet(page).evaluate("sheet => getComputedStyle(sheet).borderTopWidth")
    assert width != "0px"


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_first_visit_and_top_say_where_pictures_go(
    launch: Launch, paced: PacedServer, visit: Visit, size: dict
) -> None:
    page = visit(launch(FAKE_CAMERA), paced.url, **size)
    expect(page.locator("#stage")).to_have_attribute("data-state", "off")
    expect(page.locator("#stage")).to_contain_text(f"Each picture you ask about goes to {HOST}.")
    promise = page.locator(".promise").filter(visible=True)
    expect(promise).to_have_count(1)
    expect(promise).to_have_text(f"Pictures go to {HOST}")
    expect(page.locator("body")).not_to_contain_text("Nothing leaves this computer")
    words = promise.locator(".promise__words")
    assert words.evaluate("words => words.scrollWidth <= words.clientWidth"), "cut off"
    assert serious_findings(page) == []


def test_name_at_the_top_opens_the_sheet_and_the_keyboard_is_enough(
    paced: PacedServer, paced_page: Page
) -> None:
    button = name_button(paced_page)
    expect(button).to_have_text(re.compile(rf"{GEMMA} at {HOST}"))
    button.focus()
    paced_page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(sheet(paced_page).get_by_role("radio", name=GEMMA)).to_be_focused()
    paced_page.keyboard.press("ArrowDown")
    expect(button).to_contain_text(QWEN)
    paced_page.keyboard.press("Escape")
    expect(sheet(paced_page)).to_be_hidden()
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")


def test_only_one_sheet_stands_and_an_answer_takes_its_place(
    paced: PacedServer, paced_page: Page
) -> None:
    open_sheet(paced_page)
    paced_page.locator("#bell").click()
    expect(sheet(paced_page)).to_be_hidden()
    expect(paced_page.locator("#watch")).to_be_visible()
    open_sheet(paced_page)
    expect(paced_page.locator("#watch")).to_be_hidden()
    ask(paced_page)
    expect(sheet(paced_page)).to_be_hidden()
    paced.answer("A ball.")


def test_model_is_sent_with_each_question_and_remembered(
    paced: PacedServer, paced_page: Page
) -> None:
    assert settings_asked(paced_page, paced)["upstream"]["model"] == ""
    open_sheet(paced_page)
    choose(paced_page, LLAVA)
    expect(name_button(paced_page)).to_contain_text(LLAVA)
    assert settings_asked(paced_page, paced)["upstream"]["model"] == LLAVA
    paced_page.reload()
    with_camera(paced_page)
    expect(name_button(paced_page)).to_contain_text(LLAVA)
    open_sheet(paced_page)
    first = sheet(paced_page).locator(".model__list .choice").first
    expect(first).to_have_text(f"{LLAVA}Used last")
    assert settings_asked(paced_page, paced)["upstream"]["model"] == LLAVA


def test_choosing_a_model_neither_stops_nor_loses_anything(
    paced: PacedServer, paced_page: Page
) -> None:
    ask(paced_page)
    paced.begin()
    paced.say("A ")
    expect(paced_page.locator(".card__text").first).to_have_text("A ")
    open_sheet(paced_page)
    choose(paced_page, QWEN)
    paced_page.keyboard.press("Escape")
    paced.say("ball.")
    paced.end()
    expect(paced_page.locator(".card").first).to_have_attribute("data-state", "done")
    expect(paced_page.locator(".card__text").first).to_have_text("A ball.")


def test_model_that_is_not_listed_is_written_by_its_name(
    paced: PacedServer, paced_page: Page
) -> None:
    open_sheet(paced_page)
    sheet(paced_page).get_by_label("Name of another model").fill("org/my-model")
    paced_page.keyboard.press("Enter")
    expect(name_button(paced_page)).to_contain_text("org/my-model")
    expect(sheet(paced_page).locator(".model__other")).to_be_checked()
    assert settings_asked(paced_page, paced)["upstream"]["model"] == "org/my-model"
    paced_page.reload()
    with_camera(paced_page)
    open_sheet(paced_page)
    expect(sheet(paced_page).get_by_label("Name of another model")).to_have_value("org/my-model")
    choose(paced_page, GEMMA)
    expect(sheet(paced_page).get_by_label("Name of another model")).to_have_value("")


def test_long_list_is_filtered(paced: PacedServer, paced_page: Page) -> None:
    paced.status(**ready(MANY_MODELS))
    open_sheet(paced_page)
    expect(sheet(paced_page)).to_contain_text("400 on this server")
    rows = sheet(paced_page).locator(".model__list .choice")
    expect(rows).to_have_count(40)
    expect(sheet(paced_page)).to_contain_text("360 more.")
    sheet(paced_page).get_by_role("searchbox").fill("3/MODEL-399")
    expect(rows).to_have_count(0)
    expect(sheet(paced_page)).to_contain_text("None is called that.")
    sheet(paced_page).get_by_role("searchbox").fill("maker-0 399")
    expect(rows).to_have_text(["maker-0/model-399"])
    choose(paced_page, "maker-0/model-399")
    expect(name_button(paced_page)).to_contain_text("maker-0/model-399")


def test_what_a_model_has_not_is_not_offered_and_the_facts_say_why(
    paced: PacedServer, paced_page: Page
) -> None:
    paced.status(**ready(abilities=(missing(GEMMA, "detect", "point"),)))
    skills = paced_page.locator(".skills__choice:visible")
    expect(skills).to_have_text(["Ask", "Describe"])
    open_sheet(paced_page)
    expect(fact(paced_page, "Skills")).to_have_text(
        f"Ask, Describe. Find and Point are left out: {NO_PLACES}."
    )
    choose(paced_page, QWEN)
    expect(skills).to_have_text(["Ask", "Describe", "Find", "Point"])
    expect(fact(paced_page, "Skills")).to_have_text("Ask, Describe, Find, Point.")


def test_keys_of_skills_follow_those_that_are_offered(paced: PacedServer, paced_page: Page) -> None:
    paced.status(**ready(abilities=(missing(GEMMA, "caption", "detect"),)))
    expect(paced_page.locator(".skills__choice:visible")).to_have_text(["Ask", "Point"])
    paced_page.locator("#question-text").blur()
    paced_page.keyboard.press("2")
    expect(paced_page.locator("[name=skill][value=point]")).to_be_checked()
    paced_page.keyboard.press("3")
    expect(paced_page.locator("[name=skill][value=point]")).to_be_checked()


def test_skill_that_is_chosen_and_goes_gives_the_line_back(
    paced: PacedServer, paced_page: Page
) -> None:
    paced_page.locator(".skills__choice:has([value=detect])").click()
    paced.status(**ready(abilities=(missing(GEMMA, "detect", "point"),)))
    expect(paced_page.locator("[name=skill][value=query]")).to_be_checked()
    ask(paced_page, "Find the mug")
    paced.answer("On the desk.")
    expect(paced_page.locator(".card__question").first).to_have_text("Find the mug")


def test_model_that_reads_text_only_is_told_apart(paced: PacedServer, paced_page: Page) -> None:
    all_skills = ("query", "caption", "detect", "point")
    blind = missing(GEMMA, *all_skills, reason="it reads text only", sees=False)
    paced.status(**ready(abilities=(blind,)))
    note = paced_page.locator("#question-note")
    expect(note).to_have_text("It reads text only. Choose a model that sees.")
    open_sheet(paced_page)
    expect(fact(paced_page, "Skills")).to_have_text("It reads text only. Choose a model that sees.")
    choose(paced_page, QWEN)
    expect(note).to_be_hidden()


def test_rule_of_a_skill_that_is_missing_says_why_and_wakes_with_another_model(
    paced: PacedServer, paced_page: Page
) -> None:
    paced_page.locator("#bell").click()
    paced_page.get_by_label("Tell me when …").fill("parcel")
    paced_page.keyboard.press("Enter")
    state = paced_page.locator(".rule__words")
    expect(state).to_be_visible()
    paced.begin()
    paced.end()
    paced.status(**ready(abilities=(missing(GEMMA, "detect", "point"),)))
    expect(state).to_have_text(re.compile(rf"^Asleep since \d\d:\d\d: {NO_PLACES}$"))
    paced.tell("forget")
    paced.status(**ready())
    expect(state).not_to_contain_text("Asleep")


def test_steps_of_a_test_appear_one_by_one_with_what_helps(
    paced: PacedServer, paced_page: Page
) -> None:
    open_sheet(paced_page)
    lines = sheet(paced_page).locator(".check")
    button = sheet(paced_page).locator(".model__test")
    button.click()
    expect(button).to_have_text("Testing")
    paced.begin()
    for n_known, step in enumerate(STEPS, start=1):
        paced.tell(f"check {json.dumps(step)}")
        expect(lines).to_have_count(n_known)
    paced.end()
    expect(button).to_have_text("Test again")
    expect(lines.last).to_have_attribute("data-state", "trouble")
    expect(lines.last).to_contain_text("Choose a model that streams.")
    expect(sheet(paced_page).locator(".model__tested")).to_have_text(re.compile(r"^\d\d:\d\d$"))


def test_closing_ends_no_test_and_each_model_keeps_its_own(
    paced: PacedServer, paced_page: Page
) -> None:
    open_sheet(paced_page)
    sheet(paced_page).get_by_role("button", name="Test").click()
    paced.begin()
    paced_page.keyboard.press("Escape")
    expect(sheet(paced_page)).to_be_hidden()
    paced.tell(f"check {json.dumps(STEPS[0])}")
    paced.end()
    open_sheet(paced_page)
    expect(sheet(paced_page).locator(".check")).to_have_count(1)
    choose(paced_page, QWEN)
    expect(sheet(paced_page).locator(".check")).to_have_count(0)
    choose(paced_page, GEMMA)
    expect(sheet(paced_page).locator(".check")).to_have_count(1)


def test_frame_is_chosen_by_what_it_costs_now(paced: PacedServer, paced_page: Page) -> None:
    open_sheet(paced_page)
    expect(fact(paced_page, "Frame sent")).to_have_text(
        re.compile(r"^1024 px, about \d+ kB Change$")
    )
    expect(paced_page.locator(".source__label")).to_contain_text("1024 px")
    sheet(paced_page).get_by_role("button", name="Change").click()
    frames = sheet(paced_page).locator(".model__frames")
    expect(frames.locator(".choice")).to_have_count(9)
    expect(frames.locator("small").last).to_have_text(re.compile(r"^\d+ kB$"))
    frames.get_by_role("radio", name="512 px").check()
    frames.get_by_role("radio", name="50", exact=False).last.check()
    expect(paced_page.locator(".source__label")).to_contain_text("512 px")
    asked = settings_asked(paced_page, paced)["upstream"]
    assert (asked["longer_side_px"], asked["quality"]) == (512, 50)
    frame = paced_page.locator(".card__frame").first
    assert frame.evaluate("image => Math.max(image.naturalWidth, image.naturalHeight)") == 512
    paced_page.reload()
    with_camera(paced_page)
    expect(paced_page.locator(".source__label")).to_contain_text("512 px")


def test_page_offers_no_detail_where_the_frame_is_chosen_with_the_model(
    paced: PacedServer, paced_page: Page
) -> None:
    paced_page.locator("#source").click()
    expect(paced_page.locator("#sources")).to_be_visible()
    expect(paced_page.locator(".sources__detail")).to_be_hidden()


def test_how_it_is_asked_is_sent_remembered_and_taken_back(
    paced: PacedServer, paced_page: Page
) -> None:
    open_sheet(paced_page)
    sheet(paced_page).get_by_label("Instruction").fill("Answer in one word.")
    sheet(paced_page).get_by_label("Words for a description").fill("What is this?")
    sheet(paced_page).get_by_label("Longest answer").fill("64")
    sheet(paced_page).get_by_label("Variety").fill("0.7")
    sheet(paced_page).get_by_label("Coordinates").select_option("pixel")
    asked = settings_asked(paced_page, paced)
    assert asked["upstream"] | {"longer_side_px": 0, "quality": 0, "model": ""} == {
        "model": "",
        "instruction": "Answer in one word.",
        "caption": "What is this?",
        "coordinates": "pixel",
        "longer_side_px": 0,
        "quality": 0,
    }
    assert (asked["sampling"]["max_tokens"], asked["sampling"]["temperature"]) == (64, 0.7)
    paced_page.reload()
    with_camera(paced_page)
    open_sheet(paced_page)
    words = sheet(paced_page).get_by_label("Instruction")
    expect(words).to_have_value("Answer in one word.")
    sheet(paced_page).get_by_role("button", name="Reset").click()
    expect(words).to_have_value("")
    sheet(paced_page).get_by_role("button", name="Undo").click()
    expect(words).to_have_value("Answer in one word.")
    sheet(paced_page).get_by_role("button", name="Reset").click()
    asked = settings_asked(paced_page, paced)
    assert (asked["upstream"]["instruction"], asked["sampling"]["temperature"]) == ("", 0)


@pytest.mark.parametrize("number", ["", "0", "2049", "1.5", "-1"])
def test_number_that_cannot_be_is_told_and_not_sent(
    paced: PacedServer, paced_page: Page, number: str
) -> None:
    open_sheet(paced_page)
    sheet(paced_page).get_by_label("Longest answer").fill(number)
    expect(sheet(paced_page)).to_contain_text("A number from 1 to 2,048.")
    assert settings_asked(paced_page, paced)["sampling"]["max_tokens"] == 768


def test_cards_and_facts_tell_what_answers_took(paced: PacedServer, paced_page: Page) -> None:
    paced.tell("spend 604 12")
    ask(paced_page)
    paced.answer("A ball.")
    card = paced_page.locator(".card").first
    expect(card).to_have_attribute("data-state", "done")
    expect(card).to_contain_text("First word 0.9 s, 10 tokens a second, 616 tokens")
    open_sheet(paced_page)
    expect(fact(paced_page, "Speed")).to_have_text("First word 0.9 s, 10 tokens a second")
    expect(fact(paced_page, "Used")).to_have_text(
        re.compile(r"^616 tokens since \d\d:\d\d, 616 an answer$")
    )
    choose(paced_page, QWEN)
    expect(fact(paced_page, "Used")).to_be_hidden()


def test_server_that_is_asked_who_is_there_downloads_nothing(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    paced.status(**unready("loading"))
    page = visit(browser, paced.url)
    turn_on_camera(page)
    waking = page.locator("#waking")
    expect(waking).to_contain_text(f"Asking {HOST} who is there.")
    expect(waking.locator(".waking__stages")).to_be_hidden()
    expect(name_button(page)).to_contain_text(f"{HOST} is asked who is there")
    assert serious_findings(page) == []
    paced.status(**ready())
    expect(waking).to_be_hidden()


def test_server_that_does_not_answer_is_said_so_and_comes_back_by_itself(
    paced: PacedServer, paced_page: Page
) -> None:
    reason = f"No answer from {HOST}. Is it running?"
    paced.status(**unready("failed", error=reason))
    trouble = paced_page.locator("#model-failed")
    expect(trouble).to_contain_text("The model does not answer.")
    expect(trouble).to_contain_text(reason)
    expect(name_button(paced_page)).to_contain_text(f"{HOST} does not answer")
    paced_page.locator("#keep-looking").click()
    expect(paced_page.locator(".live__state")).to_contain_text("Paused until the model is ready")
    paced.status(**ready())
    expect(trouble).to_be_hidden()
    expect(paced_page.locator(".live__state")).not_to_contain_text("Paused")


def test_live_loop_waits_for_as_long_as_the_server_says(
    paced: PacedServer, paced_page: Page
) -> None:
    paced_page.locator("#keep-looking").click()
    paced.begin()
    paced.tell(f"later 90 {HOST} is asked too much.")
    state = paced_page.locator(".live__state")
    expect(state).to_contain_text(f"Trouble: {HOST} is asked too much. Next look in 1 min.")


def test_rule_is_told_without_a_number_by_a_model_that_has_none(
    paced: PacedServer, paced_page: Page
) -> None:
    paced_page.locator("#bell").click()
    paced_page.get_by_label("Tell me when …").fill("Is the door open?")
    paced_page.keyboard.press("Enter")
    for _ in range(2):
        paced.begin()
        paced.tell('choose ["yes", []]')
        paced.end()
    told = paced_page.locator(".told__words")
    expect(told).to_contain_text("yes")
    expect(told).not_to_contain_text("yes,")


def test_sheet_stands_at_every_width(paced: PacedServer, paced_page: Page) -> None:
    open_sheet(paced_page)
    for width, height in (
        (1440, 900),
        (1100, 700),
        (1024, 768),
        (844, 390),
        (390, 844),
        (320, 568),
    ):
        resize(paced_page, width, height)
        expect(sheet(paced_page)).to_be_in_viewport()
        assert paced_page.evaluate("document.documentElement.scrollWidth") <= width
