"""The server's life: its port opens, it serves until a signal, and says farewell."""

import gc
import io
import signal
import socket
from collections.abc import Callable

import eventlet
import eventlet.wsgi
from eventlet.event import Event
from eventlet.greenio import GreenSocket

from web.loop.calls import Bridge

# How long the last events may take to leave when the server stops.
FAREWELL_S = 0.1

# A connection that says nothing for so long is dropped, or a thousand half-sent requests would
# keep everybody out. Pages say something every 25 s.
SOCKET_TIMEOUT_S = 60


def listen(host: str, port: int) -> GreenSocket:
    """Open the port. Raises OSError when it is taken or the address is not of this machine."""
    # eventlet shares ports by default; a second Moonsight would start and silently take questions.
    listener = eventlet.listen((host, port), reuse_port=False)
    # A page leaves in two writes; the second would wait 40 ms for the first to be acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class Server:
    """Serves a WSGI app, and the calls of a bridge, on one thread, which becomes the loop."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._stopped = Event()

    def serve(self, app: Callable, listener: GreenSocket) -> None:
        """Serve until `stop` or a signal; on the main thread.

        Connections stay open until the process ends, so that every answer's end can be heard.
        """
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, lambda *_: self._bridge.call(self.stop))
        eventlet.spawn(self._bridge.carry)
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
        """End `serve`. On the loop only."""
        if not self._stopped.ready():
            self._stopped.send()

    def say_farewell(self) -> None:
        """Carry the last events to those who still listen. After `serve`."""
        eventlet.sleep(FAREWELL_S)


class _Silence(io.TextIOBase):
    """Takes the server's own log: every poll of every page, every socket that vanished."""

    def write(self, text: str) -> int:
        return len(text)


_SILENCE = _Silence()
