"""Other servers as a model: a line of our own before them, and a task for each that runs."""

import asyncio
import logging
from dataclasses import replace
from functools import partial

from backends.first_status import first_status
from backends.looped import LoopedModel
from backends.upstream.skills.skills import Skills
from backends.upstream.wire.limits import LIMITS, Limits
from backends.upstream.wire.servers import Servers
from engine.line import Line
from engine.sequence import Sequence, State
from protocol.answer import FinishReason, Sink
from protocol.errors import Internal, ModelFailed, RequestError
from protocol.request import Request, Skill
from protocol.status import ModelState, Status
from settings import Settings

log = logging.getLogger(__name__)

# How many requests each server is asked at once; what it does with them is its own affair.
ROWS_PER_SERVER = 8


class UpstreamModel(LoopedModel):
    """Ready while at least one of its servers is there; failed while none is, which changes by
    itself.
    """

    def __init__(self, settings: Settings, limits: Limits = LIMITS) -> None:
        n_rows = settings.max_running or ROWS_PER_SERVER * len(settings.upstream)
        super().__init__(settings, replace(first_status(settings), max_running=n_rows), "upstream")
        # The model's thread only.
        self._line = Line(self._leave, self._admission.expected_ms)
        self._tasks: dict[Sequence, asyncio.Task[None]] = {}
        self._servers = Servers(settings, self.status, self._change, limits)
        self._skills = Skills(self._servers)
        self._thread.start()

    def _may_try(self, request: Request) -> bool:
        # A test is there to find out what is wrong.
        return request.skill is Skill.CHECK

    # Everything below runs on the model's thread.

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

    def _change(self, status: Status, failure: ModelFailed | None) -> None:
        is_first = self.status.state is ModelState.LOADING
        self._become(status, failure)
        if is_first and status.state is not ModelState.LOADING:
            self._open_rows(status.max_running or 1)

    def _open_rows(self, n_rows: int) -> None:
        """Now that it is known who is there, those who came before may begin."""
        with self._lock:
            self._admission.n_rows = n_rows
        self._line.add_rows(n_rows)
        self._admit()
