"""A sentence for each thing that can keep the camera from showing something, and the way out."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import (
    ALLOWED,
    DENIED,
    FAKE_CAMERA,
    SCENES,
    Launch,
    PacedServer,
    Visit,
    resize,
    turn_on_camera,
    with_camera,
)

# Fails with this error, or with none, until `works` is set.
FAILS = """window.works = false
const open = MediaDevices.prototype.getUserMedia
MediaDevices.prototype.getUserMedia = async function (constraints) {
  if (!works) throw %s
  return open.call(this, constraints)
}"""
IN_USE = FAILS % 'new DOMException("Device in use", "NotReadableError")'
UNSUPPORTED = """Object.defineProperty(navigator, "mediaDevices", { value: undefined })"""
INSECURE = f"""{UNSUPPORTED}
Object.defineProperty(window, "isSecureContext", {{ value: false }})
Object.defineProperty(crypto, "randomUUID", {{ value: undefined }})"""
UNANSWERED = """const open = MediaDevices.prototype.getUserMedia
MediaDevices.prototype.getUserMedia = function (constraints) {
  return new Promise((resolve) => { window.answer = () => resolve(open.call(this, constraints)) })
}"""
NO_FRAMES = """navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 })
  const context = canvas.getContext("2d")
  context.fillStyle = "teal"
  const stream = canvas.captureStream(0)
  window.showFrame = () => {
    context.fillRect(0, 0, 640, 480)
    stream.getVideoTracks()[0].requestFrame()
  }
  return stream
}"""
MUTE = """(isMuted) => {
  const [track] = document.querySelector("video").srcObject.getVideoTracks()
  Object.defineProperty(track, "muted", { value: isMuted, configurable: true })
  track.dispatchEvent(new Event(isMuted ? "mute" : "unmute"))
}"""
MUTED_AT_FIRST = """const open = MediaDevices.prototype.getUserMedia
MediaDevices.prototype.getUserMedia = async function (constraints) {
  const stream = await open.call(this, constraints)
  Object.defineProperty(stream.getVideoTracks()[0], "muted", { value: true, configurable: true })
  return stream
}"""
# As browsers do that play nothing before a page was touched.
# Not by navigator.userActivation: a test that looks at the page counts as a gesture there.
TAP_FIRST = """const play = HTMLMediaElement.prototype.play
let hasTapped = false
addEventListener("pointerdown", () => { hasTapped = true }, true)
HTMLMediaElement.prototype.play = function () {
  if (hasTapped) return play.call(this)
  return Promise.reject(new DOMException("The user did not interact.", "NotAllowedError"))
}"""
PLAYS_NOT_AT_FIRST = """const play = HTMLMediaElement.prototype.play
let isFirst = true
HTMLMediaElement.prototype.play = async function () {
  if (!isFirst) return play.call(this)
  isFirst = false
  throw new DOMException("Not now", "%s")
}"""
END_TRACK = """() => document.querySelector("video").srcObject.getVideoTracks()[0]
  .dispatchEvent(new Event("ended"))"""
CHANGE_DEVICES = "navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
# No camera is there until `isPlugged` is set; as before a permission, it is told without its name.
UNPLUGGED = """window.isPlugged = false
const list = MediaDevices.prototype.enumerateDevices
MediaDevices.prototype.enumerateDevices = async function () {
  return isPlugged ? [{ kind: "videoinput", deviceId: "", label: "" }] : []
}
"""
# A camera whose picture `show(colour)` changes at once, ten times a second until `freeze()`.
PAINTED = """navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 })
  const context = canvas.getContext("2d")
  let painting = null
  const paint = () => context.fillRect(0, 0, 640, 480)
  window.show = (colour) => {
    context.fillStyle = colour
    freeze()
    painting = setInterval(paint, 100)
    paint()
  }
  window.freeze = () => clearInterval(painting)
  show("teal")
  return canvas.captureStream(10)
}"""
SECONDS_SINCE_TOLD = """() => {
  const seconds = (time) => time.split(":").reduce((sum, part) => 60 * sum + Number(part), 0)
  const since = seconds(document.querySelector(".stage__since").textContent)
  return (seconds(new Date().toTimeString().slice(0, 8)) - since + 86400) % 86400
}"""
HIDE = """(isHidden) => {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true })
  document.dispatchEvent(new Event("visibilitychange"))
}"""
CANNOT_ASK = "You can keep typing. Asking needs a picture and a connection."
# A page that left the person before a black stage for 40 s is what all this is about.
WAY_OUT_LIMIT_MS = 8000
SIZES = ((1440, 900), (820, 1180), (390, 844), (360, 640), (320, 568), (844, 390))
TURNED_PHONE = """navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 })
  const draw = () => canvas.getContext("2d").fillRect(0, 0, canvas.width, canvas.height)
  setInterval(draw, 50)
  draw()
  window.turn = () => Object.assign(canvas, { width: 480, height: 640 })
  return canvas.captureStream(10)
}"""


# Shows the words of a state as if it were so, and tells whether any of them or a button is cut off.
SHOWN_CUT_OFF = """(state) => {
  stage.dataset.state = state
  for (const each of document.querySelectorAll(".stage__message")) {
    each.hidden = each.dataset.for !== state
  }
  const said = "NotReadableError: Could not start video source"
  for (const each of document.querySelectorAll(".stage__said b")) each.textContent = said
  document.querySelector(".stage__instead").hidden = state === "asking"
  const box = document.querySelector(".stage__messages")
  return box.scrollHeight > box.clientHeight || box.scrollWidth > box.clientWidth
}"""


def stage(page: Page) -> Locator:
    return page.locator("#stage")


def message(page: Page) -> Locator:
    return page.locator(".stage__message:not([hidden])")


def test_first_visit_says_what_happens_to_the_picture(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    page = visit(launch(FAKE_CAMERA), paced.url)
    expect(stage(page)).to_contain_text("Show it something. Ask about it.")
    expect(stage(page)).to_contain_text("looked at on this computer and goes nowhere else")
    expect(page.locator("#source")).to_contain_text("Camera off")


def test_camera_starts_at_once_when_permission_was_given_before(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    page = visit(launch(FAKE_CAMERA), paced.url, permissions=["camera"])
    expect(stage(page)).to_have_attribute("data-state", "live")
    expect(page.get_by_label("Your question")).to_be_focused()


@pytest.mark.parametrize(
    ("flags", "script", "sentence"),
    [
        ((FAKE_CAMERA, DENIED), "", "The camera is blocked for this page."),
        ((ALLOWED,), "", "No camera found."),
        ((FAKE_CAMERA, ALLOWED), IN_USE, "Another program is using the camera."),
    ],
)
def test_camera_that_cannot_be_shown_is_explained(
    launch: Launch,
    paced: PacedServer,
    visit: Visit,
    flags: tuple[str, ...],
    script: str,
    sentence: str,
) -> None:
    page = visit(launch(*flags), paced.url, script=script)
    turn_on_camera(page)
    expect(stage(page)).to_contain_text(sentence)
    expect(page.get_by_role("button", name="Use a picture instead")).to_be_visible()
    page.get_by_label("Your question").fill("Anything?")
    expect(page.locator("#question-note")).to_have_text(CANNOT_ASK)
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_contain_text("You can keep typing.")
    expect(page.locator(".card")).to_have_count(0)


def test_page_without_a_secure_address_says_where_to_open_it(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    page = visit(launch(FAKE_CAMERA), paced.url, script=INSECURE)
    expect(stage(page)).to_contain_text("Browsers allow cameras only on secure pages.")
    expect(stage(page)).to_contain_text(f"Open http://localhost:{paced.port} on the computer")


def test_browser_without_cameras_for_pages_is_not_told_to_open_another_address(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    page = visit(launch(FAKE_CAMERA), paced.url, script=UNSUPPORTED)
    expect(message(page)).to_contain_text("This browser has no cameras for pages.")
    expect(page.get_by_role("button", name="Use a picture instead")).to_be_visible()


@pytest.mark.parametrize(
    ("error", "sentence", "button"),
    [
        (
            'new DOMException("Permission denied by system", "NotAllowedError")',
            "Open the system’s own settings for privacy",
            "Try again",
        ),
        (
            'new DOMException("Permission dismissed", "NotAllowedError")',
            "The question was closed without an answer.",
            "Turn on the camera",
        ),
        (
            'new DOMException("The request is not allowed by the user agent or the platform in the '
            'current context.", "NotAllowedError")',
            "The browser says: NotAllowedError: The request is not allowed",
            "Try again",
        ),
        (
            'new DOMException("Support is switched off", "SecurityError")',
            "The browser says: SecurityError: Support is switched off",
            "Try again",
        ),
        (
            'new DOMException("Could not start video source", "NotReadableError")',
            "The browser says: NotReadableError: Could not start video source",
            "Try again",
        ),
        (
            'new DOMException("Timeout starting video source", "AbortError")',
            "The browser says: AbortError: Timeout starting video source",
            "Try again",
        ),
        ('new TypeError("No constraints")', "The browser says: TypeError: No", "Try again"),
        ('new DOMException("", "AnyOtherError")', "The browser says: AnyOtherError", "Try again"),
        (
            'new DOMException("Requested device not found", "NotFoundError")',
            "No camera found.",
            "Try again",
        ),
    ],
)
def test_error_is_told_without_a_guess_and_its_button_tries_again(
    launch: Launch, paced: PacedServer, visit: Visit, error: str, sentence: str, button: str
) -> None:
    """Every error that had no row of its own was another program, and every refusal the page's."""
    page = visit(launch(ALLOWED, FAKE_CAMERA), paced.url, script=FAILS % error)
    turn_on_camera(page)
    expect(message(page)).to_contain_text(sentence)
    expect(message(page)).not_to_contain_text("beside the address")
    expect(message(page)).not_to_contain_text("Another program")
    expect(page.get_by_role("button", name="Use a picture instead")).to_be_visible()
    page.evaluate("works = true")
    message(page).get_by_role("button", name=button).click()
    expect(stage(page)).to_have_attribute("data-state", "live")


