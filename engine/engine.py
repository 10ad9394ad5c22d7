"""The engine thread: it loads the network, owns it, and gives every request its turns."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Condition, Thread

from engine.admission import Admission, Place, place_of
from engine.turns import Runner, Turns
from protocol.answer import Finished, FinishReason, Sink
from protocol.errors import Closing, ModelFailed, RequestError
from protocol.request import Request

log = logging.getLogger(__name__)

# Loads the network on the engine thread; it calls its argument now and then while it works.
Load = Callable[[Callable[[], None]], Runner]


@dataclass
class Arrival:
    """A request in the inbox, and where its events go."""

    request: Request
    sink: Sink


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

        # Guards what follows: written by submit, cancel and close, read by the engine thread.
        self._changed = Condition()
        self._inbox: deque[Callable[[], None]] = deque()
        # The newest of each place since the inbox was empty.
        self._unread: dict[Place, Arrival] = {}
        self._admission = Admission(max_waiting, max_waiting_per_client)
        self._is_closed = False
        self._failure: ModelFailed | None = None

        self._turns = Turns(self._leave, self._admission.expected_ms)
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
            arrival, place = Arrival(request, sink), place_of(request)
            if place in self._unread:
                # It ends as replaced, for which it needs no picture: a loop may send many of them
                # before the engine's thread looks up from its work.
                elder = self._unread[place]
                elder.request = elder.request.without_picture()
            self._unread[place] = arrival
            self._inbox.append(partial(self._enter, arrival))
            self._changed.notify()

    def cancel(self, client: str, id: str | None = None) -> None:
        """End one request of a client, or all of them, within one token.

        Unknown ids are ignored.
        """
        with self._changed:
            if not self._admission.has(client, id):
                return
            self._inbox.append(partial(self._turns.cancel, client, id))
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
        # Whatever breaks a start must be told on the page, and is nobody's question's fault.
        except Exception:
            log.exception("The model could not be loaded")
            self._fail(ModelFailed("Loading broke off. The terminal shows why."))
        else:
            self._answer(runner)

    def _answer(self, runner: Runner) -> None:
        self._turns.add_rows(runner.n_rows)
        with self._changed:
            self._admission.n_rows = runner.n_rows
        while self._wait_for_work():
            self._take_inbox()
            self._turns.take(runner)
        self._end_all(FinishReason.CANCELLED)

    def _while_loading(self) -> None:
        """Keep the line in order while the network is read; gives up when the engine closes."""
        if self._is_closed:
            raise EngineClosed
        self._take_inbox()
        self._turns.tell_positions()

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
        return bool(self._is_closed or self._inbox or not self._turns.is_idle)

    def _take_inbox(self) -> None:
        while not self._is_closed:
            with self._changed:
                if not self._inbox:
                    self._unread.clear()
                    break
                message = self._inbox.popleft()
            message()

    def _enter(self, arrival: Arrival) -> None:
        self._turns.enter(arrival.request, arrival.sink)

    def _end_all(self, reason: FinishReason, error: RequestError | None = None) -> None:
        # Those who are still in the inbox enter first, so that they, too, hear the end.
        while self._inbox:
            self._inbox.popleft()()
        self._turns.end_all(reason, error)

    def _leave(self, request: Request, end: Finished) -> None:
        with self._changed:
            self._admission.leave(request, end)
