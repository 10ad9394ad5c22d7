"""A web tier that leaves while others stay: nothing new comes in, and what runs ends first."""

from collections import Counter
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Protocol

from flask import Response, json
from werkzeug.wrappers import Request as HTTPRequest
from werkzeug.wsgi import ClosingIterator

from protocol.answer import AnswerEvent, Finished, Sink
from protocol.errors import Closing
from protocol.formats.openai_answer import error_payload
from protocol.request import Request
from web.loop.mailbox import pause
from web.metrics import Submit

LOOK_S = 0.05

# What tells of this server itself, whether it leaves or not.
OF_ITSELF = ("/health", "/metrics")
PAGES = "/socket.io/"


class Pages(Protocol):
    """The connections of pages; see `web/connections.py`."""

    def knows(self, sid: str) -> bool: ...
    def end_idle(self, is_busy: Callable[[str], bool]) -> int: ...


class Leaving:
    """Lets in what comes, until it is told to leave. On the loop only.

    A page is disconnected as soon as nothing runs for it, and connects again: to another server,
    because this one refuses it.
    """

    LIMIT_S = 30.0

    # Those of the app that it guards.
    pages: Pages

    def __init__(self) -> None:
        self._is_leaving = False
        self._n_exchanges = 0
        self._n_open: Counter[str] = Counter()

    def guard(self, wsgi_app: Callable) -> Callable:
        """Wrap a WSGI app so that it refuses what is new while this server leaves."""

        def guarded(environ: dict, start_response: Callable) -> Iterable[bytes]:
            path, is_page = environ["PATH_INFO"], environ["PATH_INFO"].startswith(PAGES)
            if self._is_leaving and path not in OF_ITSELF:
                sid = HTTPRequest(environ).args.get("sid", "")
                if not (is_page and self.pages.knows(sid)):
                    return _refusal()(environ, start_response)
            # A page's connection lasts as long as the page.
            if is_page:
                return wsgi_app(environ, start_response)
            self._n_exchanges += 1
            return ClosingIterator(wsgi_app(environ, start_response), self._end_exchange)

        return guarded

    def _end_exchange(self) -> None:
        self._n_exchanges -= 1

    def through(self, submit: Submit) -> Submit:
        """The same way to the model for pages, which knows of each client whether anything runs."""

        def counting(door: str, asked: Request, sink: Sink) -> None:
            client = asked.client

            def hear(event: AnswerEvent) -> None:
                if isinstance(event, Finished):
                    self._n_open[client] -= 1
                    if not self._n_open[client]:
                        del self._n_open[client]
                sink(event)

            if self._is_leaving:
                raise _closing()
            submit(door, asked, hear)
            self._n_open[client] += 1

        return counting

    def wait(self) -> None:
        """Leave, and wait until all that runs has ended; `LIMIT_S` at most."""
        self._is_leaving = True
        until, is_busy = monotonic() + self.LIMIT_S, self._n_open.__contains__
        while (self.pages.end_idle(is_busy) or self._n_exchanges) and monotonic() < until:
            pause(LOOK_S)


def _closing() -> Closing:
    return Closing("This server is about to end, and takes nothing new. Ask once more.")


def _refusal() -> Response:
    error = _closing()
    headers = {"Retry-After": "1", "Connection": "close"}
    body = json.dumps(error_payload(error))
    return Response(body, error.http_status, headers, mimetype="application/json")
