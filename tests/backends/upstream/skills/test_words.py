"""What is said to a model on behalf of a request."""

import pytest

from backends.upstream.skills.words import (
    CAPTIONS,
    boxes_of,
    once_more,
    one_letter_of,
    one_of,
    points_of,
    with_letters,
    with_places,
    with_schema,
)
from protocol.request import CAPTION_LENGTHS
from protocol.upstream import Coordinates

QUESTION = "What is it?"


def test_every_length_of_a_description_has_words():
    assert set(CAPTIONS) == set(CAPTION_LENGTHS)


@pytest.mark.parametrize(
    "said",
    [
        with_letters(QUESTION, 3),
        with_places(QUESTION, [(0.5, 0.5)]),
        with_schema(QUESTION, "{}"),
        one_of(QUESTION, ("a", "b")),
        one_letter_of(QUESTION, ("a", "b")),
    ],
)
def test_question_itself_is_never_changed(said: str):
    assert QUESTION in said.splitlines()


def test_question_about_one_picture_alone_is_just_asked():
    assert with_letters(QUESTION, 1) == with_letters(QUESTION, 0) == QUESTION
    assert with_places(QUESTION, []) == QUESTION


@pytest.mark.parametrize("ask", [boxes_of, points_of])
def test_measure_is_named_only_where_one_was_chosen(ask):
    assert "oordinates" not in ask("mug", Coordinates.AUTO, (640, 480))
    assert "640 by 480" in ask("mug", Coordinates.PIXEL, (640, 480))


def test_name_of_a_thing_may_hold_braces():
    assert "{0}" in boxes_of("{0}", Coordinates.PIXEL, (640, 480))


def test_reason_is_told_with_the_second_try():
    assert once_more("it holds no JSON").startswith("That cannot be read: it holds no JSON.")
