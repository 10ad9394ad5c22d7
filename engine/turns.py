"""The engine's work, one turn at a time: who begins, who steps, what is found.

Without a thread and with its clock handed in, so that tests can drive any schedule.
"""

import logging
from collections.abc import Callable, Iterator
from itertools import islice
from math import inf
from time import monotonic
from typing import Protocol

from engine.line import Line
from engine.sequence import Sequence, State
from protocol.answer import Finished, FinishReason
from protocol.errors import Internal, RequestError
from protocol.pieces import Piece
from protocol.request import Request

log = logging.getLogger(__name__)

# How long running answers stand still at most for those who begin, unless one piece takes longer.
BEGIN_S = 0.02

# How many pictures of those in line are read ahead, while the model is busy with others.
N_PREPARED = 2


class Runner(Protocol):
    """What turns need of a network; see `engine/runner.py`.

    Whatever it raises ends the sequence at work and nothing else; a RequestError is told.
    """

    n_rows: int

    def prepare(self, sequence: Sequence) -> None:
        """Let the picture of a sequence that waits be read meanwhile."""

    def begin(self, sequence: Sequence) -> Iterator[None]:
        """Do what comes before the first step, in pieces; at its end the sequence decodes."""

    def step(self, sequences: list[Sequence]) -> None:
        """Take one step of the decoder with all of these."""

    def take(self, sequence: Sequence) -> tuple[list[Piece], FinishReason | None]:
        """What a sequence found since it was last asked, and why it ended, if so."""


class Turns(Line):
    """Gives those who run their turns, and tells what they find. One thread at a time."""

    def __init__(
        self,
        on_end: Callable[[Request, Finished], None],
        expected_ms: Callable[[int], float | None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(on_end, expected_ms)
        self._clock = clock
        self._stepped_at = -inf

    def take(self, runner: Runner) -> None:
        """Do one piece of one beginning; when a step is due, give it to all who have begun.

        Looking at a frame takes long and running answers must keep flowing: so frames are looked
        at one after the other and piece by piece. But the more rows share a step, the less each
        costs: so a step is due when nobody begins, or once BEGIN_S went into beginnings.
        """
        if admitted := self.admit():
            admitted.beginning = runner.begin(admitted)
        self.tell_positions()
        for sequence in islice(self._scheduler.line(), N_PREPARED):
            runner.prepare(sequence)
        beginning = self._scheduler.beginning()
        if beginning is not None:
            self._go_on_beginning(runner, beginning)
            # Nothing is begun while its picture is still being read.
            is_reading = beginning.state is State.READING
            if not is_reading and self._clock() - self._stepped_at < BEGIN_S:
                return
        if ready := [each for each in self._scheduler.running if each.is_decoding]:
            self._step(runner, ready)
        self._stepped_at = self._clock()

    def _go_on_beginning(self, runner: Runner, sequence: Sequence) -> None:
        self._try(sequence, lambda: next(sequence.beginning, None))
        if sequence.is_decoding:
            # Its prompt named the first word, which waits for nobody's next.
            self._tell(runner, sequence)

    def _step(self, runner: Runner, sequences: list[Sequence]) -> None:
        if len(sequences) == 1:
            self._try(sequences[0], lambda: runner.step(sequences))
        elif _error_of(lambda: runner.step(sequences)) is not None:
            # Whose fault it was shows, and is told, when each goes alone; the others lose nothing.
            for sequence in sequences:
                self._step(runner, [sequence])
            return
        for sequence in sequences:
            if sequence.is_decoding:
                self._tell(runner, sequence)

    def _tell(self, runner: Runner, sequence: Sequence) -> None:
        pieces, finish_reason = runner.take(sequence)
        for piece in pieces:
            sequence.tell(piece)
        if finish_reason is not None:
            self.drop(sequence, finish_reason)

    def _try(self, sequence: Sequence, work: Callable[[], object]) -> None:
        """Do one sequence's work; what it raises ends this sequence and nothing else."""
        error = _error_of(work)
        if error is None:
            return
        if not isinstance(error, RequestError):
            log.error("A request failed", exc_info=error)
            error = Internal()
        self.drop(sequence, FinishReason.ERROR, error)


def _error_of(work: Callable[[], object]) -> Exception | None:
    """Do some work; whatever it raises is handed back instead of breaking everybody's turns."""
    try:
        work()
    # Whose fault it is, and how it is told, is for the caller to say.
    except Exception as error:  # noqa: BLE001
        return error
    return None
