"""While a question is typed, a frame is looked at, and asked about only if it is the same."""

import json
import re

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from tests.browser.conftest import SERVER_AWAY, PacedServer, Server, Visit, with_camera

# A camera that shows a ball on a table, and whatever a test makes of it.
DRAWN_CAMERA = """if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async () => {
  window.scene = { x: 200, colour: "rgb(255, 0, 0)", dot: false }
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 })
  const context = canvas.getContext("2d")
  const paint = () => {
    context.fillStyle = "white"
    context.fillRect(0, 0, 640, 480)
    context.fillStyle = scene.colour
    context.beginPath()
    context.arc(scene.x, 240, 80, 0, 2 * Math.PI)
    context.fill()
    context.fillStyle = "black"
    if (scene.dot) context.fillRect(500, 400, 10, 10)
  }
  paint()
  setInterval(paint, 30)
  return canvas.captureStream(30)
}"""
# Whether the live picture has this colour there, give or take what the stream makes of it.
IS_SHOWN = """([x, y, ...colour]) => {
  const context = document.createElement("canvas").getContext("2d")
  context.drawImage(document.querySelector("video"), -x, -y)
  const seen = context.getImageData(0, 0, 1, 1).data
  return colour.every((level, index) => Math.abs(level - seen[index]) < 40)
}"""
CHANGES = {
    "another place": ("scene.x = 400", (400, 240, 255, 0, 0)),
    # As bright as the red: a glance in grey would not see it.
    "another colour": ("scene.colour = 'rgb(0, 130, 0)'", (200, 240, 0, 130, 0)),
    "one small thing more": ("scene.dot = true", (505, 405, 0, 0, 0)),
}
# Types before a made-up camera, one scene a check; returns [looks, checks].
WATCH = """async ([kind, nChecks]) => {
  const { Ahead } = await import("/static/js/looking/ahead.js")
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 })
  const context = canvas.getContext("2d")
  let nSeen = 0, nLooks = 0
  const see = () => {
    nSeen += 1
    context.fillStyle = kind === "moving" ? `rgb(${40 * nSeen}, 0, 0)` : "rgb(90, 120, 60)"
    context.fillRect(0, 0, 320, 240)
    const picture = context.getImageData(0, 0, 320, 240)
    if (kind === "noisy") picture.data.forEach((level, at) => {
      if (at % 4 < 3) picture.data[at] = level + 30 * (Math.random() - 0.5)
    })
    context.putImageData(picture, 0, 0)
    return { canvas, width: 320, height: 240, takenAt: Date.now(), detail: "detail", source: 1 }
  }
  const ahead = new Ahead({ see, isIdle: () => true, limits: { maxFrameBytes: 1e6 } })
  ahead.addEventListener("look", () => { nLooks += 1 })
  ahead.typed()
  await new Promise((done) => setTimeout(done, 500 * (nChecks + 1)))
  ahead.close()
  return [nLooks, nSeen > 0]
}"""


