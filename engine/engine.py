"""The engine thread: it loads the network, owns it, and answers one request after the other."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from math import inf
from threading import Condition, Thread
from time import monotonic
from typing import TYPE_CHECKING

from engine.admission import Admission
from engine.scheduler import Scheduler
from engine.sequence import Sequence, Sink
from protocol.answer import FinishReason, Started, Waiting
from protocol.errors import Closing, Internal, ModelFailed, RequestError
from protocol.request import Request

if TYPE_CHECKING:
    from engine.runner import Runner

log = logging.getLogger(__name__)

# Loads the network on the engine thread; it calls its argument now and then while it works.
Load = Callable[[Callable[[], None]], "Runner"]

# How long running answers stand still at most for those who begin, unless one piece takes longer.
BEGIN_S = 0.02

# What share of a told place in line a new place is at most to be worth telling. In a long line all
# move up at every answer, and telling each of it each time would cost more than the answers.
NEWS = 0.8

# How many pictures of those in line are read ahead, while the model is busy with others.
N_PREPARED = 2


class EngineClosed(Exception):
    """The engine closes while the network is still being read."""


class Engine:
    """Answers requests one token at a time, in turns.

    The thread starts with the object. `submit`, `cancel` and `close` may be called from any thread
    and return at once; the events of one answer come in order from the engine thread.
    """

    def __init__(
        self,
        load: Load,
        *,
        max_waiting: int,
        max_waiting_per_client: int,
        on_failed: Callable[[ModelFailed], None],
    ) -> None:
        self._load = load
        self._on_failed = on_failed
        # Until the network is loaded nobody knows how many rows fit, and nobody runs.
        self._scheduler = Scheduler(n_rows=0)
        self._stepped_at = -inf

        # Guards what follows: written by submit, cancel and close, read by the engine thread.
        self._changed = Condition()
        self._inbox: deque[Callable[[], None]] = deque()
        self._admission = Admission(max_waiting, max_waiting_per_client)
        self._is_closed = False
        self._failure: ModelFailed | None = None

        self._thread = Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def submit(self, request: Request, sink: Sink) -> None:
        """Queue `request`; its answer events go to `sink`, in order, from the engine thread.

        Raises Busy when too many requests are open in all or of this client, BadRequest when its id
        is open already, ModelFailed when loading failed or after `close()`.
        """
        with self._changed:
            if self._is_closed:
                raise Closing
            if self._failure is not None:
                raise self._failure
            self._admission.enter(request)
            self._inbox.append(lambda: self._enter(Sequence(request, sink)))
            self._changed.notify()

    def cancel(self, client: str, id: str | None = None) -> None:
        """End one request of a client, or all of them, within one token.

        Unknown ids are ignored.
        """
        with self._changed:
            if not self._admission.has(client, id):
                return
            self._inbox.append(lambda: self._leave(client, id))
            self._changed.notify()

    def close(self, timeout_s: float) -> bool:
        """Cancel everything and end the thread; says whether it ended in time."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # Everything below runs on the engine thread.

    def _run(self) -> None:
        try:
            runner = self._load(self._while_loading)
        except EngineClosed:
            self._end_all(FinishReason.CANCELLED)
        except ModelFailed as error:
            self._fail(error)
        except Exception:
            log.exception("The model could not be loaded")
            self._fail(ModelFailed("Loading broke off. The terminal shows why."))
        else:
            self._answer(runner)

    def _answer(self, runner: "Runner") -> None:
        self._scheduler.add_rows(runner.n_rows)
        with self._changed:
            self._admission.n_rows = runner.n_rows
        while self._wait_for_work():
            self._take_inbox()
            self._take_turns(runner)
        self._end_all(FinishReason.CANCELLED)

    def _while_loading(self) -> None:
        """Keep the line in order while the network is read; gives up when the engine closes."""
        if self._is_closed:
            raise EngineClosed
        self._take_inbox()
        self._tell_positions()

    def _fail(self, error: ModelFailed) -> None:
        with self._changed:
            self._failure = error
        self._on_failed(error)
        self._end_all(FinishReason.ERROR, error)

    def _wait_for_work(self) -> bool:
        with self._changed:
            self._changed.wait_for(self._has_work)
            return not self._is_closed

    def _has_work(self) -> bool:
        return bool(self._is_closed or self._inbox or not self._scheduler.is_idle)

    def _take_inbox(self) -> None:
        while not self._is_closed:
            with self._changed:
                if not self._inbox:
                    break
                message = self._inbox.popleft()
            message()

    def _enter(self, sequence: Sequence) -> None:
        if replaced := self._scheduler.add(sequence):
            self._end(replaced, FinishReason.REPLACED)

    def _leave(self, client: str, id: str | None) -> None:
        for sequence in self._scheduler.cancel(client, id):
            self._end(sequence, FinishReason.CANCELLED)

    def _take_turns(self, runner: "Runner") -> None:
        """Do one piece of one beginning; when a step is due, give it to all who have begun.

        Looking at a frame takes long and running answers must keep flowing: so frames are looked
        at one after the other and piece by piece. But the more rows share a step, the less each
        costs: so a step is due when nobody begins, or once BEGIN_S went into beginnings.
        """
        if admitted := self._scheduler.admit():
            self._begin(runner, admitted)
        self._tell_positions()
        for sequence in islice(self._scheduler.line(), N_PREPARED):
            runner.prepare(sequence)
        beginning = self._scheduler.beginning()
        if beginning is not None:
            self._go_on_beginning(runner, beginning)
            # Nothing is begun while its picture is still being read.
            if beginning.reading is None and monotonic() - self._stepped_at < BEGIN_S:
                return
        if ready := [each for each in self._scheduler.running if each.decoding is not None]:
            self._step(runner, ready)
        self._stepped_at = monotonic()

    def _begin(self, runner: "Runner", sequence: Sequence) -> None:
        sequence.queue_ms = sequence.age_ms
        request = sequence.request
        sequence.sink(Started(request.id, request.frame_id, round(sequence.queue_ms, 1)))
        sequence.beginning = runner.begin(sequence)

    def _go_on_beginning(self, runner: "Runner", sequence: Sequence) -> None:
        with self._guard(sequence):
            assert sequence.beginning is not None, "what was admitted has begun"
            next(sequence.beginning, None)
        if sequence.decoding is not None:
            # Its prompt named the first word, which waits for nobody's next.
            self._tell(runner, sequence)

    def _step(self, runner: "Runner", sequences: list[Sequence]) -> None:
        try:
            runner.step(sequences)
        except Exception:  # noqa: BLE001
            # Whose fault it was shows, and is told, when each goes alone; the others lose nothing.
            for sequence in sequences:
                with self._guard(sequence):
                    runner.step([sequence])
        for sequence in sequences:
            if sequence.row is not None:
                self._tell(runner, sequence)

    def _tell(self, runner: "Runner", sequence: Sequence) -> None:
        pieces, finish_reason = runner.take(sequence)
        for piece in pieces:
            sequence.tell(piece)
        if finish_reason is not None:
            self._scheduler.remove(sequence)
            self._end(sequence, FinishReason(finish_reason))

    @contextmanager
    def _guard(self, sequence: Sequence) -> Iterator[None]:
        """Around one sequence's work: what it raises ends this sequence and nothing else."""
        try:
            yield
        except RequestError as error:
            self._scheduler.remove(sequence)
            self._end(sequence, FinishReason.ERROR, error)
        except Exception:
            log.exception("A request failed")
            self._scheduler.remove(sequence)
            self._end(sequence, FinishReason.ERROR, Internal())

    def _end(
        self, sequence: Sequence, reason: FinishReason, error: RequestError | None = None
    ) -> None:
        """Send the last event of a sequence that the scheduler has let go of."""
        end = sequence.finished(reason, error)
        with self._changed:
            self._admission.leave(sequence.request, end)
        sequence.sink(end)

    def _end_all(self, reason: FinishReason, error: RequestError | None = None) -> None:
        # Those who are still in the inbox enter first, so that they, too, hear the end.
        while self._inbox:
            self._inbox.popleft()()
        scheduler = self._scheduler
        for sequence in [*scheduler.running, *scheduler.line(), *scheduler.looks()]:
            scheduler.remove(sequence)
            self._end(sequence, reason, error)

    def _tell_positions(self) -> None:
        for position, sequence in enumerate(self._scheduler.line(), start=1):
            told = sequence.position
            if told is None or position > told or position <= told * NEWS:
                sequence.position = position
                sequence.sink(Waiting(sequence.request.id, position, self._expected_ms(position)))

    def _expected_ms(self, position: int) -> float | None:
        mean_ms, n_rows = self._admission.mean_answer_ms, self._admission.n_rows
        return None if mean_ms is None else round(mean_ms * position / n_rows)
