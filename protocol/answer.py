"""What happens to one request: Waiting*, Started?, then what is found, then Finished."""

from dataclasses import dataclass
from enum import StrEnum

from protocol.errors import RequestError
from protocol.request import Skill


class FinishReason(StrEnum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    ERROR = "error"


@dataclass(frozen=True)
class Timings:
    """Milliseconds. First token and total count from arrival; the others are durations, one after
    the other: in line, until the picture was read, looking at it, reading the prompt.
    """

    queue_ms: float = 0.0
    decode_ms: float = 0.0
    encode_ms: float = 0.0
    prefill_ms: float = 0.0
    first_token_ms: float | None = None
    total_ms: float = 0.0


@dataclass(frozen=True)
class Usage:
    """Positions fed to the decoder, image tokens included, and tokens it wrote."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True)
class Waiting:
    """The request stands in line; `position` 1 is next. Sent again whenever it changes."""

    id: str
    position: int
    expected_ms: float | None


@dataclass(frozen=True)
class Started:
    """The model begins to look at the frame."""

    id: str
    frame_id: str | None
    queue_ms: float


@dataclass(frozen=True)
class TextDelta:
    """The next whole characters of the answer."""

    id: str
    text: str


@dataclass(frozen=True)
class Box:
    """Where an object is, in fractions of the frame; it may reach a little beyond 0..1."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float


@dataclass(frozen=True)
class Point:
    """Where an object is, in fractions of the frame."""

    x: float
    y: float


@dataclass(frozen=True)
class Grounding:
    """Characters start_idx..end_idx of the reasoning speak of these points (x, y)."""

    start_idx: int
    end_idx: int
    points: tuple[tuple[float, float], ...]


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
class Finished:
    """The end, exactly once per request, with the whole answer so far.

    text: of query and caption. places: of detect (boxes) and point (points).
    frame_id: under which the frame can be asked about again.
    """

    id: str
    skill: Skill
    reason: FinishReason
    text: str
    timings: Timings
    usage: Usage
    error: RequestError | None = None
    places: tuple[Box | Point, ...] = ()
    reasoning: Reasoned | None = None
    frame_id: str | None = None


def refusal(id: str, skill: Skill, error: RequestError) -> Finished:
    """The end of a request that never began."""
    return Finished(id, skill, FinishReason.ERROR, "", Timings(), Usage(), error)


AnswerEvent = Waiting | Started | TextDelta | Reasoned | Found | Finished
