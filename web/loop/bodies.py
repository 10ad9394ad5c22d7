"""Bodies of HTTP requests as they arrive, in bounded time, and whether anybody still listens."""

from collections.abc import Iterator
from socket import MSG_PEEK
from time import monotonic
from typing import Any

import eventlet
from eventlet import wsgi

PIECE_BYTES = 2**16

# How long a body may take: this, and then as long as its bytes take at the least rate.
PATIENCE_S, MIN_BYTES_PER_S = 20.0, 100_000

# A line that only tells how long the next chunk is.
MAX_CHUNK_LINE_BYTES = 2**12


# What nobody reads is still taken in, so that its sender hears the answer: so much of it, so long.
DISCARD_BYTES, DISCARD_S = 2**26, 5.0


class BodyTooSlow(Exception):
    """A body did not arrive in time."""


class BodyBroken(Exception):
    """A body ends early, or its chunks are none."""


class BoundedLines:
    """A connection's input whose lines are bounded; the server reads those between chunks whole."""

    def __init__(self, rfile: Any) -> None:
        self._rfile = rfile
        self.read = rfile.read

    def readline(self, size: int = -1) -> bytes:
        line = self._rfile.readline(MAX_CHUNK_LINE_BYTES)
        if len(line) == MAX_CHUNK_LINE_BYTES:
            raise wsgi.ChunkReadError("A chunk's line does not end.")
        return line


def read_body(environ: dict[str, Any]) -> Iterator[bytes]:
    """The body of a request, piece by piece, however its length is told.

    Others run between two pieces. Raises BodyTooSlow or BodyBroken.
    """
    inlet, began, n_bytes = environ["wsgi.input"], monotonic(), 0
    expected = int(environ.get("CONTENT_LENGTH") or 0)
    while True:
        left_s = began + PATIENCE_S + n_bytes / MIN_BYTES_PER_S - monotonic()
        try:
            with eventlet.Timeout(max(left_s, 0)):
                piece = inlet.read(PIECE_BYTES)
        except eventlet.Timeout as error:
            raise BodyTooSlow from error
        except (OSError, ValueError) as error:
            raise BodyBroken from error
        if not piece:
            break
        n_bytes += len(piece)
        yield piece
        eventlet.sleep(0)
    if n_bytes < expected:
        raise BodyBroken


def discard_rest(inlet: wsgi.Input) -> None:
    """Take in what is left of a body, unless that is too much: then raises OSError."""
    n_bytes = 0
    with eventlet.Timeout(DISCARD_S, OSError("The body does not end in time.")):
        while piece := inlet.read(PIECE_BYTES):
            n_bytes += len(piece)
            if n_bytes > DISCARD_BYTES:
                raise OSError("The body is too long.")
            eventlet.sleep(0)


def is_read(inlet: wsgi.Input) -> bool:
    """Whether a body was taken in to its end."""
    if inlet.chunked_input:
        return inlet.chunk_length == 0
    return inlet.position >= (inlet.content_length or 0)


def has_left(environ: dict[str, Any]) -> bool:
    """Whether who sent a request has hung up, as far as this end of the connection knows."""
    inlet = environ.get("eventlet.input")
    if inlet is None:
        return False
    try:
        # What it sends meanwhile is its next request, and stays to be read.
        return not inlet.get_socket().fd.recv(1, MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
