"""What is mended in the libraries that serve, each with its reason; nothing else replaces anything.

Imported for what it does, by `web/events.py`, before the first connection.
"""

from typing import Any

import eventlet
from engineio.exceptions import EngineIOError, UnknownPacketError
from engineio.payload import Payload
from engineio.socket import Socket
from eventlet import wsgi
from eventlet.websocket import FailedConnectionError, RFC6455WebSocket

from web.loop.http import MAX_HEADERS_BYTES

# What reading a message of a stranger may raise.
UNREADABLE = (ValueError, LookupError, TypeError, RecursionError, OSError)

# From here on, a message lets others have their turn while it comes in.
LARGE_BYTES = 2**18

_receive_polled, _receive_pushed = Socket.handle_post_request, Socket._websocket_handler


def unmask(data: bytes, mask: bytes, length: int | None = None, offset: int = 0) -> bytes:
    """Undo the masking of a WebSocket frame, RFC 6455 section 5.3; `length` is that of `data`."""
    key = bytes(mask[(offset + place) % 4] for place in range(4))
    pattern = (key * (len(data) // 4 + 1))[: len(data)]
    plain = int.from_bytes(data, "little") ^ int.from_bytes(pattern, "little")
    return plain.to_bytes(len(data), "little")


class BoundedMessage(RFC6455WebSocket.Message):
    """A message whose fragments are bounded in sum; eventlet bounds each of them only.

    Others have their turn in between: a large message that arrives fast holds nobody up.
    """

    n_received = 0

    def push(self, data: bytes | str, final: bool = False) -> None:
        super().push(data, final)
        self.n_received += len(data)
        if self.n_received > self.max_frame_length:
            # The error's traceback refers to this message until the garbage is next collected.
            self.data.clear()
            raise FailedConnectionError(1009, "The message is too large.")
        if self.n_received > LARGE_BYTES:
            eventlet.sleep(0)


def receive_polled(connection: Socket, environ: dict[str, Any]) -> None:
    """Take what a polling client posts; what cannot be read ends its connection."""
    try:
        # The library takes a body of unknown length for an empty one.
        if not int(environ.get("CONTENT_LENGTH") or 0):
            raise ValueError("The message is empty, or does not tell its length.")
        _receive_polled(connection, environ)
    except (EngineIOError, *UNREADABLE) as error:
        connection.close(wait=False, reason=connection.server.reason.TRANSPORT_ERROR)
        raise UnknownPacketError from error


def receive_pushed(connection: Socket, websocket: RFC6455WebSocket) -> list[Any]:
    """Take a WebSocket's messages to its end; one that cannot be read is the end, too."""
    try:
        return _receive_pushed(connection, websocket)
    except UNREADABLE:
        connection.close(wait=False, abort=True, reason=connection.server.reason.TRANSPORT_ERROR)
        return []


# eventlet unmasks byte by byte in Python: a frame of 200 kB stops every page and every token for
# 60 ms. As one large number it takes 0.2 ms.
RFC6455WebSocket._apply_mask = staticmethod(unmask)
RFC6455WebSocket.Message = BoundedMessage

# A page that asked while it was connecting sends everything at once in one polled payload; the
# library's default of 16 packets would cut it off.
Payload.max_decode_packets = 256

# The library answers "ok" to a post that it could not read, and forgets a WebSocket that it could
# not read without ending it: whoever sent them would wait without end.
Socket.handle_post_request = receive_polled
Socket._websocket_handler = receive_pushed

# eventlet refuses a header line of 8 kB; the cookies of other programs on localhost are one.
wsgi.MAX_HEADER_LINE = wsgi.MAX_TOTAL_HEADER_SIZE = MAX_HEADERS_BYTES
