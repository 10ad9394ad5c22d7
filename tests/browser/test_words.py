"""What the page works out by itself: phases of the moon, times, sizes, places, frames, commands."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PacedServer

# Sums up what a path fills, point by point, as a part of the whole disc.
LIT_AREA = """async (fraction) => {
  const { litPath } = await import("/static/js/plain/moon.js")
  const context = document.createElement("canvas").getContext("2d")
  const path = new Path2D(litPath(fraction, 1))
  let lit = 0, disc = 0
  for (let x = -1; x <= 1; x += 0.01) for (let y = -1; y <= 1; y += 0.01) {
    if (x * x + y * y > 1) continue
    disc += 1
    if (context.isPointInPath(path, x, y)) lit += 1
  }
  return lit / disc
}"""
CALL = "async ([file, name, args]) => (await import(`/static/js/${file}.js`))[name](...args)"
MANY_PIXELS = 10**9
COMMANDS = {"find": "detect", "locate": "detect"} | {
    f"point {to}": "point" for to in ("at", "to", "out")
}


@pytest.fixture(scope="module")
def any_page(browser: Browser, paced_server: PacedServer):
    page = browser.new_page()
    page.goto(paced_server.url + "scenes")
    yield page
    page.close()


@pytest.mark.parametrize("fraction", [0, 0.1, 0.37, 0.5, 0.68, 0.9, 1])
def test_lit_part_of_the_moon_is_the_fraction_done(any_page: Page, fraction: float) -> None:
    assert any_page.evaluate(LIT_AREA, fraction) == pytest.approx(fraction, abs=0.02)


@pytest.mark.parametrize(
    ("name", "args", "words"),
    [
        ("duration", [40], "0.0 s"),
        ("duration", [1300], "1.3 s"),
        ("duration", [9960], "10 s"),
        ("span", [4.4], "4 ms"),
        ("span", [94], "94 ms"),
        ("span", [100], "0.1 s"),
        ("span", [12_000], "12 s"),
        ("age", [400], "0 s"),
        ("age", [14_400], "14 s"),
        ("age", [125_000], "2 min"),
        ("age", [7_300_000], "2 h"),
        ("ordinal", [1], "1st"),
        ("ordinal", [2], "2nd"),
        ("ordinal", [3], "3rd"),
        ("ordinal", [4], "4th"),
        ("ordinal", [12], "12th"),
        ("ordinal", [22], "22nd"),
        ("amountOf", [1_420_000_000, 3_850_000_000], "1.42 of 3.85 GB"),
        ("amountOf", [1_500_000, 6_000_000], "1.5 of 6.0 MB"),
        ("memory", [3_914_000_000], "3.9 GB"),
        ("memory", [42_400_000], "42 MB"),
    ],
)
def test_numbers_are_said_in_words(any_page: Page, name: str, args: list, words: str) -> None:
    assert any_page.evaluate(CALL, ["plain/words", name, args]) == words


EARLY = {"queueMs": 100, "encodeMs": 600, "firstTokenMs": 900, "totalMs": 2000}
LATER = EARLY | {"decodeMs": 20, "encodeMs": 400, "prefillMs": 150}
UNTOLD = {"totalMs": 500, "firstTokenMs": None, "queueMs": None}


@pytest.mark.parametrize(
    ("timings", "is_finding", "words"),
    [
        (EARLY, False, "0.1 s in line, 0.6 s looking, 0.2 s to the first word, 1.1 s writing"),
        (
            LATER,
            False,
            "0.1 s in line, 20 ms opening the picture, 0.4 s looking, 0.1 s reading the question,"
            " 0.2 s to the first word, 1.1 s writing",
        ),
        (EARLY, True, "0.1 s in line, 0.6 s looking, 0.2 s to begin, 1.1 s finding"),
        (EARLY | {"firstTokenMs": None}, True, "0.1 s in line, 0.6 s looking, 1.3 s searching"),
        (UNTOLD, False, "0.5 s to the end"),
    ],
    ids=["four parts", "six parts", "found", "nothing found", "nothing told"],
)
def test_time_of_an_answer_is_said_part_by_part(
    any_page: Page, timings: dict, is_finding: bool, words: str
) -> None:
    parts = any_page.evaluate(CALL, ["answers/timings", "partsOf", [timings, is_finding]])
    assert ", ".join(part["words"] for part in parts) == words


@pytest.mark.parametrize(
    ("notice", "sentence", "reason"),
    [
        (None, "", ""),
        ("It is so.", "It is so.", ""),
        ("It is so: The hub is silent. Wait.", "It is so.", "The hub is silent. Wait."),
        ("See http://localhost:5000.", "See http://localhost:5000.", ""),
    ],
)
def test_notice_is_a_sentence_and_its_reason(
    any_page: Page, notice: str | None, sentence: str, reason: str
) -> None:
    parts = any_page.evaluate(CALL, ["plain/words", "noticeParts", [notice]])
    assert parts == {"sentence": sentence, "reason": reason}


@pytest.mark.parametrize(
    ("picture", "detail", "max_pixels", "frame"),
    [
        ((1280, 720), "fast", MANY_PIXELS, (640, 360)),
        ((640, 480), "fast", MANY_PIXELS, (480, 360)),
        ((480, 640), "fast", MANY_PIXELS, (360, 480)),
        ((320, 240), "fast", MANY_PIXELS, (320, 240)),
        ((1920, 1080), "detail", MANY_PIXELS, (1280, 720)),
        ((640, 480), "detail", MANY_PIXELS, (640, 480)),
        ((4000, 4000), "detail", 250_000, (500, 500)),
    ],
)
def test_frame_is_scaled_down_and_never_up(
    any_page: Page, picture: tuple, detail: str, max_pixels: int, frame: tuple
) -> None:
    size = {"width": picture[0], "height": picture[1]}
    found = any_page.evaluate(CALL, ["looking/frame", "frameSize", [size, detail, max_pixels]])
    assert (found["width"], found["height"]) == frame


@pytest.mark.parametrize(
    ("words", "skill", "thing"),
    [
        ("find the red circle", "detect", "red circle"),
        ("Find a mug.", "detect", "mug"),
        ("Please find  me an\u00a0apple!", "detect", "apple"),
        ("locate mugs", "detect", "mugs"),
        ("point at the red circle", "point", "red circle"),
        ("Point to the theatre", "point", "theatre"),
        ("point out the dog", "point", "dog"),
        ("find the", "detect", "the"),
    ],
)
def test_wish_to_find_something_is_understood(
    any_page: Page, words: str, skill: str, thing: str
) -> None:
    found = any_page.evaluate(CALL, ["plain/command", "readCommand", [words, COMMANDS, 200]])
    assert found == {"skill": skill, "object": thing}


@pytest.mark.parametrize(
    "words",
    [
        "where is the red circle?",
        "Can you find the mug?",
        "find",
        "find out what this is",
        "Find where the mug is",
        "What is the point of this?",
        "finding the mug",
        "point the way",
        "Find the mug. What colour is it?",
        "find the mug\nand its colour",
        "find " + "a" * 201,
    ],
)
def test_other_sentences_stay_questions(any_page: Page, words: str) -> None:
    assert any_page.evaluate(CALL, ["plain/command", "readCommand", [words, COMMANDS, 200]]) is None


@pytest.mark.parametrize(
    ("question", "thing"),
    [
        ("How many stars?", "stars"),
        ("how many stars are there", "stars"),
        ("How many red mugs do you see in this picture?", "red mugs"),
        ("How many mugs in the picture are visible?", "mugs"),
        ("How many mugs are on the desk?", "mugs on the desk"),
        ("How many people are wearing hats?", "people wearing hats"),
        ("Count the stars.", "stars"),
        ("Count all the stars", "stars"),
        ("How many are there?", None),
        ("How many of these are red?", None),
        ("How many fingers am I holding up?", None),
        ("How many times did it ring?", None),
        ("How many stars are there? And hearts?", None),
        ("What colour are the stars?", None),
        ("How many " + "a" * 61, None),
    ],
)
def test_question_that_counts_names_what_it_counts(
    any_page: Page, question: str, thing: str | None
) -> None:
    assert any_page.evaluate(CALL, ["plain/command", "countedObject", [question]]) == thing


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({"x": 0.1, "y": 0.1}, "left, top"),
        ({"x": 0.5, "y": 0.5}, "centre, middle"),
        ({"x": 1, "y": 1}, "right, bottom"),
        ({"xMin": -0.1, "yMin": 0.3, "xMax": 0.3, "yMax": 0.6}, "left, middle"),
        ({"xMin": 0, "yMin": 0, "xMax": 1, "yMax": 1}, "centre, middle"),
    ],
)
def test_places_are_said_in_words(any_page: Page, place: dict, words: str) -> None:
    said = any_page.evaluate(CALL, ["plain/places", "placesWords", ["mug", [place]]])
    assert said == f"mug 1: {words}."


def test_long_list_of_places_is_said_in_short(any_page: Page) -> None:
    places = [{"x": 0.5, "y": 0.5}] * 13
    said = any_page.evaluate(CALL, ["plain/places", "placesWords", ["mug", places]])
    assert said.endswith("mug 10: centre, middle. And 3 more.")
