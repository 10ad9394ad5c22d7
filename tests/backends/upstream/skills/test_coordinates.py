"""Places are read in every habit that models have, and never guessed where two would do."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.upstream.skills.coordinates import (
    Unclear,
    boxes,
    measure_of,
    points,
    read_numbers,
)
from protocol.places import Box, Point
from protocol.upstream import Coordinates

SIZE = (640, 480)
FRACTION, THOUSAND, PIXEL = Coordinates.FRACTION, Coordinates.THOUSAND, Coordinates.PIXEL
NAMED = {"x_min": 1, "y_min": 2, "x_max": 3, "y_max": 4}


@pytest.mark.parametrize(
    "answer",
    [
        {"objects": [NAMED]},
        {"labels": ["mug"], "objects": [NAMED]},
        {"boxes": [{"label": "mug", **NAMED}]},
        [NAMED],
        NAMED,
        [[1, 2, 3, 4]],
        [1, 2, 3, 4],
        [{"bbox_2d": [1, 2, 3, 4], "label": "mug"}],
        [{"box_2d": [2, 1, 4, 3], "label": "mug"}],
        {"objects": [{"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4}]},
        {"detections": [{"x1": 1, "y1": 2, "x2": 3, "y2": 4}]},
    ],
)
def test_box_is_read_in_every_habit(answer: object):
    assert read_numbers(json.dumps(answer), 4, 9) == [(1, 2, 3, 4)]


@pytest.mark.parametrize(
    "answer",
    [
        {"points": [{"x": 2, "y": 3}]},
        [{"point_2d": [2, 3], "label": "mug"}],
        [{"point": [3, 2], "label": "mug"}],
        [[2, 3]],
        [2, 3],
        {"objects": [NAMED]},
    ],
)
def test_point_is_read_in_every_habit_and_from_a_box(answer: object):
    assert read_numbers(json.dumps(answer), 2, 9) == [(2, 3)]


@pytest.mark.parametrize("answer", ["[]", '{"objects": []}', '```json\n{"points":[]}\n```'])
def test_nothing_found_is_an_answer(answer: str):
    assert read_numbers(answer, 4, 9) == []


@pytest.mark.parametrize(
    "answer",
    [
        '{"objects": [{"x_min": 1}]}',
        '{"objects": null}',
        '{"objects": [{"x": 1, "y": 2}]}',
        "[[1, 2, 3]]",
        "[[1, 2, 3, true]]",
        '[[1, 2, 3, "4"]]',
        "[[1, 2, 3, 1e999]]",
        f"[[1, 2, 3, 1{'0' * 400}]]",
        "[null]",
        '[{"box_2d": [1, 2, 3, 4, 5, 6, 7]}]',
        "There is no mug.",
    ],
)
def test_what_is_no_box_is_refused(answer: str):
    with pytest.raises(ValueError, match=r"place|box|JSON"):
        read_numbers(answer, 4, 9)


def test_no_more_places_are_read_than_are_wanted():
    assert len(read_numbers(json.dumps([[1, 2, 3, 4]] * 9), 4, 2)) == 2


@pytest.mark.parametrize(
    ("places", "measure"),
    [
        ([(0.1, 0.2, 0.3, 0.4)], FRACTION),
        ([(0, 0, 1, 0.5)], FRACTION),
        ([(10, 20, 300, 900)], THOUSAND),
        ([(10, 20, 700, 400)], THOUSAND),
        ([(10, 20, 1100, 40)], PIXEL),
        ([(1, 2), (3, 900)], THOUSAND),
    ],
)
def test_measure_is_known_where_only_one_is_possible(places: list, measure: Coordinates):
    assert measure_of(places, SIZE) is measure


@pytest.mark.parametrize("place", [(10, 20, 300, 400), (0, 0, 1, 1), (10.5, 20.5), (600, 485)])
def test_measure_is_not_guessed_where_several_are_possible(place: tuple):
    with pytest.raises(Unclear):
        measure_of([place], SIZE)


@pytest.mark.parametrize(
    ("place", "measure"),
    [
        ((0.25, 0.5, 0.5, 0.75), FRACTION),
        ((250, 500, 500, 750), THOUSAND),
        ((160, 240, 320, 360), PIXEL),
        ((320, 360, 160, 240), PIXEL),
    ],
)
def test_box_becomes_fractions_with_its_minimum_first(place: tuple, measure: Coordinates):
    assert boxes([place], measure, SIZE) == [Box(0.25, 0.5, 0.5, 0.75)]


def test_point_becomes_fractions():
    assert points([(160, 240)], PIXEL, SIZE) == [Point(0.25, 0.5)]


def test_place_that_was_rounded_beyond_the_picture_is_in_it():
    assert boxes([(-4, 0, 645, 480)], PIXEL, SIZE) == [Box(0, 0, 1, 1)]


@pytest.mark.parametrize("place", [(0, 0, 700, 480), (-30, 0, 10, 10), (5, 5, 5, 9), (5, 9, 9, 9)])
def test_place_outside_the_picture_or_without_a_size_is_refused(place: tuple):
    with pytest.raises(ValueError, match=r"outside|no size"):
        boxes([place], PIXEL, SIZE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["objects", "point", "box_2d", "x", "y"]), inner)
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from([2, 4]))
def test_whatever_comes_is_read_or_refused(value: object, n_wanted: int):
    try:
        places = read_numbers(json.dumps(value), n_wanted, 9)
    except ValueError:
        return
    assert all(len(place) == n_wanted for place in places)