class Wire:
    """What one page sends, by the name of the event; pictures in the order they went."""

    def __init__(self, page: Page) -> None:
        self.events: list[tuple[str, dict]] = []
        self.pictures: list[bytes] = []
        page.on("websocket", self._listen)
        self.socket: WebSocket

    def named(self, name: str) -> list[dict]:
        return [payload for each, payload in self.events if each == name]

    def _listen(self, socket: WebSocket) -> None:
        self.socket = socket
        socket.on("framesent", self._note)

    def _note(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.pictures.append(message)
        elif found := re.fullmatch(r"4[25](?:1-)?(\[.*\])", message, re.DOTALL):
            name, *payloads = json.loads(found[1])
            self.events.append((name, *payloads))


@pytest.fixture
def drawn_page(browser: Browser, paced: PacedServer, visit: Visit) -> Page:
    return visit(browser, "about:blank", script=DRAWN_CAMERA)


@pytest.fixture
def wire(drawn_page: Page, paced: PacedServer) -> Wire:
    wire = Wire(drawn_page)
    drawn_page.goto(paced.url)
    with_camera(drawn_page)
    return wire


def type_until_looked(page: Page, wire: Wire, words: str = "What is this?") -> dict:
    """Type and wait until the server has looked at the frame; returns what it says."""
    with wire.socket.expect_event("framereceived", lambda text: '"looked"' in text) as heard:
        page.get_by_label("Your question").fill(words)
    return json.loads(heard.value.removeprefix("42"))[1]


def type_until_sent(page: Page, wire: Wire, words: str = "What is this?") -> None:
    """Type and wait until a frame was sent ahead."""
    with wire.socket.expect_event("framesent", lambda message: isinstance(message, bytes)):
        page.get_by_label("Your question").fill(words)


def change(page: Page, script: str, shown: tuple) -> None:
    page.evaluate(script)
    page.wait_for_function(IS_SHOWN, arg=list(shown))


def test_frame_is_looked_at_while_its_question_is_typed_and_asked_about_by_name(
    paced: PacedServer, drawn_page: Page, wire: Wire
) -> None:
    looked = type_until_looked(drawn_page, wire)
    drawn_page.keyboard.press("Enter")
    paced.answer("A ball.")
    expect(drawn_page.locator(".card")).to_have_attribute("data-state", "done")
    (query,) = wire.named("query")
    assert query["frame"] == looked["frame"]
    assert "image" not in query
    assert len(wire.pictures) == 1


@pytest.mark.parametrize(("script", "shown"), CHANGES.values(), ids=CHANGES.keys())
def test_changed_scene_is_asked_about_as_it_is_now(
    paced: PacedServer, drawn_page: Page, wire: Wire, script: str, shown: tuple
) -> None:
    """The answer is about the frame that the person was looking at, never about an earlier one."""
    type_until_looked(drawn_page, wire)
    change(drawn_page, script, shown)
    drawn_page.keyboard.press("Enter")
    paced.answer("A ball.")
    expect(drawn_page.locator(".card")).to_have_attribute("data-state", "done")
    (query,) = wire.named("query")
    assert "frame" not in query
    assert len(wire.pictures) >= 2
    assert wire.pictures[-1] != wire.pictures[0]


@pytest.mark.parametrize("fate", ["kept waiting", "refused"])
def test_frame_that_was_not_looked_at_yet_is_sent_as_it_is(
    paced: PacedServer, drawn_page: Page, wire: Wire, fate: str
) -> None:
    paced.looks(fate)
    type_until_sent(drawn_page, wire)
    drawn_page.keyboard.press("Enter")
    paced.answer("A ball.")
    expect(drawn_page.locator(".card")).to_have_attribute("data-state", "done")
    assert "frame" not in wire.named("query")[0]
    looked_at, asked_about = wire.pictures
    assert asked_about == looked_at


def test_look_that_nobody_waits_for_is_given_up(
    paced: PacedServer, drawn_page: Page, wire: Wire
) -> None:
    paced.looks("kept waiting")
    type_until_sent(drawn_page, wire)
    change(drawn_page, *CHANGES["another place"])
    drawn_page.keyboard.press("Enter")
    expect(drawn_page.locator(".card")).to_have_count(1)
    paced.answer("A ball.")
    expect(drawn_page.locator(".card")).to_have_attribute("data-state", "done")
    assert wire.named("cancel") == [{"id": wire.named("look")[-1]["id"]}]


def test_frame_that_was_forgotten_is_sent_as_a_picture_under_the_same_name(
    paced: PacedServer, drawn_page: Page, wire: Wire
) -> None:
    looked = type_until_looked(drawn_page, wire)
    drawn_page.keyboard.press("Enter")
    paced.fail("frame_forgotten", "That frame is no longer held. Send the picture again.")
    paced.answer("A ball.")
    expect(drawn_page.locator(".card")).to_have_attribute("data-state", "done")
    expect(drawn_page.locator(".card")).to_contain_text("A ball.")
    by_name, with_picture = wire.named("query")
    assert by_name["frame"] == looked["frame"]
    assert "frame" not in with_picture
    assert with_picture["id"] == by_name["id"]
    looked_at, sent_again = wire.pictures
    assert sent_again == looked_at


def test_frame_that_is_refused_for_another_reason_is_not_sent_again(
    paced: PacedServer, drawn_page: Page, wire: Wire
) -> None:
    """The page guessed that a frame was forgotten from the code of every bad picture."""
    type_until_looked(drawn_page, wire)
    drawn_page.keyboard.press("Enter")
    paced.fail("bad_image", "The picture cannot be read.")
    expect(drawn_page.locator(".card")).to_have_attribute("data-state", "failed")
    expect(drawn_page.locator(".card")).to_contain_text("The picture cannot be read.")
    assert len(wire.named("query")) == 1


def test_frame_that_the_server_forgot_is_sent_again_and_nobody_notices(
    browser: Browser, chromium: str, visit: Visit
) -> None:
    server = PacedServer("-m", "tests.browser.paced_server")
    server.start()
    try:
        page = visit(browser, "about:blank", allow=SERVER_AWAY, script=DRAWN_CAMERA)
        wire = Wire(page)
        page.goto(server.url)
        type_until_looked(with_camera(page), wire)
        page.keyboard.press("Enter")
        server.answer("A ball.")
        expect(page.locator(".card")).to_have_attribute("data-state", "done")
        assert "frame" in wire.named("query")[0]
        server.stop()
        # Until the page has noticed, its button still offers to ask.
        expect(page.get_by_role("complementary", name="Connection")).to_be_visible()
        server.start()
        expect(page.locator("#ask")).to_have_attribute("aria-disabled", "false")
        page.get_by_role("button", name="Ask again, same picture").click()
        server.answer("Still a ball.")
        expect(page.locator(".card").first).to_contain_text("Still a ball.")
        assert wire.pictures[0] == wire.pictures[-1]
    finally:
        server.stop()


def test_look_ahead_finds_what_the_real_model_answers_about(
    browser: Browser, server: Server, visit: Visit
) -> None:
    page = visit(browser, "about:blank")
    wire = Wire(page)
    page.goto(server.url)
    type_until_looked(with_camera(page), wire, "What colour is the circle?")
    page.keyboard.press("Enter")
    expect(page.locator(".card__text")).to_contain_text("red", ignore_case=True)
    assert "frame" in wire.named("query")[0]


@pytest.mark.parametrize(("kind", "n_looks"), [("still", 1), ("noisy", 1), ("moving", 0)])
def test_only_a_still_scene_is_looked_at_and_only_once(
    paced_page: Page, kind: str, n_looks: int
) -> None:
    assert paced_page.evaluate(WATCH, [kind, 4]) == [n_looks, True]


@pytest.mark.parametrize(
    "wish",
    [
        "Object.defineProperty(document, 'hidden', { value: true })",
        "Object.defineProperty(navigator, 'connection', { value: { saveData: true } })",
    ],
    ids=["hidden tab", "less data"],
)
def test_nothing_is_looked_at_where_that_would_be_a_waste(paced_page: Page, wish: str) -> None:
    paced_page.evaluate(wish)
    assert paced_page.evaluate(WATCH, ["still", 2]) == [0, False]
