"""Servers that a webhook may turn out to be, good and bad; a thread for each connection."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

WAIT_S = 30
TEN_MB = 10 * 2**20


@dataclass
class Post:
    """One request as it came."""

    head: str
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class HookServer:
    """Does with each connection what stands next in `behaviours`, with the last for ever.

    posts: what came whole, in order. n_sent: bytes that the other side's system took. ended: is set
    when a connection that was kept is closed by the other side.
    """

    behaviours: list["Behaviour"]
    posts: SimpleQueue = field(default_factory=SimpleQueue)
    n_posts: int = 0
    n_sent: int = 0
    ended: Event = field(default_factory=Event)
    closed: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hook?key=secret"
        Thread(target=self._accept, daemon=True).start()

    def next(self) -> Post:
        return self.posts.get(timeout=WAIT_S)

    def close(self) -> None:
        self.closed.set()
        # Wakes the thread that accepts, on every system.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection = self._socket.accept()[0]
                Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(WAIT_S)
            post = _read_post(connection)
            behave = self.behaviours[min(self.n_posts, len(self.behaviours) - 1)]
            self.n_posts += 1
            self.posts.put(post)
            behave(self, connection)


Behaviour = Callable[[HookServer, socket.socket], None]


def answers(status: int, *headers: str) -> Behaviour:
    head = "\r\n".join([f"HTTP/1.1 {status} X", "Content-Length: 0", *headers, "", ""])
    return lambda server, connection: connection.sendall(head.encode())


def hangs(server: HookServer, connection: socket.socket) -> None:
    """Takes the post and says nothing until the other side gives up."""
    if connection.recv(1) == b"":
        server.ended.set()


def drips(server: HookServer, connection: socket.socket) -> None:
    """Sends a header that never ends, byte by byte."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not server.closed.wait(0.02):
        connection.sendall(b"x")


def closes(server: HookServer, connection: socket.socket) -> None:
    """Hangs up without a word."""


def answers_10_mb(server: HookServer, connection: socket.socket) -> None:
    connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {TEN_MB}\r\n\r\n".encode())
    try:
        for _ in range(TEN_MB // 2**14):
            connection.sendall(bytes(2**14))
            server.n_sent += 2**14
    finally:
        server.ended.set()


@contextmanager
def serve_hook(*behaviours: Behaviour) -> Iterator[HookServer]:
    server = HookServer(list(behaviours) or [answers(204)])
    try:
        yield server
    finally:
        server.close()


def _read_post(connection: socket.socket) -> Post:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += _some(connection)
    return Post(head.decode(), body)


def _some(connection: socket.socket) -> bytes:
    if data := connection.recv(2**16):
        return data
    raise OSError("The other side hung up.")
