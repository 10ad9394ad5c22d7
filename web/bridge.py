"""The one file that knows eventlet: other threads and processes to the hub, the server's life."""

import gc
import io
import logging
import pickle
import signal
import socket
import warnings
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

# eventlet announces at import that it is in maintenance mode. That is why it lives in this file.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet
    import eventlet.wsgi
    from eventlet.event import Event
    from eventlet.greenio import GreenSocket
    from eventlet.hubs import trampoline
    from eventlet.websocket import FailedConnectionError, RFC6455WebSocket

log = logging.getLogger(__name__)

# How long the last events may take to leave when the server stops.
FAREWELL_S = 0.1

WIRE_BUFFER_BYTES = 2**16

# A connection that says nothing for so long is dropped, or a thousand half-sent requests would
# keep everybody out. Pages say something every 25 s.
SOCKET_TIMEOUT_S = 60


class Bridge:
    """Runs calls of other threads on the hub, in the order in which they were made."""

    def __init__(self) -> None:
        self._calls: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._is_woken = False
        self._stopped = Event()

    def call(self, function: Callable[..., None], *args: Any) -> None:
        """Run `function(*args)` on the hub soon. From any thread, or a signal handler."""
        self._calls.append((function, args))
        # One wake-up serves all calls until the hub has heard it. Each costs two threads the lock.
        if not self._is_woken:
            self._is_woken = True
            with suppress(BlockingIOError):
                self._writer.send(b"\0")

    def breathe(self) -> None:
        """Let other greenlets run: a client that never pauses must not starve the rest."""
        eventlet.sleep(0)

    def serve(self, app: Callable, listener: GreenSocket) -> None:
        """Serve a WSGI app until `stop`; on the main thread, which becomes the hub.

        Connections stay open until the process ends, so that every answer's end can be heard.
        """
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, lambda *_: self.call(self.stop))
        eventlet.spawn(self._carry)
        eventlet.spawn(
            eventlet.wsgi.server,
            listener,
            app,
            log=_SILENCE,
            log_output=False,
            environ={"wsgi.errors": _SILENCE},
            socket_timeout=SOCKET_TIMEOUT_S,
            debug=False,
        )
        # What is loaded stays. Walking it again would stop every page for some hundredths of a
        # second.
        gc.collect()
        gc.freeze()
        self._stopped.wait()

    def stop(self) -> None:
        """End `serve`. On the hub only."""
        if not self._stopped.ready():
            self._stopped.send()

    def say_farewell(self) -> None:
        """Carry the last events to those who still listen. After `serve`."""
        eventlet.sleep(FAREWELL_S)

    def _carry(self) -> None:
        while True:
            trampoline(self._reader, read=True)
            self._reader.recv(4096)
            # First this, then the calls: one that comes in between wakes the hub once more.
            self._is_woken = False
            while self._calls:
                function, args = self._calls.popleft()
                try:
                    function(*args)
                # One failing call must not take the others with it.
                except Exception:
                    log.exception("A call over the bridge failed")


class Wire:
    """Messages to and from another process, on the hub: whatever can be pickled, in order.

    end: this side's end of a socket pair. on_message gets each message; on_end is called once, when
    the other side is gone. Both processes are ours: unpickling runs what it is told to.
    """

    def __init__(
        self,
        end: socket.socket,
        on_message: Callable[[Any], None],
        on_end: Callable[[], None],
    ) -> None:
        self._end = GreenSocket(end)
        self._on_message, self._on_end = on_message, on_end
        self._unsent: deque[bytes] = deque()
        self._has_ended = Event()
        eventlet.spawn(self._read)

    def send(self, message: object) -> None:
        """Send soon; what is sent after the other side's end is lost."""
        self._unsent.append(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
        if len(self._unsent) == 1:
            eventlet.spawn(self._write)

    def wait_for_end(self, timeout_s: float) -> bool:
        """Wait until the other side is gone; says whether that was in time."""
        with eventlet.Timeout(timeout_s, False):
            self._has_ended.wait()
        return self._has_ended.ready()

    def _write(self) -> None:
        with suppress(OSError):
            while self._unsent:
                self._end.sendall(self._unsent[0])
                self._unsent.popleft()

    def _read(self) -> None:
        inlet = self._end.makefile("rb", WIRE_BUFFER_BYTES)
        # A process that was killed may leave half a message behind.
        with suppress(OSError, EOFError, pickle.UnpicklingError):
            while True:
                message = pickle.load(inlet)
                try:
                    self._on_message(message)
                except Exception:
                    log.exception("A message of the other process could not be taken")
        self._has_ended.send()
        self._on_end()


def listen(host: str, port: int) -> GreenSocket:
    """Open the port. Raises OSError when it is taken or the address is not of this machine."""
    # eventlet shares ports by default; a second Moonsight would start and silently take questions.
    listener = eventlet.listen((host, port), reuse_port=False)
    # A page leaves in two writes; the second would wait 40 ms for the first to be acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _unmask(data: bytes, mask: bytes, length: int | None = None, offset: int = 0) -> bytes:
    """Undo the masking of a WebSocket frame, RFC 6455 section 5.3; `length` is that of `data`."""
    key = bytes(mask[(offset + place) % 4] for place in range(4))
    pattern = (key * (len(data) // 4 + 1))[: len(data)]
    plain = int.from_bytes(data, "little") ^ int.from_bytes(pattern, "little")
    return plain.to_bytes(len(data), "little")


# eventlet unmasks byte by byte in Python: a frame of 200 kB stops every page and every token for
# 60 ms. As one large number it takes 0.2 ms.
RFC6455WebSocket._apply_mask = staticmethod(_unmask)


class _BoundedMessage(RFC6455WebSocket.Message):
    """A message whose fragments are bounded in sum; eventlet bounds each of them only."""

    def push(self, data: bytes | str, final: bool = False) -> None:
        super().push(data, final)
        if sum(map(len, self.data)) > self.max_frame_length:
            raise FailedConnectionError(1009, "The message is too large.")


RFC6455WebSocket.Message = _BoundedMessage


class _Silence(io.TextIOBase):
    """Takes the server's own log: every poll of every page, every socket that vanished."""

    def write(self, text: str) -> int:
        return len(text)


_SILENCE = _Silence()
