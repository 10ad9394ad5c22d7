"""One request in progress."""

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum, auto
from time import monotonic
from typing import TYPE_CHECKING

from protocol.answer import Finished, FinishReason, Sink, Timings, Usage
from protocol.errors import RequestError
from protocol.pieces import Piece
from protocol.request import LookRequest, Request

if TYPE_CHECKING:
    from moondream2.crops import Crops
    from moondream2.decoding import Decoding


class State(Enum):
    """How far a sequence is. It has a row of the KV cache in all states but the first and last."""

    WAITING = auto()
    # Its picture is still being opened, or its schema compiled, by another thread.
    READING = auto()
    # Its frame is looked at and its prompt read, piece by piece.
    BEGINNING = auto()
    # It takes part in every step.
    DECODING = auto()
    ENDED = auto()


@dataclass(eq=False)
class Sequence:
    """A request, where its events go, and how far it is. Touched by the engine thread only.

    row: of the KV cache, while it has one. crops: of its picture, which another thread opens and
    cuts. beginning: what is left to do until it decodes, in pieces. decoding: its skill at work,
    from then on. position: the place in line that was last told. pieces: all that was found.
    """

    request: Request
    sink: Sink
    state: State = State.WAITING
    row: int | None = None
    crops: "Future[Crops] | None" = None
    beginning: Iterator[None] = field(default_factory=lambda: iter(()))
    decoding: "Decoding | None" = None
    position: int | None = None
    pieces: list[Piece] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    queue_ms: float | None = None
    decode_ms: float = 0.0
    encode_ms: float = 0.0
    prefill_ms: float = 0.0
    first_token_ms: float | None = None

    @property
    def is_look(self) -> bool:
        """Whether it only prepares for a question that may come."""
        return isinstance(self.request, LookRequest)

    @property
    def is_decoding(self) -> bool:
        return self.state is State.DECODING

    @property
    def age_ms(self) -> float:
        """Milliseconds since the request arrived."""
        return (monotonic() - self.request.arrived_at) * 1000

    def tell(self, piece: Piece) -> None:
        """Keep one more piece of the answer and send it."""
        if self.first_token_ms is None:
            self.first_token_ms = self.age_ms
        self.pieces.append(piece)
        self.sink(piece)

    def end(self) -> None:
        """Let go of what was being made ready."""
        self.state = State.ENDED
        if self.crops is not None:
            # Else the pictures of those that were replaced would hold up the newest.
            self.crops.cancel()

    def finished(self, reason: FinishReason, error: RequestError | None = None) -> Finished:
        """The last event of this answer; it keeps what was found so far."""
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
        result = self.request.result(self.pieces)
        return Finished(
            self.request.id, reason, result, timings, self.usage, error, self.request.frame_id
        )
