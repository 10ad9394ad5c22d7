"""A model without a network, and a wire of plain threads: what a contract needs, and no torch."""

import os
import pickle
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Any

from engine.engine import Engine
from protocol.answer import Sink
from protocol.errors import StartRefused
from protocol.model import OnStatus
from protocol.request import Request
from protocol.status import ModelState, Status
from settings import Settings
from tests.fakes import EchoRunner

REFUSED = "There is no such model. Name another."


class EchoModel:
    """An engine whose runner answers with the question's own words; see `EchoRunner`.

    Named "refused" it cannot start.
    """

    def __init__(self, settings: Settings) -> None:
        self.failure: StartRefused | None = None
        self.status = Status(ModelState.LOADING, "echo")
        self._watchers: list[OnStatus] = []
        self._is_watched = Event()
        self._is_refused = settings.revision == "refused"
        self._engine = Engine(
            self._load,
            max_waiting=settings.max_waiting,
            max_waiting_per_client=settings.max_waiting_per_client,
            on_failed=self._fail,
        )

    def watch(self, on_status: OnStatus) -> None:
        self._watchers.append(on_status)
        self._is_watched.set()

    def submit(self, request: Request, sink: Sink) -> None:
        self._engine.submit(request, sink)

    def cancel(self, client: str, id: str | None = None) -> None:
        self._engine.cancel(client, id)

    def close(self) -> bool:
        return self._engine.close(3.0)

    def _load(self, while_loading: Callable[[], None]) -> EchoRunner:
        while not self._is_watched.wait(0.01):
            while_loading()
        if self._is_refused:
            raise StartRefused(REFUSED)
        runner = EchoRunner()
        self._become(Status(ModelState.READY, "echo", max_running=runner.n_rows))
        return runner

    def _fail(self, error: StartRefused) -> None:
        self.failure = error
        self._become(Status(ModelState.FAILED, "echo", error=error.message))

    def _become(self, status: Status) -> None:
        self.status = status
        for on_status in self._watchers:
            on_status(status)


class ThreadWire:
    """What `web/loop/wire.py` does for a process, without a loop."""

    def __init__(
        self, end: socket.socket, on_message: Callable[[Any], None], on_end: Callable[[], None]
    ) -> None:
        self._end, self._on_message, self._on_end = end, on_message, on_end
        self._has_ended = Event()
        Thread(target=self._read, daemon=True).start()

    def send(self, message: object) -> None:
        with suppress(OSError):
            self._end.sendall(pickle.dumps(message))

    def wait_for_end(self, timeout_s: float) -> bool:
        return self._has_ended.wait(timeout_s)

    def _read(self) -> None:
        with self._end, self._end.makefile("rb") as inlet, suppress(OSError, EOFError):
            while True:
                self._on_message(pickle.load(inlet))
        self._has_ended.set()
        self._on_end()


def breaks_off(settings: Settings) -> EchoModel:
    """A process that ends while its model is made, and says nothing."""
    os._exit(3)


def never_made(settings: Settings) -> EchoModel:
    """A model that is still being made when the program ends, as one whose imports take long."""
    Event().wait()
    raise AssertionError("nothing sets it")
