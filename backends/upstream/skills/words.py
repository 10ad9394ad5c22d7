"""Every word that is said to a model on behalf of a request, in English, which all of them read."""

import json
from collections.abc import Sequence

from protocol.places import SpatialRef
from protocol.tiled import LETTERS
from protocol.upstream import Coordinates

CAPTIONS = {
    "short": "Describe this picture in one short sentence.",
    "normal": "Describe this picture in a few sentences.",
    "long": "Describe this picture in detail.",
}
# What the test asks.
SQUARE = "square"
COLOR_QUESTION = "What colour is the square?"
COUNT = "Count from one to five, in words."

_MEASURES = {
    Coordinates.AUTO: "",
    Coordinates.FRACTION: " Coordinates are fractions of the picture's width and height, 0 to 1.",
    Coordinates.THOUSAND: " Coordinates are whole numbers from 0 to 1000, both across and down.",
    Coordinates.PIXEL: " Coordinates are pixels of this picture, which is {width} by {height}.",
}


def with_letters(question: str, n_pictures: int) -> str:
    """A question about several pictures that are sent one by one."""
    if n_pictures < 2:
        return question
    return f"The pictures are called {', '.join(LETTERS[:n_pictures])}, in this order.\n{question}"


def with_places(question: str, places: Sequence[SpatialRef]) -> str:
    """A question that speaks of places in the picture."""
    if not places:
        return question
    told = "; ".join(map(_place, places))
    return (
        "The question is about these places in the picture, in fractions of its width (x) and"
        f" height (y) from the top left: {told}.\n{question}"
    )


def with_schema(question: str, json_schema: str) -> str:
    """A question that is answered with JSON; those that ignore `response_format` read this."""
    return (
        f"{question}\nAnswer with JSON alone, without a word around it, that fits this JSON schema:"
        f" {json_schema}"
    )


def boxes_of(thing: str, coordinates: Coordinates, size: tuple[int, int]) -> str:
    """Asks for boxes. size: of the picture as it is sent, in pixels."""
    example = {"objects": [dict.fromkeys(("x_min", "y_min", "x_max", "y_max"), "…")]}
    return _find(f"each {thing}", "a box around it", coordinates, size, example)


def points_of(thing: str, coordinates: Coordinates, size: tuple[int, int]) -> str:
    """Asks for points. size: of the picture as it is sent, in pixels."""
    example = {"points": [dict.fromkeys(("x", "y"), "…")]}
    return _find(f"each {thing}", "the point in its middle", coordinates, size, example)


def once_more(reason: str) -> str:
    """Asks for what could not be read."""
    return f"That cannot be read: {reason}. Answer again, with the JSON alone."


def one_of(question: str, choices: Sequence[str]) -> str:
    """A question with the answers there are."""
    listed = "\n".join(f"- {choice}" for choice in choices)
    return f"{question}\nAnswer with exactly one of these and nothing else:\n{listed}"


def one_letter_of(question: str, choices: Sequence[str]) -> str:
    """A question with the answers there are, each under a letter."""
    listed = "\n".join(f"{letter}) {each}" for letter, each in zip(LETTERS, choices, strict=False))
    return f"{question}\n{listed}\nAnswer with the letter of one of these and nothing else."


def _find(
    what: str, how: str, coordinates: Coordinates, size: tuple[int, int], example: object
) -> str:
    measure = _MEASURES[coordinates].format(width=size[0], height=size[1])
    shown = json.dumps(example, ensure_ascii=False).replace('"…"', "…")
    return (
        f"Find {what} in this picture and give {how}.{measure} x counts from the left, y from the"
        f" top. Answer with JSON alone: {shown}. Where there is none, the list is empty."
    )


def _place(place: SpatialRef) -> str:
    numbers = [f"{number:.3f}" for number in place]
    if len(numbers) == 2:
        return f"the point x {numbers[0]}, y {numbers[1]}"
    return f"the box from x {numbers[0]}, y {numbers[1]} to x {numbers[2]}, y {numbers[3]}"
