"""The states of the page that `screens` takes pictures of.

A state is a function with a name and a line about it, which leads a page there: `@state(...)`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import FilePayload, expect

from bench.desk import APPLES, BOOK_AT, MUGS, PLANT, Box, data_url, desk, middle
from bench.screen import Screen
from tests.browser.films import webm

RULES = [
    {
        "id": "a",
        "kind": "object",
        "words": "parcel",
        "when": "appears",
        "limit": 2,
        "sure": "2 of 3",
    },
    {"id": "b", "kind": "question", "words": "Is the door open?", "when": "yes", "limit": 2}
    | {"sure": "3 of 5"},
]
WAYS = {
    "quiet": "1 min",
    "ways": {"page": True, "sound": True, "notification": False},
    "isOn": True,
}
REMEMBERED = json.dumps([rule | WAYS for rule in RULES])
SELECT_WORDS = """(text, [from, to]) => {
  getSelection().setBaseAndExtent(text.firstChild, from, text.firstChild, to)
}"""
# Where two pictures of these proportions lie, side by side, as fractions of both together.
TILES_LEFT, TILE_WIDTH, TILE_TOP, TILE_HEIGHT = (0.008, 0.504), 0.488, 0.105, 0.871
# What was held into the camera is seen: two apples, where there were three.
IS_PAINTED = """() => {
  const video = document.querySelector(".stage__video")
  const context = document.createElement("canvas").getContext("2d")
  const [x, y] = [0.565 * video.videoWidth, 0.66 * video.videoHeight].map(Math.round)
  context.drawImage(video, -x, -y)
  const [red, green] = context.getImageData(0, 0, 1, 1).data
  return red > green
}"""
N_MOMENTS, MOMENT_LIMIT_MS = 14, 60_000
MOMENTS = "(n) => Number(document.querySelector('#strip .strip__head').max) >= n"
LOST_CAMERA = "camera-lost"


@dataclass(frozen=True)
class State:
    """Where a page is led. script: what its browser has before; is_dark: its camera stays off."""

    name: str
    words: str
    reach: Callable[[Screen], None]
    script: str = ""
    is_dark: bool = False


STATES: dict[str, State] = {}


def state(name: str, words: str, **more: str | bool) -> Callable:
    def keep(reach: Callable[[Screen], None]) -> Callable[[Screen], None]:
        STATES[name] = State(name, words, reach, **more)  # type: ignore[arg-type]
        return reach

    return keep


# The camera is opened by itself where a browser was told once that it may.
NEVER_ASKED = """navigator.permissions.query = async () => {
  return Object.assign(new EventTarget(), { state: "prompt" })
}"""


@state("first-visit", "nothing was asked, the camera is off", script=NEVER_ASKED, is_dark=True)
def first_visit(screen: Screen) -> None:
    expect(screen.page.locator("#stage")).to_have_attribute("data-state", "off")


@state("history", "answers of before, each beside its picture")
def history(screen: Screen) -> None:
    screen.keep()
    screen.show_answers()


@state("search", "those in which a word is found, the word marked")
def search(screen: Screen) -> None:
    screen.keep()
    screen.open_kept("Search")
    screen.page.get_by_label("Search in questions and answers").fill("mug")
    expect(screen.page.locator("#search-count")).not_to_be_empty()
    screen.show_answers()


@state("more", "what else can be done with one answer")
def more(screen: Screen) -> None:
    screen.keep()
    screen.newest.get_by_role("button", name="More about this answer").click()


@state("kept", "what is kept, where, and what can be done with all of it")
def kept(screen: Screen) -> None:
    screen.keep()
    screen.open_kept("More")


@state("undo", "an answer was deleted, and can be put back for 8 s")
def undo(screen: Screen) -> None:
    screen.keep()
    screen.newest.get_by_role("button", name="More about this answer").click()
    screen.click("Delete")
    expect(screen.page.locator(".undone")).to_be_visible()


@state("sources", "what to look at, and how closely")
def sources(screen: Screen) -> None:
    screen.open_sources()


@state("rewind", "the picture frozen, its last seconds under it")
def rewind(screen: Screen) -> None:
    page = screen.page
    for at in range(N_MOMENTS):
        page.evaluate("(url) => hold(url)", data_url(desk(red_mug_moved=at * 0.006)))
        page.wait_for_function(MOMENTS, arg=at, timeout=MOMENT_LIMIT_MS)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("p")
    for _ in range(N_MOMENTS // 2):
        page.keyboard.press("ArrowLeft")


@state("film", "a video file, with what moves it")
def film(screen: Screen) -> None:
    frames = [desk(red_mug_moved=at * 0.006) for at in range(20)]
    file = FilePayload(name="table.webm", mimeType="video/webm", buffer=webm(frames))
    screen.page.locator("#film-file").set_input_files(file)
    expect(screen.page.locator("#stage")).to_have_attribute("data-state", "film")
    for _ in range(6):
        screen.click("Step")


@state("pictures", "several picture files, one of them shown")
def pictures(screen: Screen) -> None:
    files = {"monday.jpg": desk(), "tuesday.jpg": desk(2), "wednesday.jpg": desk(1, 0.06)}
    screen.choose_pictures(files)


@state("together", "several pictures asked about together: what was found, in each of them")
def together(screen: Screen) -> None:
    screen.choose_pictures({"monday.jpg": desk(), "tuesday.jpg": desk(2)})
    screen.click("Ask about all")
    screen.page.get_by_label("Your question").fill("Find the blue mug")
    screen.page.keyboard.press("Enter")
    screen.server.find(*(_in_tile(MUGS[1], left) for left in TILES_LEFT))
    screen.wait_for_answer("Find: blue mug")


def _in_tile(box: Box, left: float) -> Box:
    x_min, x_max = (left + TILE_WIDTH * box[at] for at in (0, 2))
    y_min, y_max = (TILE_TOP + TILE_HEIGHT * box[at] for at in (1, 3))
    return (x_min, y_min, x_max, y_max)


@state("what-changed", "then and now side by side, and what is different")
def what_changed(screen: Screen) -> None:
    screen.page.evaluate("document.activeElement.blur()")
    screen.page.keyboard.press("p")
    screen.page.evaluate("(url) => hold(url)", data_url(desk(2, 0.05)))
    screen.page.wait_for_function(IS_PAINTED)
    screen.click("What changed?")
    screen.server.answer("One apple is gone, and the red mug stands further right.")
    screen.wait_for_answer("What is different in B?")


@state("marked", "what is meant by this, marked on the picture")
def marked(screen: Screen) -> None:
    screen.mark(PLANT)
    screen.ask("What is this?", "A green plant in a clay pot.")


@state("closer", "a part of the picture looked at closer")
def closer(screen: Screen) -> None:
    screen.mark(BOOK_AT)
    screen.page.get_by_role("button", name="Look closer").click()
    screen.ask("What is written here?", "Five lines of print, none of which can be read.")


@state("thought", "Think first: how it came to its answer, its points lit up")
def thought(screen: Screen) -> None:
    screen.think_first()
    question = "Which mug is closer to the plant?"
    screen.page.get_by_label("Your question").fill(question)
    screen.page.keyboard.press("Enter")
    words = "The red mug stands far left. The blue mug stands right beside the plant."
    things = {"red mug": MUGS[0], "blue mug": MUGS[1], "plant": PLANT}
    starts = [(words.index(name), name, box) for name, box in things.items()]
    spans = [[at, at + len(name), middle(box)] for at, name, box in starts]
    screen.server.tell("begin", f"think {json.dumps([words, *spans])}")
    screen.server.tell(f"say {json.dumps('The blue mug.')}", "end stop")
    screen.wait_for_answer(question)
    screen.newest.locator("summary").click()
    screen.newest.get_by_role("button", name="blue mug").focus()


def _counted(screen: Screen, said: str, n_found: int) -> None:
    screen.ask("How many apples are there?", said)
    screen.newest.get_by_role("button", name="Point at the apples").click()
    screen.server.find(*map(middle, APPLES[:n_found]))
    screen.wait_for_answer("Point: apples")
    screen.page.locator(".card__check:visible").scroll_into_view_if_needed()


@state("proof-agreed", "a count, pointed at: both say the same")
def proof_agreed(screen: Screen) -> None:
    _counted(screen, "There are three apples.", 3)


@state("proof-doubted", "a count, pointed at: they differ, and the answer says so")
def proof_doubted(screen: Screen) -> None:
    _counted(screen, "There are four apples.", 3)


@state("find", "what was looked for, boxed in its picture")
def find(screen: Screen) -> None:
    screen.page.get_by_label("Your question").fill("Find the mugs")
    screen.page.keyboard.press("Enter")
    screen.server.find(*MUGS)
    screen.wait_for_answer("Find: mugs")


@state("find-here", "words of an answer are chosen, to be found in its picture")
def find_here(screen: Screen) -> None:
    screen.ask("What is on the table?", "Two mugs, three green apples and a plant.")
    screen.newest.locator(".card__text").evaluate(SELECT_WORDS, [10, 28])
    expect(screen.page.get_by_role("button", name="Find it here")).to_be_visible()


@state("settings", "all that a person can choose, on one sheet")
def settings(screen: Screen) -> None:
    screen.click("Settings")


@state("test-card", "no camera: a card that the page draws, asked about")
def test_card(screen: Screen) -> None:
    screen.open_sources()
    screen.page.get_by_role("radio", name="Test card").click()
    screen.page.keyboard.press("Escape")
    screen.ask("What do you see?", "A card with a red circle, a blue square and a green triangle.")


@state("keep-looking", "one question kept answered, with what was so before")
def keep_looking(screen: Screen) -> None:
    screen.page.get_by_label("Your question").fill("What is on the table?")
    screen.page.locator("#keep-looking:visible, #keep-looking-brief:visible").click()
    for n_apples, words in ((3, "three apples"), (2, "two apples"), (1, "one apple")):
        screen.page.evaluate("(url) => hold(url)", data_url(desk(n_apples)))
        screen.server.answer(f"Two mugs, {words} and a plant.")
        expect(screen.page.locator(".live__words")).to_contain_text(words)


@state(
    "watch",
    "what is watched for",
    script=f"if (origin !== 'null') localStorage['moonsight.rules'] = {json.dumps(REMEMBERED)}",
)
def watch(screen: Screen) -> None:
    # Not by its key: a camera that opens meanwhile takes the focus to the question.
    screen.page.locator("#bell").dispatch_event("click")
    expect(screen.page.locator("#watch")).to_be_visible()


@state(LOST_CAMERA, "a camera in the network that does not answer", is_dark=True)
def camera_lost(screen: Screen) -> None:
    screen.open_sources()
    screen.page.get_by_role("radio", name="Front door").click()
    screen.page.keyboard.press("Escape")
    expect(screen.page.locator("#stage")).to_contain_text("Trying again in ")
