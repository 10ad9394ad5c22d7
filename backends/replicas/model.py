"""Replicas as a model: what a web tier asks goes to the client's own replica, and comes back."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from threading import Lock, Thread
from uuid import uuid4

from backends.first_status import first_status
from backends.replicas.connection import ClusterAway, Connection, NotTaken, OtherVersion
from backends.replicas.replica import Report
from engine.admission import Admission, Place, place_of
from engine.sequence import Sequence
from protocol.answer import Finished, FinishReason, Sink, Started, Waiting
from protocol.errors import Closing, Internal, ModelFailed, RequestError
from protocol.hosts import parse_cluster
from protocol.model import OnStatus
from protocol.pieces import Piece
from protocol.request import Request
from protocol.status import ModelState, Status
from settings import Settings

log = logging.getLogger(__name__)

REPORT_S = 1.0
CONNECT_PAUSE_S = RETRY_S = 1.0
CLOSE_S = 1.0

OTHER_VERSION = (
    "The cluster runs another version of Moonsight than this page. Deploy this version there, or"
    " start the page from that one."
)


@dataclass(eq=False)
class _Asked:
    """A request on its way. is_taken: it has its place in a replica's line, or will have none.

    dropped: how it ends when nobody waits for its answer any more.
    """

    sequence: Sequence
    is_taken: asyncio.Event = field(default_factory=asyncio.Event)
    is_sent: bool = False
    dropped: FinishReason = FinishReason.CANCELLED

    @property
    def request(self) -> Request:
        return self.sequence.request


class ReplicasModel:
    """Keeps the contract of `protocol/model.py`; from any thread.

    Sinks and watchers are called on its own thread. It is ready while at least one replica answers
    and loads while none does; that changes by itself. The line is in the replicas.
    """

    def __init__(self, settings: Settings) -> None:
        self._watchers: list[OnStatus] = []
        self.status = self._waiting = first_status(settings)
        self.failure: ModelFailed | None = None
        # Guards what follows: asked by submit and cancel, written by this model's thread, too.
        self._lock = Lock()
        self._admission = Admission(settings.max_waiting, settings.max_waiting_per_client)
        self._is_closed = False
        # The model's thread only.
        self._tier = uuid4().hex
        self._tasks: dict[_Asked, asyncio.Task[Finished]] = {}
        # The newest of each client, and of each place.
        self._last: dict[str, _Asked] = {}
        self._newest: dict[Place, _Asked] = {}
        self._is_reached, self._closing = asyncio.Event(), asyncio.Event()
        self._connection = Connection(parse_cluster(settings.ray))
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, name="replicas", daemon=True)
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
            self._soon(self._begin, Sequence(request, sink))

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
        keeping = asyncio.create_task(self._keep_in_touch())
        await self._closing.wait()
        tasks = (keeping, *self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._connection.leave()

    def _begin(self, sequence: Sequence) -> None:
        asked, place = _Asked(sequence), place_of(sequence.request)
        elder = self._newest.get(place)
        if elder is not None and not elder.is_sent:
            # A live one, or a look, that is worth nothing any more: it need not even go there.
            elder.dropped = FinishReason.REPLACED
            self._tasks[elder].cancel()
        self._newest[place] = asked
        before, self._last[asked.request.client] = self._last.get(asked.request.client), asked
        self._tasks[asked] = task = self._loop.create_task(self._answer(asked, before))
        task.add_done_callback(partial(self._end, asked))

    def _cancel(self, client: str, id: str | None) -> None:
        for asked, task in self._tasks.items():
            if asked.request.client == client and id in (None, asked.request.id):
                task.cancel()

    async def _answer(self, asked: _Asked, before: _Asked | None) -> Finished:
        """Have a request answered; returns its end.

        before: the one that the client sent before, which it must not overtake.
        """
        if before is not None:
            await before.is_taken.wait()
        await self._is_reached.wait()
        asked.is_sent = True
        for n_tries in count():
            with suppress(NotTaken):
                return await self._send(asked, n_tries)
            await asyncio.sleep(RETRY_S)
        raise AssertionError("it is tried for as long as somebody waits")

    async def _send(self, asked: _Asked, n_tries: int) -> Finished:
        request = asked.request
        # A page may use an id again before the replica has let go of it, and two tiers may have
        # clients of one name.
        sent = replace(request, client=f"{self._tier}/{request.client}", id=uuid4().hex)
        async with aclosing(self._connection.answer(sent, self._tier, n_tries)) as lists:
            async for events in lists:
                asked.is_taken.set()
                for event in events:
                    event = replace(event, id=request.id)
                    if isinstance(event, Finished):
                        return event
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
        asked.is_taken.set()
        if self._last.get(request.client) is asked:
            del self._last[request.client]
        if self._newest.get(place_of(request)) is asked:
            del self._newest[place_of(request)]
        end = _end_of(asked, task)
        with self._lock:
            self._admission.leave(request, end)
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
            except OtherVersion:
                self._change(self._waiting, ModelFailed(OTHER_VERSION))
            await asyncio.sleep(REPORT_S)

    async def _join(self) -> None:
        while True:
            try:
                await self._connection.connect()
            except ClusterAway:
                await asyncio.sleep(CONNECT_PAUSE_S)
            else:
                self._is_reached.set()
                return

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
        self.failure = failure
        if status != self.status:
            self.status = status
            for on_status in self._watchers:
                on_status(status)


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
