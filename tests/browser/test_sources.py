"""Whatever is looked at: what is chosen is shown and asked about, and nothing else stays open."""

import io
import re
import wave
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import (
    ALLOWED,
    FAKE_CAMERA,
    PHONE,
    SCENES,
    Launch,
    PacedServer,
    Server,
    Visit,
    with_camera,
)
from tests.browser.films import webm
from tests.browser.test_look import serious_findings

COLOURS = ("red", "lime", "blue", "yellow", "aqua")
# Every track that was ever given to the page; how many of them are still open.
COUNT_TRACKS = """window.tracks = []
for (const name of ["getUserMedia", "getDisplayMedia"]) {
  const open = MediaDevices.prototype[name]
  MediaDevices.prototype[name] = async function (constraints) {
    const stream = await open.call(this, constraints)
    tracks.push(...stream.getTracks())
    return stream
  }
}
window.nOpen = () => tracks.filter(({ readyState }) => readyState === "live").length"""
# Two cameras of a phone: the one that was asked for is the one that is opened.
TWO_SIDES = """const open = MediaDevices.prototype.getUserMedia
window.asked = []
MediaDevices.prototype.getUserMedia = async function ({ video }) {
  const facing = video.facingMode.ideal
  asked.push(facing)
  const stream = await open.call(this, { video: true })
  const [track] = stream.getVideoTracks()
  const settings = track.getSettings.bind(track)
  track.getSettings = () => ({ ...settings(), facingMode: facing })
  return stream
}
MediaDevices.prototype.enumerateDevices = async () => ["Front", "Back"].map((label) => {
  return { kind: "videoinput", deviceId: label, label }
})"""
# What is seen in the middle of the stage, in the page's own pixels.
MIDDLE = """() => {
  const all = [...document.querySelectorAll(".stage__picture :is(video, canvas)")]
  const shown = all.filter((each) => each.checkVisibility())
  const canvas = Object.assign(document.createElement("canvas"), { width: 9, height: 9 })
  canvas.getContext("2d").drawImage(shown.at(-1), 0, 0, 9, 9)
  return [...canvas.getContext("2d").getImageData(4, 4, 1, 1).data].slice(0, 3)
}"""
TRANSFER = """([name, type, bytes, kind]) => {
  const file = new File([new Uint8Array(bytes)], name, { type })
  const brought = new DataTransfer()
  brought.items.add(file)
  const field = kind === "paste" ? "clipboardData" : "dataTransfer"
  const Kind = kind === "paste" ? ClipboardEvent : DragEvent
  document.body.dispatchEvent(new Kind(kind, { bubbles: true, cancelable: true, [field]: brought }))
}"""
NOT_A_PICTURE = "This file is not a picture that the browser can read. Choose another."
DAMAGED = "This picture is damaged or too large to be opened. Choose another."


def stage(page: Page) -> Locator:
    return page.locator("#stage")


def sheet(page: Page) -> Locator:
    return page.locator("#sources")


def open_sheet(page: Page) -> Locator:
    if not sheet(page).is_visible():
        page.locator("#source:visible, #source-brief:visible").click()
    return sheet(page)


def choose(page: Page, name: str) -> None:
    open_sheet(page).get_by_role("radio", name=name).click()


def expect_state(page: Page, state: str) -> None:
    expect(stage(page)).to_have_attribute("data-state", state)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def use_picture(page: Page, name: str, content: bytes, media_type: str = "") -> None:
    file = {"name": name, "mimeType": media_type, "buffer": content}
    page.locator("#picture-file").set_input_files(file)


def use_film(page: Page, content: bytes) -> None:
    file = {"name": "clip.webm", "mimeType": "video/webm", "buffer": content}
    page.locator("#film-file").set_input_files(file)


def film() -> bytes:
    return webm([Image.new("RGB", (320, 240), colour) for colour in COLOURS], frames_per_s=5)


def ask(page: Page, words: str = "What is this?") -> None:
    page.get_by_label("Your question").fill(words)
    page.get_by_label("Your question").press("Enter")


def is_near(seen: list[int], wanted: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 40 for one, other in zip(seen, wanted, strict=True))


def expect_middle(page: Page, wanted: tuple[int, int, int]) -> None:
    page.wait_for_function(
        f"(wanted) => ({MIDDLE})().every((level, at) => Math.abs(level - wanted[at]) < 40)",
        arg=list(wanted),
    )


@pytest.fixture
def tracked(launch: Launch, paced: PacedServer, visit: Visit) -> Page:
    """A camera that is on, and every track of the page in `tracks`."""
    return with_camera(visit(launch(ALLOWED, scene="red-circle"), paced.url, script=COUNT_TRACKS))


