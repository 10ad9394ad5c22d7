"""Other servers as a model: a line of our own before them, and a task for each that runs."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from threading import Lock, Thread

from backends.first_status import first_status
from backends.upstream.limits import LIMITS, Limits
from backends.upstream.servers import Servers
from backends.upstream.skills import Skills
from engine.admission import Admission
from engine.line import Line
from engine.sequence import Sequence, State
from protocol.answer import Finished, FinishReason, Sink
from protocol.errors import Closing, Internal, ModelFailed, RequestError
from protocol.model import OnStatus
from protocol.request import Request
from protocol.status import Status
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
        self._loop = asyncio.new_event_loop()
        self._servers = Servers(settings, self.status, self._change, limits)
        self._skills = Skills(self._servers)
        self._thread = Thread(target=self._run, args=(n_rows,), name="upstream", daemon=True)
        self._thread.start()

    def watch(self, on_status: OnStatus) -> None:
        self._watchers.append(on_status)

    def submit(self, request: Request, sink: Sink) -> None:
        with self._lock:
            if self._is_closed:
                raise Closing
            if self.failure is not None:
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
                self._soon(self._end)
        self._thread.join(CLOSE_S)
        return not self._thread.is_alive()

    # Everything below runs on the model's thread.

    def _soon(self, work: Callable[..., None], *arguments: object) -> None:
        """Anybody may call this."""
        self._loop.call_soon_threadsafe(work, *arguments)

    def _run(self, n_rows: int) -> None:
        self._line.add_rows(n_rows)
        with self._lock:
            self._admission.n_rows = n_rows
        watching = self._loop.create_task(self._servers.watch())
        self._loop.run_forever()
        self._loop.run_until_complete(self._close(watching))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _close(self, watching: asyncio.Task[None]) -> None:
        watching.cancel()
        await asyncio.gather(watching, *self._tasks.values(), return_exceptions=True)
        await self._servers.close()

    def _enter(self, request: Request, sink: Sink) -> None:
        self._line.enter(request, sink)
        self._admit()

    def _cancel(self, client: str, id: str | None) -> None:
        self._line.cancel(client, id)
        self._let_go()

    def _end(self) -> None:
        self._line.end_all(FinishReason.CANCELLED)
        self._let_go()
        self._loop.stop()

    def _let_go(self) -> None:
        """End the tasks whose sequences have ended, which closes their connections."""
        for sequence, task in self._tasks.items():
            if sequence.state is State.ENDED:
                task.cancel()
        self._admit()

    def _admit(self) -> None:
        while not self._is_closed and (sequence := self._line.admit()):
            # Whoever asks a server has begun: the next need not wait for that.
            sequence.state = State.DECODING
            self._tasks[sequence] = self._loop.create_task(self._answer(sequence))
        self._line.tell_positions()

    async def _answer(self, sequence: Sequence) -> None:
        reason, error = FinishReason.ERROR, None
        try:
            reason = await self._skills.answer(sequence)
        except RequestError as failure:
            error = failure
        # A server can send what nobody thought of; that ends this answer and no other.
        except Exception:
            log.exception("An answer of %s broke off", ", ".join(self._servers.hosts))
            error = Internal()
        finally:
            del self._tasks[sequence]
        if sequence.state is not State.ENDED:
            self._line.drop(sequence, reason, error)
        self._admit()

    def _leave(self, request: Request, end: Finished) -> None:
        with self._lock:
            self._admission.leave(request, end)

    def _change(self, status: Status, failure: ModelFailed | None) -> None:
        self.failure = failure
        self.status = status
        for on_status in self._watchers:
            on_status(status)
