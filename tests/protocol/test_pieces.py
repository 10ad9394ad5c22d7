"""Pieces add up to what they say, each kind for itself."""

from protocol.pieces import (
    Chosen,
    Found,
    Reasoned,
    TextDelta,
    places_of,
    probabilities_of,
    reasoning_of,
    text_of,
)
from protocol.places import Box, Point

BOXES = (Box(0.1, 0.2, 0.3, 0.4), Box(0.5, 0.5, 1.1, 0.9))
PIECES = [
    TextDelta("1", "a "),
    Found("1", BOXES[0]),
    Reasoned("1", "hm", ()),
    TextDelta("1", "mug"),
    Found("1", Point(0.5, 0.5)),
    Found("1", BOXES[1]),
]


def test_text_is_all_that_was_written_in_order():
    assert (text_of(PIECES), text_of([])) == ("a mug", "")


def test_places_are_those_of_one_kind_in_order():
    assert places_of(Box, PIECES) == BOXES
    assert places_of(Point, PIECES) == (Point(0.5, 0.5),)


def test_reasoning_is_there_or_not():
    assert reasoning_of(PIECES) == Reasoned("1", "hm", ())
    assert reasoning_of(PIECES[:2]) is None


def test_chosen_answer_is_text_and_has_the_probability_of_each_choice():
    chosen = Chosen("1", "yes", (0.75, 0.25))
    assert text_of([chosen]) == "yes"
    assert probabilities_of([chosen]) == (0.75, 0.25)
    assert probabilities_of(PIECES) is None