def test_sheet_says_what_a_frame_of_now_takes_and_gives_the_focus_back(paced_page: Page) -> None:
    page = paced_page
    page.locator("#source").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".sources__camera input")).to_be_focused()
    expect(page.locator("#source")).to_have_attribute("aria-expanded", "true")
    costs = sheet(page).get_by_role("radio", name="Fast").locator("xpath=..")
    wanted = re.compile(r"^Fast\s480 × 360, \d+ kB: the quickest answer$")
    expect(costs).to_have_text(wanted, use_inner_text=True)
    page.get_by_role("radio", name="Fast").check()
    ask(page)
    expect(page.locator(".card__frame")).to_have_attribute("height", "360")
    expect(sheet(page)).to_be_hidden()
    open_sheet(page)
    page.keyboard.press("Escape")
    expect(sheet(page)).to_be_hidden()
    expect(page.locator("#source")).to_be_focused()


def test_one_sheet_closes_the_other(paced_page: Page) -> None:
    page = paced_page
    open_sheet(page)
    page.locator("#bell").click()
    expect(page.locator("#watch")).to_be_visible()
    expect(sheet(page)).to_be_hidden()
    page.locator("#source").click()
    expect(sheet(page)).to_be_visible()
    expect(page.locator("#watch")).to_be_hidden()


def test_shared_screen_is_asked_about_and_can_be_shared_again(tracked: Page) -> None:
    page = tracked
    choose(page, "Screen, window or tab")
    expect_state(page, "screen")
    # The light of the camera is out.
    assert page.evaluate("nOpen()") == 1
    expect(page.locator("#source")).to_contain_text("Screen")
    ask(page)
    expect(page.locator(".card")).to_have_count(1)
    page.evaluate("tracks.at(-1).stop(); tracks.at(-1).dispatchEvent(new Event('ended'))")
    expect(stage(page)).to_contain_text("Sharing ended.")
    page.get_by_role("button", name="Share again").click()
    expect_state(page, "screen")
    choose(page, "Camera off")
    expect_state(page, "off")
    assert page.evaluate("nOpen()") == 0


def test_screen_that_is_not_shared_after_all_changes_nothing(tracked: Page) -> None:
    page = tracked
    page.evaluate(
        """() => {
          MediaDevices.prototype.getDisplayMedia = async () => {
            throw new DOMException("Permission denied", "NotAllowedError")
          }
        }"""
    )
    choose(page, "Screen, window or tab")
    expect(page.locator(".sources__camera input")).to_be_checked()
    expect_state(page, "live")
    expect(page.locator("#question-note")).to_be_hidden()


def test_browser_without_screens_does_not_offer_them(
    launch: Launch, paced: PacedServer, visit: Visit
) -> None:
    script = "delete MediaDevices.prototype.getDisplayMedia"
    page = visit(launch(FAKE_CAMERA), paced.url, script=script)
    open_sheet(page)
    expect(page.get_by_role("radio", name="Video file")).to_be_visible()
    expect(page.get_by_role("radio", name="Screen, window or tab")).to_be_hidden()


def test_video_is_asked_about_at_the_frame_where_it_stands(
    tracked: Page, paced: PacedServer
) -> None:
    page = tracked
    use_film(page, film())
    expect_state(page, "film")
    assert page.evaluate("nOpen()") == 0
    controls = page.get_by_role("group", name="The video")
    expect(controls).to_contain_text("0:00of 0:01")
    expect_middle(page, (255, 0, 0))
    controls.get_by_role("button", name="Step").click()
    expect_middle(page, (0, 255, 0))
    controls.get_by_role("button", name="Step").click()
    expect_middle(page, (0, 0, 255))
    ask(page)
    frame = page.locator(".card__frame")
    seen = frame.evaluate(
        """async (frame) => {
          await frame.decode()
          const canvas = Object.assign(document.createElement("canvas"), { width: 9, height: 9 })
          canvas.getContext("2d").drawImage(frame, 0, 0, 9, 9)
          return [...canvas.getContext("2d").getImageData(4, 4, 1, 1).data].slice(0, 3)
        }"""
    )
    assert is_near(seen, (0, 0, 255))
    controls.get_by_label("Where in the video").focus()
    page.keyboard.press("End")
    expect_middle(page, (0, 255, 255))


def test_video_plays_at_a_chosen_speed_and_stands_at_its_end(tracked: Page) -> None:
    page = tracked
    use_film(page, film())
    expect_state(page, "film")
    controls = page.get_by_role("group", name="The video")
    controls.get_by_label("Speed").select_option("2")
    assert page.evaluate("document.querySelector('.stage__film').playbackRate") == 2
    page.get_by_label("Your question").blur()
    page.keyboard.press("p")
    page.wait_for_function("() => document.querySelector('.stage__film').ended")
    expect(controls.get_by_role("button", name="Play")).to_be_visible()
    expect_middle(page, (0, 255, 255))
    expect(page.locator("#ask")).to_have_attribute("aria-disabled", "false")


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setparams((1, 2, 8000, 800, "NONE", ""))
        wav.writeframes(bytes(1600))
    return file.getvalue()


