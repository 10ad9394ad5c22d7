"""What models share that live on an asyncio loop of their own: who comes in, on which thread."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import Lock, Thread

from engine.admission import Admission
from protocol.answer import Finished, Sink
from protocol.errors import Closing, ModelFailed
from protocol.model import OnStatus
from protocol.request import Request
from protocol.status import Status
from settings import Settings

CLOSE_S = 1.0


class LoopedModel(ABC):
    """Keeps the contract of `protocol/model.py`; from any thread.

    Sinks and watchers are called on its own thread, which starts with `_thread.start()`.
    """

    def __init__(self, settings: Settings, status: Status, name: str) -> None:
        """status: the first one. name: of its thread."""
        self._watchers: list[OnStatus] = []
        self.status = status
        self.failure: ModelFailed | None = None
        # Guards what follows: asked by submit and cancel, written by this model's thread, too.
        self._lock = Lock()
        self._admission = Admission(settings.max_waiting, settings.max_waiting_per_client)
        self._is_closed = False
        # Is set when it is to end. The model's thread only.
        self._closing = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def watch(self, on_status: OnStatus) -> None:
        self._watchers.append(on_status)

    def submit(self, request: Request, sink: Sink) -> None:
        with self._lock:
            if self._is_closed:
                raise Closing
            if self.failure is not None and not self._may_try(request):
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

    def _may_try(self, request: Request) -> bool:
        """Whether a request is taken although the model has failed."""
        return False

    def _soon(self, work: Callable[..., None], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(work, *arguments)

    # Everything below runs on the model's thread.

    @abstractmethod
    async def _serve(self) -> None:
        """Answer until `_closing` is set, then end everything."""

    @abstractmethod
    def _enter(self, request: Request, sink: Sink) -> None:
        """Take a request that came in."""

    @abstractmethod
    def _cancel(self, client: str, id: str | None) -> None:
        """End one request of a client, or all of them."""

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    def _leave(self, request: Request, end: Finished) -> None:
        """Give a request's place free."""
        with self._lock:
            self._admission.leave(request, end)

    def _become(self, status: Status, failure: ModelFailed | None) -> None:
        """Tell everybody how the model is now."""
        self.failure = failure
        self.status = status
        for on_status in self._watchers:
            on_status(status)
