"""From what a page noted to the figures of the live bench."""

import math

import pytest
from PIL import Image

from bench.clip import Clip, Part
from bench.live import Notes, aims, summarise, waits_ms

SENTENCES = ["none", "one", "two", "none"]
SEEN = [0.0, 10_000.0, 12_000.0, 14_000.0]
STILL_FROM = 17_000.0
CLIP = Clip([Part("", 0.0, Image.new("RGB", (1, 1)), each) for each in SENTENCES], 80.0)
GOOD = {"p95_ms": 400.0, "missed": 0, "still_sentences": 0, "still_looks": 1, "server_ms": 100.0}
PLAIN = {"still_looks": 120, "server_ms": 900.0}


def notes(said: list[tuple[float, str]], sent=(), answered=()) -> Notes:
    return Notes(SEEN, [(100.0, "none"), *said], list(sent), list(answered))


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        ([(10_300, "one"), (12_200, "two"), (14_100, "none")], [300, 200, 100]),
        # A wrong sentence on the way does not count, nor does one that comes after the next event.
        ([(10_100, "two"), (10_400, "one"), (14_200, "two"), (14_300, "none")], [400, None, 300]),
        ([], [None, None, 0]),
    ],
)
def test_wait_is_from_the_event_to_its_right_sentence(
    said: list[tuple[float, str]], waits: list[float | None]
):
    assert waits_ms(notes(said), SENTENCES) == waits


def test_figures_tell_the_clip_from_its_still_end():
    said = [(10_300.0, "one"), (12_200.0, "two"), (14_100.0, "none"), (STILL_FROM + 5, "one")]
    sent = [-50.0, 10_100.0, 12_050.0, STILL_FROM - 1, STILL_FROM + 1]
    answered = [(-20.0, 1000.0), (10_300.0, 20.0), (STILL_FROM + 20, 22.0)]
    figures = summarise(notes(said, sent, answered), CLIP)
    assert figures == {
        **{"p50_ms": 200.0, "p95_ms": 300.0, "missed": 0, "still_sentences": 1},
        **{"still_looks": 1, "looks": 4, "server_ms": 42.0},
    }


def test_page_that_never_was_right_waits_for_ever():
    said = [(100.0, "else"), (10_050.0, "else")]
    figures = summarise(Notes(SEEN, said, [], []), CLIP)
    assert (figures["p50_ms"], figures["p95_ms"], figures["missed"]) == (math.inf, math.inf, 3)


def test_everything_reached_is_told_reached():
    assert set(aims(GOOD, PLAIN, 100.0).values()) == {True}


@pytest.mark.parametrize(
    "worse",
    [
        {"p95_ms": 451.0},
        {"missed": 1},
        {"still_sentences": 1},
        {"still_looks": 13},
        {"server_ms": 301.0},
    ],
)
def test_each_aim_can_be_missed(worse: dict[str, float]):
    assert list(aims({**GOOD, **worse}, PLAIN, 100.0).values()).count(False) == 1
