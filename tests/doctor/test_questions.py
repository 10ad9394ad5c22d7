"""The pictures show what is asked for, and right answers are told from wrong ones."""

import numpy as np
import pytest

from doctor.questions import (
    BLUE,
    ONE_SQUARE,
    RED,
    SQUARE_BOX,
    TWO_SHAPES,
    draw_square,
    draw_two_shapes,
)
from protocol.places import Box, overlap


def box_of(picture, colour) -> Box:
    rows, columns = np.nonzero((np.asarray(picture) == colour).all(axis=2))
    height, width = picture.height, picture.width
    return Box(
        columns.min() / width,
        rows.min() / height,
        (columns.max() + 1) / width,
        (rows.max() + 1) / height,
    )


def test_square_is_where_its_box_says():
    assert overlap(box_of(draw_square(), RED), SQUARE_BOX) > 0.98


def test_two_shapes_stand_apart():
    red, blue = (box_of(draw_two_shapes(), colour) for colour in (RED, BLUE))
    assert red.x_max < 0.5 < blue.x_min


@pytest.mark.parametrize(
    ("answer", "is_right"),
    [
        ("The image contains a red square and a blue circle.", True),
        ("I see a red square and a blue circle.", True),
        ("A square, red, beside a CIRCLE in blue", True),
        ("A red circle and a blue square.", False),
        ("A red square.", False),
        ("A reddish square and a bluecircle.", False),
        ("", False),
        ("!NCJNCJ", False),
    ],
)
def test_answer_is_judged_by_its_words(answer: str, is_right: bool):
    assert TWO_SHAPES.is_met_by(answer) is is_right


def test_published_caption_is_right():
    assert ONE_SQUARE.is_met_by("A solid red square is centered on a white background.")
    assert not ONE_SQUARE.is_met_by("A solid red circle is centered on a white background.")


def test_published_box_is_far_above_what_is_needed():
    assert overlap(Box(0.289, 0.249, 0.711, 0.751), SQUARE_BOX) > 0.8
