"""The model in a process of its own: there nobody else holds Python's one lock.

In one process, the engine's thread stood still for a third of its time while pages were served and
words were sent. Here it computes, and its events cross one socket to the loop of the web tier. A
process that breaks off leaves the page standing and is started again.
"""

import logging
import os
import pickle
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from threading import Lock
from typing import Any, Protocol

from backends.first_status import first_status
from backends.kinds import make_model
from backends.resident import CLOSE_TIMEOUT_S
from backends.sent_frames import SentFrames
from engine.admission import Admission
from protocol.answer import AnswerEvent, Finished, FinishReason, Sink, refusal
from protocol.errors import Closing, ModelFailed, RequestError
from protocol.model import Model, OnStatus
from protocol.request import Request, Skill
from protocol.status import ModelState, Status
from settings import Settings

log = logging.getLogger(__name__)
LOG_FORMAT = "%(levelname)s %(name)s: %(message)s"

# How much longer than the model's own end its process may take.
EXIT_S = 0.5

# What goes there: a request under a ticket, (client, id) to cancel, None to close.
Order = tuple[int, Request] | tuple[str, str | None] | None
# What comes back: an event for a ticket, or the status and why it failed.
Report = tuple[int, AnswerEvent] | tuple[Status, ModelFailed | None]


class Wire(Protocol):
    """Carries orders there; see `web/loop/wire.py`."""

    def send(self, message: Order) -> None: ...
    def wait_for_end(self, timeout_s: float) -> bool: ...


OpenWire = Callable[[socket.socket, Callable[[Any], None], Callable[[], None]], Wire]
MakeModel = Callable[[Settings], Model]


class ModelProcess:
    """Keeps the contract of `protocol/model.py`, in another process. On the loop only.

    Sinks and watchers are called on the loop, too. It is started again when it breaks off, unless
    that happens before its first answer; one that asks a cluster breaks off when that is lost, and
    is started again in any case.
    """

    def __init__(
        self,
        settings: Settings,
        open_wire: OpenWire,
        make_model: MakeModel = make_model,
    ) -> None:
        """Start the process and return at once; it makes the model with `make_model`.

        Raises StartRefused when there is no such checkpoint.
        """
        self._settings, self._open_wire, self._make_model = settings, open_wire, make_model
        self._first_status = first_status(settings)
        self.status = self._first_status
        self.failure: ModelFailed | None = None
        self._watchers: list[OnStatus] = []
        self._admission = Admission(settings.max_waiting, settings.max_waiting_per_client)
        self._tickets = count()
        self._open: dict[int, tuple[Request, Sink]] = {}
        self._has_answered = self._is_closing = False
        self._start()

    def watch(self, on_status: OnStatus) -> None:
        self._watchers.append(on_status)

    def submit(self, request: Request, sink: Sink) -> None:
        if self._is_closing:
            raise Closing
        # A test is there to find out what is wrong.
        is_test = request.skill is Skill.CHECK and self._process.is_alive()
        if self.failure is not None and not is_test:
            raise self.failure
        self._admission.enter(request)
        ticket = next(self._tickets)
        self._open[ticket] = request.without_picture(), sink
        self._wire.send((ticket, self._sent_frames.pack(request)))

    def cancel(self, client: str, id: str | None = None) -> None:
        if self._admission.has(client, id):
            self._wire.send((client, id))

    def close(self) -> bool:
        """End every answer and the process; says whether it ended in time."""
        self._is_closing = True
        if self._open or self.status.state is not ModelState.LOADING:
            self._wire.send(None)
        else:
            # Nobody waits for its last word, and while it imports torch it would hear of nothing.
            self._process.kill()
        has_ended = self._wire.wait_for_end(CLOSE_TIMEOUT_S + EXIT_S)
        self._process.kill()
        return has_ended

    def _take(self, report: Report) -> None:
        match report:
            case Status() as status, ModelFailed() | None as failure:
                self._admission.n_rows = status.max_running or 0
                self.failure = failure
                self._tell(status)
            case int(ticket), event:
                request, sink = self._open[ticket]
                if isinstance(event, Finished):
                    self._has_answered |= event.reason in (FinishReason.STOP, FinishReason.LENGTH)
                    del self._open[ticket]
                    self._admission.leave(request, event)
                sink(event)

    def _start(self) -> None:
        here, there = socket.socketpair()
        self._process = get_context("spawn").Process(
            target=_serve, args=(there, self._settings, self._make_model), daemon=True
        )
        _start_apart(self._process)
        there.close()
        self._sent_frames = SentFrames()
        self._wire = self._open_wire(here, self._take, self._end)

    def _end(self) -> None:
        """The process is gone: tell who waits, and start it again if it ever answered."""
        if self._is_closing:
            self._refuse_all(Closing())
        elif self._has_answered or self._settings.ray:
            log.warning("The model's process broke off and is started again.")
            self._refuse_all(ModelFailed("The model broke off and starts again. Ask once more."))
            self._has_answered = False
            self._start()
            self._tell(self._first_status)
        elif self.failure is None:
            # One that dies at once would do so again and again.
            self.failure = ModelFailed(_why(self._process))
            self._refuse_all(self.failure)
            error = self.failure.message
            self._tell(replace(self.status, state=ModelState.FAILED, progress=None, error=error))
        else:
            self._refuse_all(self.failure)

    def _refuse_all(self, error: ModelFailed) -> None:
        for ticket, (request, _) in list(self._open.items()):
            self._take((ticket, refusal(request.id, request.skill, error)))

    def _tell(self, status: Status) -> None:
        self.status = status
        for on_status in self._watchers:
            on_status(status)


