"""The main job with the real program: a question about the picture, answered by the demo model."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ALLOWED, PHONE, SCENES, Launch, Server, Visit, with_camera


def ask(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")


@pytest.mark.parametrize(
    ("scene", "question", "answer"),
    [
        ("red-circle", "What colour is the circle?", "red"),
        ("red-circle", "What shape is it?", "circle"),
        ("blue-square", "What colour is the square?", "blue"),
        ("blue-square", "What shape is it?", "square"),
    ],
)
def test_page_answers_about_the_scene_before_the_camera(
    launch: Launch, server: Server, visit: Visit, scene: str, question: str, answer: str
) -> None:
    page = with_camera(visit(launch(ALLOWED, scene=scene), server.url))
    ask(page, question)
    expect(page.locator(".card__text")).to_contain_text(answer, ignore_case=True)
    expect(page.locator(".card")).to_have_attribute("data-state", "done")


def test_answer_about_a_small_frame_is_right_too(page: Page) -> None:
    page.locator("#source").click()
    page.get_by_role("radio", name="Fast").check()
    page.keyboard.press("Escape")
    ask(page, "What colour is the circle?")
    expect(page.locator(".card__text")).to_contain_text("red", ignore_case=True)
    expect(page.locator(".card__frame")).to_have_attribute("height", "360")


def test_answer_is_told_in_words_before_it_is_over(browser, server: Server, visit: Visit) -> None:
    events: list[str] = []
    page = visit(browser, "about:blank")
    page.on(
        "websocket",
        lambda ws: ws.on("framereceived", lambda frame: events.append(str(frame))),
    )
    page.goto(server.url)
    with_camera(page)
    ask(page, "What colour is the circle?")
    expect(page.locator(".card")).to_have_attribute("data-state", "done")
    names = [json.loads(event[2:])[0] for event in events if event.startswith("42")]
    about_the_answer = [name for name in names if name != "status"]
    assert about_the_answer[0] == "started"
    # How many words come at once depends on how busy this computer is.
    assert set(about_the_answer[1:-1]) == {"token"}
    assert about_the_answer[-1] == "response"


def test_describe_needs_no_words(page: Page) -> None:
    page.get_by_role("radio", name="Describe").check(force=True)
    page.get_by_role("button", name="Describe", exact=True).click()
    expect(page.locator(".card__question")).to_have_text("Describe it")
    expect(page.locator(".card__text")).to_contain_text("circle", ignore_case=True)


def test_suggestion_asks_at_once(page: Page) -> None:
    page.get_by_role("button", name="What colour is the circle?").click()
    expect(page.locator(".card__text")).to_contain_text("red", ignore_case=True)


def test_two_people_at_once_see_only_their_own_answer(
    launch: Launch, server: Server, visit: Visit
) -> None:
    red = with_camera(visit(launch(ALLOWED, scene="red-circle"), server.url))
    blue = with_camera(visit(launch(ALLOWED, scene="blue-square"), server.url))
    ask(red, "What colour is the shape?")
    ask(blue, "What colour is the shape?")
    for page, own, foreign in ((red, "red", "blue"), (blue, "blue", "red")):
        expect(page.locator(".card")).to_have_attribute("data-state", "done")
        expect(page.locator(".card")).to_have_count(1)
        expect(page.locator(".card__text")).to_contain_text(own, ignore_case=True)
        expect(page.locator(".card__text")).not_to_contain_text(foreign, ignore_case=True)


def test_person_is_told_that_a_demo_model_answers(page: Page) -> None:
    banner = page.get_by_role("complementary", name="About this model")
    expect(banner).to_contain_text("A small demo model is answering: it knows coloured shapes")
    expect(page.locator("#status")).to_contain_text("Demo model on the CPU")
    expect(banner.get_by_role("link", name="Shapes to show it")).to_have_attribute(
        "href", "/scenes"
    )


def test_chosen_picture_is_answered_in_place_of_the_camera(
    launch: Launch, server: Server, visit: Visit
) -> None:
    page = visit(launch(), server.url)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Use a picture instead").click()
    chooser.value.set_files(SCENES / "blue-square.png")
    expect(page.get_by_role("img", name="The picture you chose")).to_be_visible()
    ask(page, "What colour is the square?")
    expect(page.locator(".card__text")).to_contain_text("blue", ignore_case=True)


# What the page of the original project does: a data URL and the question, no id, no options.
ORIGINAL_CLIENT = """async (scene) => {
  const { io } = await import("/static/vendor/socket.io-client-4.8.4.esm.min.js")
  const picture = new Image()
  picture.src = scene
  await picture.decode()
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 })
  canvas.getContext("2d").drawImage(picture, 0, 0, 640, 480)
  const socket = io()
  const heard = []
  socket.on("response", (data) => heard.push(data.answer))
  await new Promise((resolve) => socket.on("connect", resolve))
  const image = canvas.toDataURL("image/jpeg", 0.8)
  socket.emit("query", { question: "What colour is the circle?", image })
  await new Promise((resolve) => socket.once("response", resolve))
  socket.close()
  return heard
}"""


def test_page_of_the_original_project_works_unchanged(
    browser, server: Server, visit: Visit
) -> None:
    page = visit(browser, server.url + "scenes")
    (answer,) = page.evaluate(ORIGINAL_CLIENT, "/static/scenes/red-circle.png")
    assert "red" in answer.lower()


def test_scenes_fill_the_screen_of_a_phone_when_tapped(
    browser, server: Server, visit: Visit
) -> None:
    page = visit(browser, server.url + "scenes", color_scheme="dark", **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="Red circle", exact=True).tap()
    shown = page.get_by_role("dialog").get_by_alt_text("Red circle", exact=True)
    expect(shown).to_be_visible()
    assert shown.bounding_box()["width"] == 390
    page.get_by_role("button", name="Back to all shapes").tap()
    expect(shown).to_be_hidden()
