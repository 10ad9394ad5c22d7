"""Replicas as a model: what a web tier asks goes to the client's own replica, and comes back."""

import asyncio
import logging
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4
from weakref import WeakValueDictionary

from backends.first_status import first_status
from backends.looped import LoopedModel
from backends.replicas.connection import ClusterAway, Connection, NotTaken
from backends.replicas.replica import Report
from engine.admission import Place, place_of
from engine.sequence import Sequence
from protocol.answer import Finished, FinishReason, Sink, Started, Waiting
from protocol.errors import Internal, ModelFailed, RequestError
from protocol.hosts import parse_cluster
from protocol.pieces import Piece
from protocol.request import Request
from protocol.status import ModelState, Status
from settings import Settings

log = logging.getLogger(__name__)

REPORT_S = 1.0
CONNECT_PAUSE_S = RETRY_S = 1.0


@dataclass(eq=False)
class _Asked:
    """A request on its way.

    turn: which its client's requests take one after the other, each until it has its place in a
    replica's line. dropped: how it ends when nobody waits for its answer any more.
    """

    sequence: Sequence
    turn: asyncio.Lock
    has_begun: bool = False
    has_turn: bool = False
    dropped: FinishReason = FinishReason.CANCELLED

    @property
    def request(self) -> Request:
        return self.sequence.request

    async def take_turn(self) -> None:
        await self.turn.acquire()
        self.has_turn = True

    def end_turn(self) -> None:
        if self.has_turn:
            self.has_turn = False
            self.turn.release()


class ReplicasModel(LoopedModel):
    """Ready while at least one replica answers; it loads while none does, which changes by itself.

    The line is in the replicas.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, first_status(settings), "replicas")
        # The model's thread only.
        self._waiting = self.status
        self._tier = uuid4().hex
        self._tasks: dict[_Asked, asyncio.Task[Finished]] = {}
        # Of each client, as long as it has asked something; the newest of each place.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._newest: dict[Place, _Asked] = {}
        self._is_reached = asyncio.Event()
        self._connection = Connection(parse_cluster(settings.ray))
        self._thread.start()

    # Everything below runs on the model's thread.

    async def _serve(self) -> None:
        keeping = asyncio.create_task(self._keep_in_touch())
        await self._closing.wait()
        tasks = (keeping, *self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._connection.leave()

    def _enter(self, request: Request, sink: Sink) -> None:
        turn = self._turns.setdefault(request.client, asyncio.Lock())
        asked, place = _Asked(Sequence(request, sink), turn), place_of(request)
        elder = self._newest.get(place)
        if elder is not None and not elder.has_begun:
            # A live one, or a look, that is worth nothing any more: where it waits, its place may
            # be the last that is left.
            elder.dropped = FinishReason.REPLACED
            self._tasks[elder].cancel()
        self._newest[place] = asked
        self._tasks[asked] = task = self._loop.create_task(self._answer(asked))
        task.add_done_callback(partial(self._end, asked))

    def _cancel(self, client: str, id: str | None) -> None:
        for asked, task in self._tasks.items():
            if asked.request.client == client and id in (None, asked.request.id):
                task.cancel()

    async def _answer(self, asked: _Asked) -> Finished:
        """Have a request answered; returns its end."""
        await asked.take_turn()
        await self._is_reached.wait()
        n_tries = 0
        while True:
            with suppress(NotTaken):
                return await self._send(asked, n_tries)
            await asyncio.sleep(RETRY_S)
            n_tries += 1

    async def _send(self, asked: _Asked, n_tries: int) -> Finished:
        request = asked.request
        # A page may use an id again before the replica has let go of it, and two tiers may have
        # clients of one name.
        sent = replace(request, client=f"{self._tier}/{request.client}", id=uuid4().hex)
        async with aclosing(self._connection.answer(sent, self._tier, n_tries)) as lists:
            async for events in lists:
                asked.end_turn()
                for event in events:
                    event = replace(event, id=request.id)
                    if isinstance(event, Finished):
                        return event
                    asked.has_begun |= isinstance(event, Started)
                    self._tell(asked.sequence, event)
        raise AssertionError("an answer has an end, or breaks off")

    def _tell(self, sequence: Sequence, event: Waiting | Started | Piece) -> None:
        if isinstance(event, Waiting):
            sequence.sink(event)
        elif isinstance(event, Started):
            sequence.queue_ms = event.queue_ms
            sequence.sink(event)
        else:
            sequence.tell(event)

    def _end(self, asked: _Asked, task: "asyncio.Task[Finished]") -> None:
        """Tell the end of a request, however it came."""
        request = asked.request
        del self._tasks[asked]
        asked.end_turn()
        if self._newest.get(place_of(request)) is asked:
            del self._newest[place_of(request)]
        end = _end_of(asked, task)
        self._leave(request, end)
        asked.sequence.sink(end)

    async def _keep_in_touch(self) -> None:
        """Join the cluster, and hear of its replicas from then on.

        When the head is lost for good, which takes a minute, Ray ends this process: whoever keeps
        it starts it again, and it joins anew.
        """
        await self._join()
        while True:
            try:
                if (reports := await self._connection.reports(self._tier)) is not None:
                    self._hear(reports)
            except ModelFailed as failure:
                self._change(self._waiting, failure)
            await asyncio.sleep(REPORT_S)

    async def _join(self) -> None:
        while True:
            try:
                await self._connection.connect()
            except ClusterAway:
                self._change(self._waiting)
            except ModelFailed as failure:
                self._change(self._waiting, failure)
            else:
                self._is_reached.set()
                return
            await asyncio.sleep(CONNECT_PAUSE_S)

    def _hear(self, reports: list[Report]) -> None:
        assert self._waiting.cluster is not None, "a cluster answers"
        ready = [each.status for each in reports if each.status.state is ModelState.READY]
        cluster = replace(self._waiting.cluster, is_reached=True, n_replicas=len(ready))
        with self._lock:
            self._admission.n_elsewhere = sum(each.n_elsewhere for each in reports)
        if not ready:
            self._change(replace(self._waiting, cluster=cluster))
            return
        self._change(
            replace(
                ready[0],
                cluster=cluster,
                max_running=sum(each.max_running or 0 for each in ready),
                memory_bytes=sum(each.memory_bytes or 0 for each in ready) or None,
                cache_bytes=sum(each.cache_bytes or 0 for each in ready) or None,
            )
        )

    def _change(self, status: Status, failure: ModelFailed | None = None) -> None:
        if failure is not None:
            status = replace(status, state=ModelState.FAILED, error=failure.message)
        with self._lock:
            self._admission.n_rows = status.max_running or 0
        if status != self.status:
            self._become(status, failure)


def _end_of(asked: _Asked, task: "asyncio.Task[Finished]") -> Finished:
    if task.cancelled():
        return asked.sequence.finished(asked.dropped)
    error = task.exception()
    if error is None:
        return task.result()
    if not isinstance(error, RequestError):
        log.error("An answer of the cluster broke off", exc_info=error)
        error = Internal()
    return asked.sequence.finished(FinishReason.ERROR, error)