def _why(process: BaseProcess) -> str:
    """Say how a process broke off, as far as the system tells, and what helps."""
    # Its end of the wire is closed, so it is gone or about to be.
    process.join(EXIT_S)
    if process.exitcode == -getattr(signal, "SIGKILL", 9):
        return (
            "The system ended its process, as it does when memory runs out. Close other programs"
            " and start Moonsight again."
        )
    return (
        f"Its process broke off with code {process.exitcode}. Run python app.py --check, which says"
        " more, and start Moonsight again."
    )


def _start_apart(process: Any) -> None:
    """Start a process that Ctrl-C, which reaches all of a terminal's processes, does not end.

    Nor does it run the program's main module anew: multiprocessing would, and that imports the web
    tier for half a second, of which nothing is needed there.
    """
    kept = {each: signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, signal.SIGTERM)}
    main = vars(sys.modules["__main__"])
    names = {name: main.get(name) for name in ("__spec__", "__file__")}
    main.update(dict.fromkeys(names))
    try:
        process.start()
    finally:
        main.update(names)
        for signum, handler in kept.items():
            signal.signal(signum, handler)


# Everything below runs in the model's process.


def _serve(end: socket.socket, settings: Settings, make_model: MakeModel) -> None:
    """Take orders until told to close, or until nobody is left to give them."""
    # Windows does not hand down what is ignored.
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, format=LOG_FORMAT)
    model = make_model(settings)
    reporter = Reporter(end, model)
    model.watch(reporter.tell_status)
    reporter.tell_status()
    sent_frames = SentFrames()
    with suppress(EOFError, OSError):
        inlet = end.makefile("rb")
        while order := pickle.load(inlet):
            match order:
                case str(client), id:
                    model.cancel(client, id)
                case ticket, request:
                    sink = partial(reporter.tell_event, ticket)
                    _submit(model, sent_frames.unpack(request), sink)
    model.close()
    # An ordinary exit would wait for torch.
    os._exit(0)


def _submit(model: Model, request: Request, sink: Sink) -> None:
    try:
        model.submit(request, sink)
    except RequestError as error:
        sink(refusal(request.id, request.skill, error))


class Reporter:
    """Sends what happens, from any thread; nobody may be there to hear it."""

    def __init__(self, end: socket.socket, model: Model) -> None:
        self._end, self._model, self._lock = end, model, Lock()

    def tell_event(self, ticket: int, event: AnswerEvent) -> None:
        with self._lock:
            self._send((ticket, event))

    def tell_status(self, _: Status | None = None) -> None:
        with self._lock:
            # Read under the lock: what is told last is then the newest, whoever tells it.
            self._send((self._model.status, self._model.failure))

    def _send(self, report: Report) -> None:
        with suppress(OSError):
            self._end.sendall(pickle.dumps(report, pickle.HIGHEST_PROTOCOL))
