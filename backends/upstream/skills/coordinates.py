"""Places as models write them, in every habit that is known, read as fractions of the picture.

Qwen writes `bbox_2d` [x1, y1, x2, y2] and `point_2d` [x, y], Qwen2.5-VL in pixels and Qwen3-VL in
thousandths; Gemini writes `box_2d` [y1, x1, y2, x2] and `point` [y, x] in thousandths; most keep to
the names that they are asked for.
"""

from collections.abc import Sequence
from typing import Any

from backends.upstream.skills.loose_json import find_json, find_whole
from protocol.places import Box, Point
from protocol.upstream import Coordinates

# Two or four numbers as a model wrote them, x before y, in a measure that is yet to be known.
Numbers = tuple[float, ...]

# Names of a place's numbers, in the order x y or x_min y_min x_max y_max.
_NAMES = (
    ("x_min", "y_min", "x_max", "y_max"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
    ("x", "y"),
)
# Names of a list of a place's numbers, and whether y stands before x in it.
_LISTS = {
    "bbox_2d": False,
    "bbox": False,
    "box": False,
    "point_2d": False,
    "box_2d": True,
    "point": True,
}
# What a list of places is asked for as; others call it as they like.
_OUTER = ("objects", "points")
# How far a place may reach beyond the picture and is still one that was rounded.
_SLACK = 0.02
_MAX = 1e6


class Unclear(ValueError):
    """What was written is readable, but in a measure that nobody knows."""


def read_numbers(text: str, n_wanted: int, max_places: int) -> list[Numbers]:
    """The places in an answer. n_wanted: 4 of a box, 2 of a point; a box has a point, too.

    Raises ValueError with the reason, as a part of a sentence.
    """
    found = find_whole(text)
    if not found:
        # It tells why.
        find_json(text)
    places = [place for value in found for place in _listed(value)]
    return [_numbers(each, n_wanted) for each in places[:max_places]]


def measure_of(places: Sequence[Numbers], size: tuple[int, int]) -> Coordinates:
    """In which measure these were written, if only one is possible. size: of the picture, px.

    Raises Unclear.
    """
    numbers = [number for place in places for number in place]
    largest = max(numbers, default=0)
    if largest <= 1 and any(number % 1 for number in numbers):
        return Coordinates.FRACTION
    is_beyond = any(
        number > side * (1 + _SLACK)
        for place in places
        for number, side in zip(place, size * 2, strict=False)
    )
    if largest > 1000:
        return Coordinates.PIXEL
    if is_beyond:
        return Coordinates.THOUSAND
    raise Unclear("its measure is unclear")


def boxes(places: Sequence[Numbers], measure: Coordinates, size: tuple[int, int]) -> list[Box]:
    """Raises ValueError for what is no box within the picture."""
    return [_box(_fractions(each, measure, size)) for each in places]


def points(places: Sequence[Numbers], measure: Coordinates, size: tuple[int, int]) -> list[Point]:
    """Raises ValueError for what is no point within the picture."""
    return [Point(*_fractions(each, measure, size)) for each in places]


def _listed(value: object) -> list[object]:
    """The places, however they are wrapped: a bare list, a list in an object, one alone."""
    if isinstance(value, dict):
        inner = [value.get(name) for name in _OUTER] + list(value.values())
        lists = [each for each in inner if isinstance(each, list)]
        if _is_place(value) or not lists:
            return [value]
        value = lists[0]
    assert isinstance(value, list)
    is_bare = len(value) in (2, 4) and all(map(_is_number, value))
    return [value] if is_bare else value


def _is_place(value: dict[str, Any]) -> bool:
    names = value.keys()
    return any(name in names for name in _LISTS) or any(names >= set(each) for each in _NAMES)


def _numbers(value: object, n_wanted: int) -> Numbers:
    found = _found(value)
    if found is None or not all(map(_is_number, found)) or len(found) not in (2, 4):
        raise ValueError("a place has not the numbers that were asked for")
    if len(found) == 4 and n_wanted == 2:
        return (found[0] + found[2]) / 2, (found[1] + found[3]) / 2
    if len(found) != n_wanted:
        raise ValueError("a box has two numbers instead of four")
    return tuple(found)


def _found(value: object) -> list[Any] | None:
    """The numbers of one place, x first."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return None
    for names in _NAMES:
        if all(name in value for name in names):
            return [value[name] for name in names]
    for name, is_y_first in _LISTS.items():
        if isinstance(listed := value.get(name), list):
            is_swapped = is_y_first and len(listed) in (2, 4)
            return [listed[place ^ is_swapped] for place in range(len(listed))]
    return None


def _is_number(value: object) -> bool:
    # Neither true, nor an infinity, nor a number too long for a float.
    return type(value) in (int, float) and -_MAX < value < _MAX  # type: ignore[operator]


def _fractions(place: Numbers, measure: Coordinates, size: tuple[int, int]) -> Numbers:
    width, height = {
        Coordinates.FRACTION: (1, 1),
        Coordinates.THOUSAND: (1000, 1000),
        Coordinates.PIXEL: size,
    }[measure]
    fractions = [number / side for number, side in zip(place, (width, height) * 2, strict=False)]
    if not all(-_SLACK <= each <= 1 + _SLACK for each in fractions):
        raise ValueError("a place lies outside the picture")
    return tuple(min(1.0, max(0.0, each)) for each in fractions)


def _box(place: Numbers) -> Box:
    x_min, x_max = sorted((place[0], place[2]))
    y_min, y_max = sorted((place[1], place[3]))
    if x_min == x_max or y_min == y_max:
        raise ValueError("a box has no size")
    return Box(x_min, y_min, x_max, y_max)
