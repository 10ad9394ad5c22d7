"""One request in progress."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from protocol.answer import (
    AnswerEvent,
    Box,
    Finished,
    FinishReason,
    Found,
    Point,
    Reasoned,
    TextDelta,
    Timings,
    Usage,
)
from protocol.errors import RequestError
from protocol.request import Request

# What an answer is made of.
Piece = TextDelta | Reasoned | Found

# Takes the events of one answer, in order, on the engine thread; it must not block or raise.
Sink = Callable[[AnswerEvent], None]


@dataclass(eq=False)
class Sequence:
    """A request, where its events go, and how far it is. Touched by the engine thread only.

    row: the KV cache row it holds while it runs. reading: its picture, while another thread decodes
    it. beginning: what is left to do before its first step, in pieces. decoding: what the runner
    keeps about it from then on. position: the place in line that was last told.
    """

    request: Request
    sink: Sink
    row: int | None = None
    reading: Any = None
    beginning: Iterator[None] | None = None
    decoding: Any = None
    position: int | None = None
    text: str = ""
    places: list[Box | Point] = field(default_factory=list)
    reasoning: Reasoned | None = None
    usage: Usage = field(default_factory=Usage)
    queue_ms: float | None = None
    decode_ms: float = 0.0
    encode_ms: float = 0.0
    prefill_ms: float = 0.0
    first_token_ms: float | None = None

    @property
    def age_ms(self) -> float:
        """Milliseconds since the request arrived."""
        return (monotonic() - self.request.arrived_at) * 1000

    def tell(self, event: Piece) -> None:
        """Keep one more piece of the answer and send it."""
        if self.first_token_ms is None:
            self.first_token_ms = self.age_ms
        match event:
            case TextDelta(text=text):
                self.text += text
            case Found(place=place):
                self.places.append(place)
            case Reasoned():
                self.reasoning = event
        self.sink(event)

    def finished(self, reason: FinishReason, error: RequestError | None = None) -> Finished:
        """The last event of this answer; it keeps the text written so far."""
        total_ms = self.age_ms
        # A request that never ran has waited all its life.
        queue_ms = total_ms if self.queue_ms is None else self.queue_ms
        timings = Timings(
            queue_ms,
            self.decode_ms,
            self.encode_ms,
            self.prefill_ms,
            self.first_token_ms,
            total_ms,
        )
        return Finished(
            self.request.id,
            self.request.skill,
            reason,
            self.text,
            timings,
            self.usage,
            error,
            tuple(self.places),
            self.reasoning,
            self.request.frame_id,
        )
