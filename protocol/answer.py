"""What happens to one request: Waiting*, Started?, its pieces, then Finished."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from protocol.errors import RequestError
from protocol.pieces import Checked, Found, Reasoned, TextDelta
from protocol.request import NOTHING_YET, Result, Skill


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
    """Positions fed to the decoder, image tokens included, and tokens it wrote; where it compared
    choices, those that it had to try.
    """

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
class Finished:
    """The end, exactly once per request, with the whole result so far.

    frame_id: under which the frame can be asked about again.
    """

    id: str
    reason: FinishReason
    result: Result
    timings: Timings
    usage: Usage
    error: RequestError | None = None
    frame_id: str | None = None

    @property
    def skill(self) -> Skill:
        return self.result.skill


def refusal(id: str, skill: Skill, error: RequestError) -> Finished:
    """The end of a request that never began, because it cannot be answered."""
    return unbegun(id, skill, FinishReason.ERROR, error)


def unbegun(
    id: str, skill: Skill, reason: FinishReason, error: RequestError | None = None
) -> Finished:
    """The end of a request that never began."""
    return Finished(id, reason, NOTHING_YET[skill], Timings(), Usage(), error)


AnswerEvent = Waiting | Started | TextDelta | Reasoned | Found | Checked | Finished

# Takes the events of one answer, in order; it must not block or raise.
Sink = Callable[[AnswerEvent], None]


def names_frame(event: AnswerEvent) -> bool:
    """Whether it tells the client a frame that can be asked about."""
    return isinstance(event, Started) or (
        isinstance(event, Finished) and event.reason is FinishReason.STOP
    )
