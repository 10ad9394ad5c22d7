"""An alert: a rule that the page watches for came true; and where alerts go."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from protocol.errors import RequestError
from protocol.frame import Frame

MAX_RULE_CHARS = 200
MAX_ANSWER_CHARS = 10_000
MAX_COUNT = 1000


class AlertKind(StrEnum):
    """What a rule watches for: an answer to a question, or how many of an object are seen."""

    QUESTION = "question"
    OBJECT = "object"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """What came true, as the page tells it.

    about: the question, or the object. answer: to the question; count: of the object; None where it
    is not told. told_at: date and time with their offset, ISO 8601. frame: the evidence, a JPEG.
    """

    id: str
    rule: str
    kind: AlertKind
    about: str
    told_at: str
    answer: str | None = None
    count: int | None = None
    probability: float | None = None
    frame: Frame | None = None


# Is told, once and from any thread, that an alert was delivered, or why it was not.
OnDelivered = Callable[[RequestError | None], None]


class Hook(Protocol):
    """Where alerts go.

    host: what may be shown of its address. has_frames: whether evidence goes along. is_here:
    whether that is this computer.
    """

    host: str
    has_frames: bool
    is_here: bool

    def deliver(self, alert: Alert, on_end: OnDelivered) -> None:
        """Deliver an alert soon; returns at once. Raises RequestError when it cannot be tried."""
