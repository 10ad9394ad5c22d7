"""The server's life: its port opens, it serves until a signal, and says farewell."""

import errno
import gc
import io
import signal
import socket
from collections.abc import Callable
from functools import partial

import eventlet
import eventlet.wsgi
from eventlet.event import Event
from eventlet.greenio import GreenSocket

from web.loop.calls import Bridge
from web.loop.http import MAX_HEADERS_BYTES, PageProtocol, Places
from web.loop.tls import Tls

# How long the last events may take to leave when the server stops.
FAREWELL_S = 0.1

# A connection that says nothing for so long is dropped, or a thousand half-sent requests would
# keep everybody out. Pages say something every 25 s.
SOCKET_TIMEOUT_S = 60

ACCEPT_PAUSE_S = 0.1
BACKLOG = 50

# So many connections are served; of those beyond, as many as are spare are told so, and the others
# wait until one of these has heard it.
MAX_CONNECTIONS, N_SPARE = 1024, 64


class Listener:
    """One address at which connections are taken."""

    def __init__(self, opened: socket.socket) -> None:
        # A page leaves in two writes; the second would wait 40 ms for the first to be acknowledged.
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = GreenSocket(opened)
        self.family, self.getsockname = self._socket.family, self._socket.getsockname
        self.close = self._socket.close

    def accept(self) -> tuple[GreenSocket, tuple]:
        """Take the next connection; eventlet would give the address up at the first error."""
        while True:
            try:
                return self._socket.accept()
            except OSError:
                # Somebody hung up before it was taken, or too many connections are open just now.
                eventlet.sleep(ACCEPT_PAUSE_S)


def listen(host: str, port: int) -> list[Listener]:
    """Open the port on every address of this computer that `host` stands for; `::` is IPv4, too.

    Raises OSError, and leaves nothing open, when one of them is taken or none is of this computer;
    it is a gaierror for a name that leads nowhere.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    listeners: list[Listener] = []
    refusals: list[OSError] = []
    # A name may be listed twice.
    for family, address in dict.fromkeys((each[0], each[4]) for each in found):
        is_both = host == "::" and socket.has_dualstack_ipv6()
        try:
            # Ports are not shared: a second Moonsight would silently take questions.
            opened = socket.create_server(
                address, family=family, backlog=BACKLOG, dualstack_ipv6=is_both
            )
            listeners.append(Listener(opened))
        except OSError as error:
            refusals.append(error)
    taken = [error for error in refusals if error.errno == errno.EADDRINUSE]
    if taken or not listeners:
        for each in listeners:
            each.close()
        raise (taken or refusals)[0]
    return listeners


class Server:
    """Serves a WSGI app, and the calls of a bridge, on one thread, which becomes the loop."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._stopped = Event()
        # What SIGTERM still waits for.
        self._leave: Callable[[], None] | None = None

    def serve(
        self,
        app: Callable,
        listeners: list[Listener],
        leave: Callable[[], None] | None = None,
        tls: Tls | None = None,
    ) -> None:
        """Serve until `stop` or a signal; on the main thread.

        Connections stay open until the process ends, so that every answer's end can be heard.
        leave: what SIGTERM waits for, the first time. tls: what others than this computer speak.
        """
        signal.signal(signal.SIGINT, lambda *_: self._bridge.call(self.stop))
        signal.signal(signal.SIGTERM, lambda *_: self._bridge.call(self._terminate))
        self._leave = leave
        eventlet.spawn(self._bridge.carry)
        connections = eventlet.GreenPool(MAX_CONNECTIONS + N_SPARE)
        protocol = partial(PageProtocol, Places(MAX_CONNECTIONS), tls)
        for listener in listeners:
            eventlet.spawn(
                eventlet.wsgi.server,
                listener,
                app,
                log=_SILENCE,
                log_output=False,
                environ={"wsgi.errors": _SILENCE},
                protocol=protocol,
                custom_pool=connections,
                # Each word of a streamed answer leaves at once.
                minimum_chunk_size=1,
                url_length_limit=MAX_HEADERS_BYTES,
                socket_timeout=SOCKET_TIMEOUT_S,
                debug=False,
            )
        # What is loaded stays. Walking it again would stop every page for some hundredths of a
        # second.
        gc.collect()
        gc.freeze()
        self._stopped.wait()

    def _terminate(self) -> None:
        leave, self._leave = self._leave, None
        if leave is None:
            self.stop()
        else:
            eventlet.spawn(leave).link(lambda _: self.stop())

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
