"""A server of OpenAI's API that does to each request what a script says, good or bad.

A thread for each connection; nothing is sent before a script says so.
"""

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

WAIT_S = 30
EVENTS, JSON = "text/event-stream", "application/json"
DONE = "data: [DONE]\n\n"

# What is sent: bytes, text, or an event that is waited for before the rest.
Part = bytes | str | Event


@dataclass
class Asked:
    """One request as it came. headers: by name in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Talk:
    """One request and the connection to answer it on. is_kept: whether another may follow."""

    asked: Asked
    connection: socket.socket
    server: "ScriptedServer"
    is_kept: bool = False

    def send(self, *parts: Part) -> None:
        for part in parts:
            if isinstance(part, Event):
                assert part.wait(WAIT_S)
            elif part:
                data = part.encode() if isinstance(part, str) else part
                self.connection.sendall(data)
                self.server.n_sent += len(data)

    def chunk(self, *parts: Part) -> None:
        """Send a part of a body whose length nobody knows yet; all of bytes in one packet."""
        for part in parts:
            if isinstance(part, Event):
                self.send(part)
            elif part:
                data = part.encode() if isinstance(part, str) else part
                self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def wait_for_end(self) -> None:
        """Until the other side hangs up."""
        with suppress(ConnectionError):
            assert self.connection.recv(1) == b""
        self.server.ended.set()


Script = Callable[[Talk], None]


@dataclass
class ScriptedServer:
    """Answers lists of models by `models`, all else by what stands next in `scripts`, the last for
    ever.

    asked: all but lists of models, in order. ended: is set when the other side hangs up while a
    script waits for that. port: a free one when it is 0. n_sent: bytes that the other side's system
    took.
    """

    models: Script
    scripts: list[Script]
    context: ssl.SSLContext | None = None
    port: int = 0
    asked: SimpleQueue[Asked] = field(default_factory=SimpleQueue)
    ended: Event = field(default_factory=Event)
    n_asked: int = 0
    n_listed: int = 0
    n_connections: int = 0
    n_sent: int = 0

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", self.port))
        self._open: list[socket.socket] = []
        self.port = self._socket.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http{'s' if self.context else ''}://{self.host}/v1"
        Thread(target=self._accept, daemon=True).start()

    def next(self) -> Asked:
        return self.asked.get(timeout=WAIT_S)

    def close(self) -> None:
        for each in [self._socket, *self._open]:
            # Wakes the threads that accept and read, on every system.
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection = self._socket.accept()[0]
                self._open.append(connection)
                self.n_connections += 1
                Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(WAIT_S)
            # Each part leaves at once, as real servers have it.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as inlet:
                while (asked := _read(inlet)) is not None:
                    talk = Talk(asked, connection, self)
                    self._script_for(asked)(talk)
                    if not talk.is_kept:
                        return

    def _script_for(self, asked: Asked) -> Script:
        if asked.path.endswith("/models"):
            self.n_listed += 1
            return self.models
        script = self.scripts[min(self.n_asked, len(self.scripts) - 1)]
        self.n_asked += 1
        self.asked.put(asked)
        return script


def head(status: int, *headers: str, kind: str = JSON) -> str:
    return "\r\n".join([f"HTTP/1.1 {status} X", f"Content-Type: {kind}", *headers, "", ""])


def answers(status: int, body: object = "", *headers: str, kind: str = JSON) -> Script:
    """Answers at once and whole; what is neither text nor bytes is told in JSON."""
    text = body if isinstance(body, bytes | str) else json.dumps(body)
    data = text.encode() if isinstance(text, str) else text

    def answer(talk: Talk) -> None:
        talk.send(head(status, f"Content-Length: {len(data)}", *headers, kind=kind).encode() + data)
        talk.is_kept = True

    return answer


def streams(*parts: Part, kind: str = EVENTS) -> Script:
    """Answers part by part, and ends well."""

    def stream(talk: Talk) -> None:
        talk.send(head(200, "Transfer-Encoding: chunked", kind=kind))
        talk.chunk(*parts)
        talk.send("0\r\n\r\n")
        talk.is_kept = True

    return stream


def cuts(*parts: Part, kind: str = EVENTS) -> Script:
    """Answers part by part, and hangs up in the middle."""

    def cut(talk: Talk) -> None:
        talk.send(head(200, "Transfer-Encoding: chunked", kind=kind))
        talk.chunk(*parts)

    return cut


def stays(*parts: Part, kind: str = EVENTS) -> Script:
    """Answers part by part, and then says nothing until the other side hangs up."""

    def stay(talk: Talk) -> None:
        talk.send(head(200, "Transfer-Encoding: chunked", kind=kind))
        talk.chunk(*parts)
        talk.wait_for_end()

    return stay


def repeats(part: str, *first: Part, kind: str = EVENTS) -> Script:
    """Answers without an end, as fast as the other side reads."""

    def repeat(talk: Talk) -> None:
        talk.send(head(200, "Transfer-Encoding: chunked", kind=kind))
        talk.chunk(*first)
        try:
            while True:
                talk.chunk(part)
        finally:
            talk.server.ended.set()

    return repeat


def sends(*parts: Part) -> Script:
    """Sends bytes that need be no answer, and hangs up."""
    return lambda talk: talk.send(*parts)


def hangs(talk: Talk) -> None:
    """Takes the request and says nothing until the other side hangs up."""
    talk.wait_for_end()


def event(payload: object) -> str:
    return f"data: {json.dumps(payload)}\n\n"


def chunk(text: str = "", finish_reason: str | None = None, **more: Any) -> dict[str, Any]:
    """One piece of an answer."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return {"choices": [choice], **more}


def says(*texts: str) -> Script:
    """A good answer."""
    return streams(*(event(chunk(text)) for text in texts), event(chunk("", "stop")), DONE)


ENDLESS = "endless"


def echoes(talk: Talk) -> None:
    """Answers a question with its own words; one of ENDLESS it begins, and never ends."""
    content = talk.asked.told["messages"][-1]["content"]
    question = content if isinstance(content, str) else content[-1]["text"]
    if question == ENDLESS:
        stays(event(chunk("a ")))(talk)
    else:
        says(*(f"{word} " for word in question.split()))(talk)


def lists(*models: str, owned_by: str = "scripted") -> Script:
    data = [{"id": model, "object": "model", "owned_by": owned_by} for model in models]
    return answers(200, {"object": "list", "data": data})


@contextmanager
def serve_script(
    *scripts: Script,
    models: Script | None = None,
    context: ssl.SSLContext | None = None,
    port: int = 0,
) -> Iterator[ScriptedServer]:
    server = ScriptedServer(models or lists("gemma"), list(scripts) or [says("Red")], context, port)
    try:
        yield server
    finally:
        server.close()


def _read(inlet: Any) -> Asked | None:
    first = inlet.readline().split()
    if len(first) != 3:
        return None
    headers: dict[str, str] = {}
    while line := inlet.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    size = int(headers.get("content-length", 0))
    body = inlet.read(size)
    if len(body) < size:
        return None
    return Asked(first[0].decode(), first[1].decode(), headers, body)
