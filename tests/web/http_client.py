"""HTTP as plain programs speak it."""

import json
import socket
import urllib.error
import urllib.request
from typing import NamedTuple

from tests.server import EVENT_TIMEOUT_S, Server


class Told(NamedTuple):
    """An answer, whatever its status."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)


def post(
    server: Server, path: str, body: object, content_type: str = "application/json", **headers: str
) -> Told:
    """POST bytes as they are, and anything else as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": content_type} | headers
    request = urllib.request.Request(server.url + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=EVENT_TIMEOUT_S) as response:
            return Told(response.status, dict(response.headers), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Told(error.code, dict(error.headers), error.read())


def open_socket(server: Server) -> socket.socket:
    """A connection on which anything can be said."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=EVENT_TIMEOUT_S)


def raw_request(path: str, body: bytes, content_type: str, *heads: str) -> bytes:
    """A POST as it travels, with its length unless `heads` tell it; the last of its connection."""
    lengths = () if heads else (f"Content-Length: {len(body)}",)
    told = (f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close")
    lines = (*told, f"Content-Type: {content_type}", *lengths, *heads, "", "")
    return "\r\n".join(lines).encode("latin-1") + body


def chunk(data: bytes) -> bytes:
    """A piece of a body whose length nobody knows beforehand."""
    return b"%x\r\n%s\r\n" % (len(data), data)