@pytest.mark.parametrize("content", [b"not a film", b"", sound()], ids=["text", "empty", "sound"])
def test_file_that_is_no_video_leaves_everything_as_it_was(tracked: Page, content: bytes) -> None:
    use_film(tracked, content)
    expect(tracked.locator("#question-note")).to_contain_text("This video cannot be shown here.")
    expect_state(tracked, "live")
    assert tracked.evaluate("nOpen()") == 1


def test_several_pictures_are_stepped_through_and_the_one_that_is_shown_is_asked_about(
    tracked: Page,
) -> None:
    page = tracked
    names = ("red-circle", "blue-square", "green-triangle", "yellow-star", "three-stars")
    files = [SCENES / f"{name}.png" for name in names]
    page.locator("#picture-file").set_input_files(files)
    expect_state(page, "picture")
    assert page.evaluate("nOpen()") == 0
    expect(page.locator("#question-note")).to_contain_text("these are the first 4")
    pictures = page.get_by_role("group", name="The pictures you chose")
    expect(pictures.get_by_role("button", name="Picture ")).to_have_count(4)
    expect(page.locator("#source")).to_contain_text("4 pictures")
    pictures.get_by_role("button", name="Picture 2, blue-square.png").click()
    expect(pictures).to_contain_text("2 of 4")
    page.keyboard.press("ArrowRight")
    expect(pictures).to_contain_text("3 of 4")
    expect(page.locator(".stage__still")).to_have_attribute(
        "aria-label", "The picture you chose, green-triangle.png"
    )
    expect(page.locator("#keep-looking")).to_be_hidden()


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_picture_can_be_dropped_and_pasted(paced_page: Page, kind: str) -> None:
    content = encoded(Image.new("RGB", (64, 48), "blue"), "PNG")
    paced_page.evaluate(TRANSFER, ["a.png", "image/png", list(content), kind])
    expect_state(paced_page, "picture")
    expect_middle(paced_page, (0, 0, 255))


def cmyk() -> bytes:
    return encoded(Image.new("CMYK", (64, 48), (255, 255, 0, 0)), "JPEG")


def of_16_bits() -> bytes:
    return encoded(Image.new("I;16", (64, 48), 40_000), "PNG")


def animated() -> bytes:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("blue", "red")]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=40, loop=0)


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(Image.new("RGB", (64, 48), "blue"), "JPEG", exif=exif)


def of_60_megapixels() -> bytes:
    return encoded(Image.new("RGB", (10_000, 6_000), "blue"), "JPEG", quality=50)


def drawn() -> bytes:
    return b"""<svg xmlns="http://www.w3.org/2000/svg" width="100000" height="50000">
      <script>top.hasRun = true</script><rect width="100%" height="100%" fill="blue"/>
      <image href="http://example.com/a.png" width="9" height="9"/></svg>"""


@pytest.mark.parametrize(
    ("make", "media_type", "size", "colour"),
    [
        (cmyk, "image/jpeg", (64, 48), (0, 0, 255)),
        (of_16_bits, "image/png", (64, 48), (156, 156, 156)),
        (animated, "image/gif", (64, 48), (0, 0, 255)),
        (turned, "image/jpeg", (48, 64), (0, 0, 255)),
        (of_60_megapixels, "image/jpeg", (3072, 1843), (0, 0, 255)),
        (drawn, "image/svg+xml", (3072, 1536), (0, 0, 255)),
    ],
)
def test_odd_picture_is_shown_as_viewers_show_it_and_within_bounds(
    paced_page: Page,
    make: Callable[[], bytes],
    media_type: str,
    size: tuple[int, int],
    colour: tuple[int, int, int],
) -> None:
    use_picture(paced_page, "odd", make(), media_type)
    expect_state(paced_page, "picture")
    expect_middle(paced_page, colour)
    shown = paced_page.evaluate(
        "(({ width, height }) => [width, height])(document.querySelector('.stage__still'))"
    )
    assert tuple(shown) == size
    ask(paced_page)
    expect(paced_page.locator(".card")).to_have_count(1)
    assert not paced_page.evaluate("'hasRun' in window")


def cut_short() -> bytes:
    noise = Image.effect_noise((640, 480), 90).convert("RGB")
    return encoded(noise, "PNG")[:2000]