def test_camera_that_fits_nothing_says_so_and_another_can_be_chosen(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    error = 'new OverconstrainedError("width", "Too wide")'
    page = visit(launch(FAKE_CAMERA), paced.url, permissions=["camera"], script=FAILS % error)
    expect(message(page)).to_contain_text("No camera can do what was asked of it.")
    page.evaluate("works = true")
    page.get_by_role("button", name="Choose a camera").click()
    page.locator("#sources-cameras").get_by_role("radio").first.click()
    expect(stage(page)).to_have_attribute("data-state", "live")


def test_browser_that_does_not_answer_is_waited_for_and_need_not_be(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    """A question that nobody answers, or a driver that hangs, left no way on."""
    page = visit(launch(ALLOWED, FAKE_CAMERA), paced.url, script=UNANSWERED)
    turn_on_camera(page)
    expect(stage(page)).to_contain_text("not answered yet", timeout=WAY_OUT_LIMIT_MS)
    expect(page.get_by_role("button", name="Use a picture instead")).to_be_visible()
    page.get_by_role("button", name="Stop waiting").click()
    expect(stage(page)).to_have_attribute("data-state", "off")
    page.evaluate("answer()")
    turn_on_camera(page)
    expect(stage(page)).to_contain_text("not answered yet", timeout=WAY_OUT_LIMIT_MS)
    page.evaluate("answer()")
    expect(stage(page)).to_have_attribute("data-state", "live")


def test_picture_can_be_used_while_the_browser_does_not_answer(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    page = visit(launch(ALLOWED, FAKE_CAMERA), paced.url, script=UNANSWERED)
    turn_on_camera(page)
    page.get_by_role("button", name="Use a picture instead").wait_for(timeout=WAY_OUT_LIMIT_MS)
    page.locator("#picture-file").set_input_files(SCENES / "blue-square.png")
    expect(stage(page)).to_have_attribute("data-state", "picture")
    page.evaluate("answer()")
    page.get_by_label("Your question").fill("What is this?")
    page.keyboard.press("Enter")
    expect(page.locator(".card")).to_have_count(1)
    expect(stage(page)).to_have_attribute("data-state", "picture")


def test_camera_without_a_frame_is_told_and_its_first_frame_is_shown(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    """A camera that opened and sent nothing left a black stage, without a word or a way out."""
    page = visit(launch(FAKE_CAMERA), paced.url, script=NO_FRAMES)
    turn_on_camera(page)
    expect(stage(page)).to_contain_text("sends no picture", timeout=WAY_OUT_LIMIT_MS)
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    expect(page.get_by_role("button", name="Use a picture instead")).to_be_visible()
    page.get_by_label("Your question").fill("Anything?")
    page.keyboard.press("Enter")
    expect(page.locator("#question-note")).to_have_text(CANNOT_ASK)
    expect(page.locator(".card")).to_have_count(0)
    page.evaluate("showFrame()")
    expect(stage(page)).to_have_attribute("data-state", "live")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".card")).to_have_count(1)


def test_nothing_is_asked_while_the_camera_is_muted(paced_page: Page) -> None:
    """What the system mutes shows black, and the page asked about the black."""
    paced_page.evaluate(MUTE, True)
    expect(stage(paced_page)).to_contain_text("The camera is muted.")
    expect(paced_page.get_by_role("button", name="Use a picture instead")).to_be_visible()
    paced_page.get_by_label("Your question").fill("Anything?")
    paced_page.keyboard.press("Enter")
    expect(paced_page.locator("#question-note")).to_have_text(CANNOT_ASK)
    expect(paced_page.locator(".card")).to_have_count(0)
    paced_page.evaluate(MUTE, False)
    expect(stage(paced_page)).to_have_attribute("data-state", "live")
    paced_page.keyboard.press("Enter")
    expect(paced_page.locator(".card")).to_have_count(1)


def test_camera_that_is_muted_from_the_start_says_so(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    page = visit(launch(FAKE_CAMERA), paced.url, permissions=["camera"], script=MUTED_AT_FIRST)
    expect(message(page)).to_contain_text("The camera is muted.")
    page.evaluate(MUTE, False)
    expect(stage(page)).to_have_attribute("data-state", "live")


def test_tap_starts_a_picture_that_the_browser_holds_back(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    """It was told as a blocked camera, and a permission asked for that had been given."""
    page = visit(launch(FAKE_CAMERA), paced.url, permissions=["camera"], script=TAP_FIRST)
    expect(message(page)).to_contain_text("A tap starts the picture.")
    page.get_by_role("button", name="Show the picture").click()
    expect(stage(page)).to_have_attribute("data-state", "live")
    assert not page.evaluate("document.querySelector('video').paused")


@pytest.mark.parametrize(
    ("name", "sentence", "button"),
    [
        ("AbortError", "A tap starts the picture.", "Show the picture"),
        ("NotSupportedError", "The browser says: NotSupportedError: Not now", "Try again"),
    ],
)
def test_picture_that_does_not_start_has_a_way_on(
    launch: Launch, paced: PacedServer, visit: Visit, name: str, sentence: str, button: str
) -> None:
    script = PLAYS_NOT_AT_FIRST % name
    page = visit(launch(FAKE_CAMERA), paced.url, permissions=["camera"], script=script)
    expect(message(page)).to_contain_text(sentence)
    page.get_by_role("button", name=button).click()
    expect(stage(page)).to_have_attribute("data-state", "live")


def test_picture_that_was_paused_goes_on(paced_page: Page) -> None:
    paced_page.evaluate("document.querySelector('video').pause()")
    paced_page.wait_for_function("() => !document.querySelector('video').paused")
    expect(stage(paced_page)).to_have_attribute("data-state", "live")


def test_camera_that_went_while_the_page_slept_is_opened_again(paced_page: Page) -> None:
    """A page out of the browser's cache has a track that ended without an event."""
    paced_page.evaluate(
        """() => {
          window.before = document.querySelector("video").srcObject.getVideoTracks()[0]
          before.stop()
          window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))
        }"""
    )
    paced_page.wait_for_function(
        """() => {
          const track = document.querySelector("video").srcObject?.getVideoTracks()[0]
          return stage.dataset.state === "live" && track !== before && track.readyState === "live"
        }"""
    )


def test_camera_that_sends_nothing_more_after_a_sleep_is_told(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    """Its last frame stood there as if it were of now, and was asked about."""
    page = visit(launch(FAKE_CAMERA), paced.url, script=NO_FRAMES)
    turn_on_camera(page)
    page.wait_for_function("() => document.querySelector('video').srcObject !== null")
    page.evaluate("showFrame()")
    expect(stage(page)).to_have_attribute("data-state", "live")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(message(page)).to_contain_text("The picture stands still.", timeout=WAY_OUT_LIMIT_MS)
    page.evaluate("showFrame()")
    expect(stage(page)).to_have_attribute("data-state", "live")


@pytest.fixture
def painted(launch: Launch, paced: PacedServer, visit: Visit) -> Page:
    page = with_camera(visit(launch(FAKE_CAMERA), paced.url, script=PAINTED))
    page.get_by_label("Your question").fill("Anything?")
    return page


def test_nothing_is_asked_about_a_picture_that_stands_still(painted: Page) -> None:
    """Its last frame was asked about, minutes later, as if it were of now."""
    painted.evaluate("freeze()")
    expect(message(painted)).to_contain_text("The picture stands still.", timeout=WAY_OUT_LIMIT_MS)
    expect(message(painted)).to_contain_text(re.compile(r"No new frame since \d\d:\d\d:\d\d\."))
    since_s = painted.evaluate(SECONDS_SINCE_TOLD)
    assert 3 <= since_s <= WAY_OUT_LIMIT_MS / 1000
    expect(painted.locator(".stage__video")).to_be_visible()
    painted.keyboard.press("Enter")
    expect(painted.locator("#question-note")).to_have_text(CANNOT_ASK)
    expect(painted.locator(".card")).to_have_count(0)


def test_picture_that_goes_on_is_live_again(painted: Page) -> None:
    painted.evaluate("freeze()")
    expect(stage(painted)).to_have_attribute("data-state", "frozen", timeout=WAY_OUT_LIMIT_MS)
    painted.evaluate("show('teal')")
    expect(stage(painted)).to_have_attribute("data-state", "live")
    painted.get_by_label("Your question").press("Enter")
    expect(painted.locator(".card")).to_have_count(1)


def test_camera_whose_picture_stands_still_can_be_opened_again(painted: Page) -> None:
    painted.evaluate("freeze()")
    message(painted).get_by_role("button", name="Try again").click(timeout=WAY_OUT_LIMIT_MS)
    expect(stage(painted)).to_have_attribute("data-state", "live")


def test_black_picture_is_told_and_can_still_be_asked_about(painted: Page) -> None:
    painted.evaluate("show('#060606')")
    expect(message(painted)).to_contain_text("The picture is black. Is the lens covered?")
    expect(painted.locator(".stage__video")).to_be_visible()
    painted.keyboard.press("Enter")
    expect(painted.locator(".card")).to_have_count(1)
    painted.evaluate("show('teal')")
    expect(stage(painted)).to_have_attribute("data-state", "live")
    expect(message(painted)).to_have_count(0)


def test_dark_picture_with_a_light_in_it_is_not_called_black(painted: Page) -> None:
    """Three checks of the black one before show that checks go on."""
    painted.evaluate("show('black')")
    expect(stage(painted)).to_have_attribute("data-state", "black")
    painted.evaluate("show('#141414')")
    expect(stage(painted)).to_have_attribute("data-state", "live")


def test_focus_stays_where_it_is_when_the_light_comes_back(painted: Page) -> None:
    painted.evaluate("show('black')")
    expect(stage(painted)).to_have_attribute("data-state", "black")
    painted.locator("#source").focus()
    painted.evaluate("show('teal')")
    expect(stage(painted)).to_have_attribute("data-state", "live")
    expect(painted.locator("#source")).to_be_focused()


def test_picture_is_given_time_after_nobody_could_see_it(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    """Browsers deliver no frames to a hidden tab, which is not the camera's fault."""
    page = visit(launch(FAKE_CAMERA), paced.url, script=PAINTED)
    page.clock.install()
    page.reload()
    with_camera(page)
    page.evaluate("freeze()")
    page.evaluate(HIDE, True)
    page.clock.run_for(60_000)
    assert stage(page).get_attribute("data-state") == "live"
    page.evaluate(HIDE, False)
    page.clock.run_for(2000)
    assert stage(page).get_attribute("data-state") == "live"
    page.clock.run_for(2000)
    assert stage(page).get_attribute("data-state") == "frozen"


def test_camera_appears_when_it_is_plugged_in_before_any_permission(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    """Without a permission cameras have no names, and one without a name was taken for none."""
    error = 'new DOMException("Requested device not found", "NotFoundError")'
    page = visit(launch(ALLOWED, FAKE_CAMERA), paced.url, script=UNPLUGGED + FAILS % error)
    turn_on_camera(page)
    expect(message(page)).to_contain_text("Plug one in and it appears here.")
    page.evaluate("works = isPlugged = true")
    page.evaluate(CHANGE_DEVICES)
    expect(stage(page)).to_have_attribute("data-state", "live")


def test_every_state_of_the_camera_fits_the_stage_with_all_its_ways_out(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    page = visit(launch(FAKE_CAMERA), paced.url)
    expect(stage(page)).to_have_attribute("data-state", "off")
    states = page.locator(".stage__message").evaluate_all("all => all.map(one => one.dataset.for)")
    cut_off = []
    for width, height in SIZES:
        resize(page, width, height)
        for state in states:
            if page.evaluate(SHOWN_CUT_OFF, state):
                cut_off.append((state, width, height))
    assert cut_off == []


def test_unplugged_camera_is_noticed_and_another_can_be_chosen(paced_page: Page) -> None:
    paced_page.evaluate(
        """navigator.mediaDevices.enumerateDevices = async () => {
             return [{ kind: "videoinput", deviceId: "another", label: "Another" }]
           }"""
    )
    paced_page.evaluate(END_TRACK)
    expect(stage(paced_page)).to_contain_text("The camera was unplugged.")
    paced_page.get_by_role("button", name="Choose a camera").click()
    paced_page.get_by_role("radio", name="Another").click()
    expect(stage(paced_page)).to_have_attribute("data-state", "live")


def test_camera_that_stops_is_not_called_unplugged_while_it_is_there(paced_page: Page) -> None:
    paced_page.evaluate(END_TRACK)
    expect(message(paced_page)).to_contain_text("The camera stopped.")
    expect(message(paced_page).get_by_role("button", name="Try again")).to_be_visible()
    paced_page.get_by_role("button", name="Choose a camera").click()
    paced_page.locator("#sources-cameras").get_by_role("radio").first.click()
    expect(stage(paced_page)).to_have_attribute("data-state", "live")


def test_camera_that_comes_back_is_shown_again(paced_page: Page) -> None:
    paced_page.evaluate(END_TRACK)
    expect(message(paced_page)).to_contain_text("The camera stopped.")
    paced_page.evaluate(CHANGE_DEVICES)
    expect(stage(paced_page)).to_have_attribute("data-state", "live")


def test_camera_can_be_turned_off(paced_page: Page) -> None:
    paced_page.locator("#source").click()
    paced_page.get_by_role("radio", name="Camera off").click()
    expect(stage(paced_page)).to_have_attribute("data-state", "off")
    assert paced_page.evaluate("document.querySelector('video').srcObject") is None


def test_frame_has_the_size_that_the_picture_has_now(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    """A page that measures the video once sends squeezed frames after a phone is turned."""
    page = with_camera(visit(launch(ALLOWED, FAKE_CAMERA), paced.url, script=TURNED_PHONE))
    page.evaluate("turn()")
    page.wait_for_function("() => document.querySelector('video').videoHeight === 640")
    page.get_by_label("Your question").fill("What is this?")
    page.keyboard.press("Enter")
    frame = page.locator(".card__frame")
    expect(frame).to_have_attribute("width", "480")
    expect(frame).to_have_attribute("height", "640")


def test_file_that_is_no_picture_is_refused_in_words(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    page = visit(launch(FAKE_CAMERA), paced.url)
    page.locator("#picture-file").set_input_files(
        {"name": "letter.png", "mimeType": "image/png", "buffer": b"Dear reader"}
    )
    expect(page.locator("#question-note")).to_contain_text("This file is not a picture")
    expect(stage(page)).to_have_attribute("data-state", "off")
