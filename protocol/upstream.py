"""Another server that answers instead of a network of our own: how it is asked, what it can do."""

from dataclasses import dataclass
from enum import StrEnum

# Of the environment: the servers' key stands there and nowhere else.
KEY_NAME = "MOONSIGHT_UPSTREAM_KEY"

MAX_MODEL_CHARS, MAX_WORDS_CHARS = 200, 2000
MIN_SIDE_PX, MAX_SIDE_PX = 64, 4096
MIN_QUALITY, MAX_QUALITY = 10, 100


class Coordinates(StrEnum):
    """How a model writes where something is: as fractions of the picture's sides, as thousandths of
    them, or in pixels of the picture that it was sent. AUTO is whatever the model was seen to do.
    """

    AUTO = "auto"
    FRACTION = "fraction"
    THOUSAND = "thousand"
    PIXEL = "pixel"


@dataclass(frozen=True)
class UpstreamParams:
    """How another server is asked; a network of our own does without.

    model: its id there, "" for the one that answers when nobody chooses. instruction: what it is
    told before every question, "" for nothing. caption: the words that ask for a description, ""
    for Moonsight's own. longer_side_px, quality: of the JPEG that is sent; a smaller picture stays
    as it is.
    """

    model: str = ""
    instruction: str = ""
    caption: str = ""
    coordinates: Coordinates = Coordinates.AUTO
    longer_side_px: int = 1024
    quality: int = 85


@dataclass(frozen=True)
class Abilities:
    """What one model was seen to do, or not; None is what nobody knows yet.

    sees: pictures; sees_several: in one question; streams: word by word. coordinates: how it writes
    places. missing: skills that it has not, by name, each with the reason.
    """

    model: str
    sees: bool | None = None
    sees_several: bool | None = None
    streams: bool | None = None
    coordinates: Coordinates | None = None
    missing: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Upstream:
    """The servers that answer, as people see them.

    hosts: with a port that is not the usual one; nothing else of their addresses. is_here: all of
    them are on this computer. models: what can be chosen, in the servers' order. abilities: of the
    models that were asked or checked.
    """

    hosts: tuple[str, ...]
    is_here: bool
    models: tuple[str, ...] = ()
    abilities: tuple[Abilities, ...] = ()


def answering_model(wanted: str, chosen: str, models: tuple[str, ...]) -> str:
    """Which model answers a program: the one that it names if there is such, else the chosen."""
    return wanted if wanted in models else chosen