def narrow() -> bytes:
    return encoded(Image.new("RGB", (1, 10_000), "blue"), "PNG")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.png", lambda: b"", "This file is empty. Choose another."),
        ("letter.jpg", lambda: b"Dear reader", NOT_A_PICTURE),
        ("broken.svg", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'", NOT_A_PICTURE),
        ("short.png", cut_short, DAMAGED),
        ("line.png", narrow, "This picture is 1 × 10000 pixels: too narrow to show anything."),
        ("photo.heic", lambda: b"\0\0\0\x18ftypheic", "This browser cannot read HEIC pictures."),
    ],
)
def test_file_that_cannot_be_shown_is_refused_and_the_camera_stays(
    tracked: Page, name: str, content: Callable[[], bytes], sentence: str
) -> None:
    use_picture(tracked, name, content(), "image/svg+xml" if name.endswith("svg") else "")
    expect(tracked.locator("#question-note")).to_contain_text(sentence)
    expect_state(tracked, "live")
    assert tracked.evaluate("nOpen()") == 1


def test_test_card_is_what_the_model_says_of_it(
    launch: Launch, server: Server, visit: Visit
) -> None:
    page = visit(launch(FAKE_CAMERA), server.url)
    expect_state(page, "off")
    choose(page, "Test card")
    expect_state(page, "card")
    answers = {
        "What colour is the circle?": "red",
        "How many shapes are there?": "three",
        "What is left of the square?": "circle",
    }
    for question, answer in answers.items():
        ask(page, question)
        newest = page.locator(".card").first
        expect(newest).to_contain_text(question)
        expect(newest).to_have_attribute("data-state", "done")
        expect(newest.locator(".card__text")).to_contain_text(re.compile(answer, re.IGNORECASE))
    expect(page.locator("#keep-looking")).to_be_visible()


def test_mirror_turns_what_is_seen_and_not_what_is_sent(
    paced: PacedServer, paced_page: Page
) -> None:
    page = paced_page
    page.get_by_label("Your question").blur()
    page.keyboard.press("m")
    expect(page.locator(".stage__video")).to_have_css("scale", "-1 1")
    page.get_by_label("Find").check(force=True)
    page.get_by_role("textbox").fill("mug")
    page.keyboard.press("Enter")
    paced.begin()
    paced.find(0.0, 0.2, 0.25, 0.6)
    paced.end()
    expect(page.locator(".card")).to_have_attribute("data-state", "done")
    places = page.evaluate(
        """[".stage .marks", ".card .marks"].map((name) => {
          const marks = document.querySelector(name)
          const box = marks.querySelector(".marks__line").getBoundingClientRect()
          const all = marks.getBoundingClientRect()
          return (box.left + box.width / 2 - all.left) / all.width
        })"""
    )
    assert places == [pytest.approx(0.875, abs=0.02), pytest.approx(0.125, abs=0.02)]
    open_sheet(page)
    expect(page.get_by_role("switch", name="Mirror")).to_be_checked()
    choose(page, "Test card")
    expect(page.locator(".stage__still")).to_have_css("scale", "none")
    expect(page.get_by_role("switch", name="Mirror")).to_be_hidden()


def test_phone_turns_to_its_other_camera(launch: Launch, paced: PacedServer, visit: Visit) -> None:
    page = with_camera(visit(launch(ALLOWED, FAKE_CAMERA), paced.url, script=TWO_SIDES, **PHONE))
    open_sheet(page)
    page.get_by_role("button", name="Use the front camera").click()
    expect(page.get_by_role("button", name="Use the back camera")).to_be_visible()
    assert page.evaluate("asked") == ["environment", "user"]


def test_finger_reaches_the_full_screen_by_the_sheet(
    browser: Browser, paced: PacedServer, visit: Visit
) -> None:
    page = with_camera(visit(browser, paced.url, **PHONE))
    open_sheet(page)
    page.get_by_role("button", name="Full screen").tap()
    expect(page.locator("#full-screen")).to_be_visible()
    page.get_by_role("button", name="Back to the page").tap()
    expect(page.locator("#question")).to_be_visible()


@pytest.mark.parametrize("size", [{}, PHONE], ids=["desk", "phone"])
def test_sheet_and_strips_are_readable_and_fit(
    browser: Browser, paced: PacedServer, visit: Visit, size: dict
) -> None:
    page = with_camera(visit(browser, paced.url, **size))
    open_sheet(page)
    expect(sheet(page)).to_contain_text("kB:")
    assert serious_findings(page) == []
    use_film(page, film())
    expect_state(page, "film")
    assert serious_findings(page) == []
    page.locator("#picture-file").set_input_files(
        [SCENES / "red-circle.png", SCENES / "blue-square.png"]
    )
    expect_state(page, "picture")
    assert serious_findings(page) == []
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
