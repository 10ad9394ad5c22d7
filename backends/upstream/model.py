"""Other servers as a model: a line of our own before them, and a task for each that runs."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from threading import Lock, Thread

from backends.first_status import first_status
from backends.upstream.skills.skills import Skills
from backends.upstream.wire.limits import LIMITS, Limits
from backends.upstream.wire.servers import Servers
from engine.admission import Admission
from engine.line import Line
from engine.sequence import Sequence, State
from protocol.answer import Finished, FinishReason, Sink
from protocol.errors import Closing, Internal, ModelFailed, RequestError
from protocol.model import OnStatus
from protocol.request import Request, Skill
from protocol.status import ModelState, Status
from settings import Settings

log = logging.getLogger(__name__)

# How many requests each server is asked at once; what it does with them is its own affair.
ROWS_PER_SERVER = 8
CLOSE_S = 1.0


class UpstreamModel:
    """Keeps the contract of `protocol/model.py`; from any thread.

    Sinks and watchers are called on its own thread. It is ready while at least one of its servers
    is there, and has failed while none is; that changes by itself.
    """

    def __init__(self, settings: Settings, limits: Limits = LIMITS) -> None:
        n_rows = settings.max_running or ROWS_PER_SERVER * len(settings.upstream)
        self._watchers: list[OnStatus] = []
        self.status = replace(first_status(settings), max_running=n_rows)
        self.failure: ModelFailed | None = None
        # Guards what follows: asked by submit and cancel, written by this model's thread, too.
        self._lock = Lock()
        self._admission = Admission(settings.max_waiting, settings.max_waiting_per_client)
        self._is_closed = False
        # The model's thread only.
        self._line = Line(self._leave, self._admission.expected_ms)
        self._tasks: dict[Sequence, asyncio.Task[None]] = {}
        self._closing = asyncio.Event()
        self._servers = Servers(settings, self.status, self._change, limits)
        self._skills = Skills(self._servers)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, name="upstream", daemon=True)
        self._thread.start()

    def watch(self, on_status: OnStatus) -> None:
        self._watchers.append(on_status)

    def submit(self, request: Request, sink: Sink) -> None:
        with self._lock:
            if self._is_closed:
                raise Closing
            # A test is there to find out what is wrong.
            if self.failure is not None and request.skill is not Skill.CHECK:
                raise self.failure
            self._admission.enter(request)
            self._soon(self._enter, request, sink)

    def cancel(self, client: str, id: str | None = None) -> None:
        with self._lock:
            if not self._is_closed and self._admission.has(client, id):
                self._soon(self._cancel, client, id)

    def close(self) -> bool:
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._soon(self._closing.set)
        self._thread.join(CLOSE_S)
        return not self._thread.is_alive()

    def _soon(self, work: Callable[..., None], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(work, *arguments)

    # Everything below runs on the model's thread.

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        watching = asyncio.create_task(self._servers.watch())
        await self._closing.wait()
        self._line.end_all(FinishReason.CANCELLED)
        for task in (watching, *self._tasks.values()):
            task.cancel()
        await asyncio.gather(watching, *self._tasks.values(), return_exceptions=True)
        await self._servers.close()

    def _enter(self, request: Request, sink: Sink) -> None:
        self._line.enter(request, sink)
        self._admit()

    def _cancel(self, client: str, id: str | None) -> None:
        self._line.cancel(client, id)
        for sequence, task in self._tasks.items():
            if sequence.state is State.ENDED:
                # Closes its connection.
                task.cancel()
        self._admit()

    def _admit(self) -> None:
        while sequence := self._line.admit():
            # Whoever asks a server has begun: the next need not wait for that.
            sequence.state = State.DECODING
            self._tasks[sequence] = task = self._loop.create_task(self._answer(sequence))
            task.add_done_callback(partial(self._forget, sequence))
        self._line.tell_positions()

    def _forget(self, sequence: Sequence, _: asyncio.Task[None]) -> None:
        del self._tasks[sequence]

    async def _answer(self, sequence: Sequence) -> None:
        reason, error = FinishReason.ERROR, None
        try:
            reason = await self._skills.answer(sequence)
        except RequestError as failure:
            error = failure
        # A server can send what nobody thought of; that ends this answer and no other.
        except Exception:
            log.exception("An answer of %s broke off", " and ".join(self._servers.hosts))
            error = Internal()
        self._line.drop(sequence, reason, error)
        self._admit()

    def _leave(self, request: Request, end: Finished) -> None:
        with self._lock:
            self._admission.leave(request, end)

    def _change(self, status: Status, failure: ModelFailed | None) -> None:
        is_first = self.status.state is ModelState.LOADING
        self.failure = failure
        self.status = status
        for on_status in self._watchers:
            on_status(status)
        if is_first and status.state is not ModelState.LOADING:
            self._open_rows(status.max_running or 1)

    def _open_rows(self, n_rows: int) -> None:
        """Now that it is known who is there, those who came before may begin."""
        with self._lock:
            self._admission.n_rows = n_rows
        self._line.add_rows(n_rows)
        self._admit()
