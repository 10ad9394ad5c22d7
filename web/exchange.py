"""What every HTTP API asks through: a body comes in, one request goes to the model, its events out.

A route is parse, ask, write. Here is what they share: bodies are bounded, a request ends when its
sender hangs up, and its words leave as they come.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from time import monotonic
from typing import Any
from uuid import uuid4

from flask import Response, jsonify, request

from protocol.answer import AnswerEvent, Finished, FinishReason, Started, Waiting
from protocol.errors import (
    BadRequest,
    BodyTooLarge,
    Closing,
    RequestError,
    TooSlow,
    WrongMediaType,
)
from protocol.formats.fields import Fields
from protocol.formats.json_text import read_json
from protocol.frame import FrameLimits
from protocol.model import Model
from protocol.request import Request
from web.loads import Load, Loads
from web.loop.bodies import BodyBroken, BodyTooSlow, has_left, read_body
from web.loop.calls import Bridge
from web.loop.mailbox import Mailbox
from web.metrics import Metrics
from web.outlet import Outlet

# What a body may hold besides its pictures.
ENVELOPE_BYTES = 2**20
# How many of the largest pictures a body may hold, in base64; small ones it may hold many of.
MAX_LARGEST_PICTURES = 4

FIRST_ERROR = 400

# What is noted of an HTTP request beside what it came with.
_OPENED, _LOAD, _ASKED = "moonsight.opened", "moonsight.load", "moonsight.asked"

# How often it is looked whether who waits for an answer is still there.
LISTENING_S = 0.05
# A reader that is so many events behind does not read.
MAX_UNREAD = 512


# Hears what happens to a request, and returns what is to be told of it.
Through = Callable[[AnswerEvent], AnswerEvent]


class Answering(Iterator[AnswerEvent]):
    """What happens to one request, as it happens: its pieces, then Finished. On the loop only.

    It ends when its sender hangs up or stops reading. What was said of its place in line is left
    out.
    """

    def __init__(self, stop: Callable[[], None], environ: dict[str, Any]) -> None:
        """stop: stops the model. environ: of the HTTP request."""
        self._stop, self._environ = stop, environ
        self._events: Mailbox[AnswerEvent] = Mailbox()
        self._ahead: deque[AnswerEvent] = deque()
        self._is_closed = self._has_ended = False

    def hear(self, event: AnswerEvent) -> None:
        """Take what happens next."""
        self._events.put(event)
        if len(self._events) == MAX_UNREAD:
            self.close()

    def begin(self) -> None:
        """Wait for the first piece; raises the RequestError of a request that failed before."""
        first = next(self)
        if isinstance(first, Finished) and first.error is not None:
            raise first.error
        self._ahead.append(first)

    def finished(self) -> Finished:
        """Wait for the end; raises the RequestError of a request that failed."""
        for event in self:
            if isinstance(event, Finished):
                if event.error is not None:
                    raise event.error
                if event.reason is FinishReason.CANCELLED:
                    raise Closing
                return event
        raise AssertionError("the end is told exactly once")

    def __next__(self) -> AnswerEvent:
        if self._ahead:
            return self._ahead.popleft()
        if self._has_ended:
            raise StopIteration
        event: AnswerEvent | None = None
        while event is None or isinstance(event, Waiting | Started):
            if has_left(self._environ):
                self.close()
            event = self._events.take(LISTENING_S)
        self._has_ended = isinstance(event, Finished)
        return event

    def close(self) -> None:
        """Stop the model, if it is still at it."""
        if not (self._is_closed or self._has_ended):
            self._is_closed = True
            self._stop()


class Exchange:
    """Reads the current HTTP request's body and asks the model for it. On the loop only.

    metrics: counts what happens to every request.
    """

    def __init__(self, model: Model, bridge: Bridge, limits: FrameLimits, metrics: Metrics) -> None:
        self.limits, self.model = limits, model
        self._bridge, self._metrics = bridge, metrics
        self._loads = Loads()
        self._max_bytes = MAX_LARGEST_PICTURES * limits.max_bytes * 4 // 3 + ENVELOPE_BYTES

    def open(self) -> None:
        """Count a request; before anything of it is read. Raises Busy."""
        environ, stack = request.environ, ExitStack()
        environ[_OPENED] = stack
        environ[_LOAD] = stack.enter_context(self._loads.one(_address()))

    def close(self, response: Response) -> None:
        """Name the request, and let it count until the response's last byte is sent."""
        if id := request.environ.get(_ASKED):
            response.headers["X-Request-Id"] = id
        elif response.status_code >= FIRST_ERROR:
            self._metrics.refuse(_door(), response.status_code)
        stack: ExitStack = request.environ.get(_OPENED, ExitStack())
        response.call_on_close(stack.close)

    def read_pieces(self) -> Iterator[bytes]:
        """The body, as it arrives.

        Raises BodyTooLarge, TooSlow, Busy, and BadRequest where it breaks off.
        """
        load: Load = request.environ[_LOAD]
        if (request.content_length or 0) > self._max_bytes:
            raise self._too_large()
        try:
            for piece in read_body(request.environ):
                load.add(len(piece))
                if load.n_bytes > self._max_bytes:
                    raise self._too_large()
                yield piece
        except BodyTooSlow as error:
            raise TooSlow("The body did not arrive in time. Send it again.") from error
        except BodyBroken as error:
            raise BadRequest("The body breaks off or is damaged. Send it again.") from error

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body has more than {self._max_bytes:,} bytes.")

    def read_body(self) -> bytes:
        """The whole body; raises what `read_pieces` does."""
        return b"".join(self.read_pieces())

    def read_json(self) -> Fields:
        """The body as one JSON object. Raises WrongMediaType, too."""
        if not request.is_json:
            raise WrongMediaType("The body must be JSON, with Content-Type: application/json.")
        return Fields(parse_json(self.read_body()))

    def common(self) -> dict[str, Any]:
        """What every Request of the current HTTP request is made with."""
        return {
            "id": uuid4().hex,
            "client": f"http {_address()}",
            "arrived_at": monotonic(),
            "is_program": True,
        }

    def ask(self, asked: Request, through: Through = lambda event: event) -> Answering:
        """Ask the model, and wait for the first piece.

        through: hears what happens first, its place in line included; on the loop.
        Raises the RequestError of a request that is refused, or failed before its first piece.
        """
        stop = partial(self.model.cancel, asked.client, asked.id)
        environ = request.environ
        answering = Answering(stop, environ)
        sink = Outlet(self._bridge.call, lambda event: answering.hear(through(event)))
        self._metrics.submit(_door(), asked, sink)
        environ[_ASKED] = asked.id
        answering.begin()
        return answering


def parse_json(body: bytes) -> dict[str, Any]:
    """Read one JSON object as strictly as it can be. Raises BadRequest."""
    found = read_json(body, "The body")
    if not isinstance(found, dict):
        raise BadRequest("The body must be a JSON object.")
    return found


def event_stream(lines: Iterator[str], answering: Answering) -> Response:
    """Answer with server-sent events, each of which leaves as it comes."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    response = Response(lines, mimetype="text/event-stream", headers=headers)
    response.call_on_close(answering.close)
    return response


def error_response(body: dict, error: RequestError) -> Response:
    """An error as an API writes it, with its status and when to try again."""
    response = jsonify(body)
    response.status_code = error.http_status
    if (retry_after_s := getattr(error, "retry_after_s", None)) is not None:
        response.headers["Retry-After"] = str(retry_after_s)
    return response


def _door() -> str:
    return request.blueprint or "none"


def _address() -> str:
    return request.remote_addr or ""
