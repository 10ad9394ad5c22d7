"""What happens to one request, in order: Waiting*, Started?, TextDelta*, Finished."""

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
    """Milliseconds. Queue and encode are durations; first token and total count from arrival."""

    queue_ms: float = 0.0
    encode_ms: float = 0.0
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
class Finished:
    """The end, exactly once per request. `text` is the whole answer so far."""

    id: str
    skill: Skill
    reason: FinishReason
    text: str
    timings: Timings
    usage: Usage
    error: RequestError | None = None


AnswerEvent = Waiting | Started | TextDelta | Finished
