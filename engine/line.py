"""The line before a model: who waits, who runs, and what each is told of it.

Without a thread and without the work itself, which whoever has rows to give does.
"""

from collections.abc import Callable

from engine.scheduler import Scheduler
from engine.sequence import Sequence
from protocol.answer import Finished, FinishReason, Sink, Started, Waiting
from protocol.errors import RequestError
from protocol.request import Request

# What share of a told place in line a new place is at most to be worth telling. In a long line all
# move up at every answer, and telling each of it each time would cost more than the answers.
NEWS = 0.8


class Line:
    """Takes requests in, tells each its place, its beginning and its end. One thread at a time.

    on_end: is told of the end of each request before its sink is. expected_ms: how long the one at
    a place in line will wait, if anybody knows.
    """

    def __init__(
        self,
        on_end: Callable[[Request, Finished], None],
        expected_ms: Callable[[int], float | None],
    ) -> None:
        self._on_end, self._expected_ms = on_end, expected_ms
        # Until the model is there nobody knows how many rows fit, and nobody runs.
        self._scheduler = Scheduler(n_rows=0)

    @property
    def is_idle(self) -> bool:
        return self._scheduler.is_idle

    def add_rows(self, n_rows: int) -> None:
        """Let so many more run side by side."""
        self._scheduler.add_rows(n_rows)

    def enter(self, request: Request, sink: Sink) -> None:
        """Put a request in line; one that it makes worthless ends."""
        if replaced := self._scheduler.add(Sequence(request, sink)):
            self._end(replaced, FinishReason.REPLACED)

    def admit(self) -> Sequence | None:
        """Give a free row to the next in line, who is told so; None when nobody may begin."""
        sequence = self._scheduler.admit()
        if sequence is not None:
            sequence.queue_ms = sequence.age_ms
            request = sequence.request
            sequence.sink(Started(request.id, request.frame_id, round(sequence.queue_ms, 1)))
        return sequence

    def cancel(self, client: str, id: str | None) -> None:
        """End one request of a client, or all of them."""
        for sequence in self._scheduler.cancel(client, id):
            self._end(sequence, FinishReason.CANCELLED)

    def end_all(self, reason: FinishReason, error: RequestError | None = None) -> None:
        """End everything that waits or runs."""
        scheduler = self._scheduler
        for sequence in [*scheduler.running, *scheduler.line(), *scheduler.looks()]:
            self.drop(sequence, reason, error)

    def tell_positions(self) -> None:
        """Tell those in line their place, where that is news."""
        for position, sequence in enumerate(self._scheduler.line(), start=1):
            told = sequence.position
            if told is None or position > told or position <= told * NEWS:
                sequence.position = position
                expected_ms = self._expected_ms(position)
                sequence.sink(Waiting(sequence.request.id, position, expected_ms))

    def drop(
        self, sequence: Sequence, reason: FinishReason, error: RequestError | None = None
    ) -> None:
        """End one that waits or runs."""
        self._scheduler.remove(sequence)
        self._end(sequence, reason, error)

    def _end(
        self, sequence: Sequence, reason: FinishReason, error: RequestError | None = None
    ) -> None:
        """Send the last event of a sequence that the scheduler has let go of."""
        sequence.end()
        end = sequence.finished(reason, error)
        self._on_end(sequence.request, end)
        sequence.sink(end)
