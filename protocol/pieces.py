"""What an answer is made of, piece by piece, in the order in which it is found."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from protocol.places import Box, Grounding, Point

Place = TypeVar("Place", Box, Point)


@dataclass(frozen=True)
class TextDelta:
    """The next whole characters of the answer."""

    id: str
    text: str


@dataclass(frozen=True)
class Chosen(TextDelta):
    """The whole answer: the likeliest of the request's choices.

    probabilities: of each choice, in their order; their sum is 1. Empty where nobody can tell.
    """

    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Reasoned:
    """The whole reasoning, before the answer's first word."""

    id: str
    text: str
    grounding: tuple[Grounding, ...]


@dataclass(frozen=True)
class Found:
    """One more object, as soon as it is found."""

    id: str
    place: Box | Point


@dataclass(frozen=True)
class Checked:
    """One more thing that was tried, and how it went.

    what: its name, for programs. words: what came of it, and where it failed what helps. is_well:
    None where it could not be tried.
    """

    id: str
    what: str
    is_well: bool | None
    words: str
    remedy: str = ""


Piece = TextDelta | Reasoned | Found | Checked


def text_of(pieces: Iterable[Piece]) -> str:
    """All that was written."""
    return "".join(each.text for each in pieces if isinstance(each, TextDelta))


def probabilities_of(pieces: Iterable[Piece]) -> tuple[float, ...] | None:
    """Of each choice, if the answer is one of some."""
    return next((each.probabilities for each in pieces if isinstance(each, Chosen)), None)


def checked_of(pieces: Iterable[Piece]) -> tuple[Checked, ...]:
    """All that was tried."""
    return tuple(each for each in pieces if isinstance(each, Checked))


def places_of(kind: type[Place], pieces: Iterable[Piece]) -> tuple[Place, ...]:
    """All places of one kind that were found."""
    found = (each.place for each in pieces if isinstance(each, Found))
    return tuple(place for place in found if isinstance(place, kind))


def reasoning_of(pieces: Iterable[Piece]) -> Reasoned | None:
    """What was thought before the answer, if anything."""
    return next((each for each in pieces if isinstance(each, Reasoned)), None)
