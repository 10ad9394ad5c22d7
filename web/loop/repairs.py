"""What is mended in the libraries that serve, each with its reason; nothing else replaces anything.

Imported for what it does, by `web/events.py`, before the first connection.
"""

from engineio.payload import Payload
from eventlet.websocket import FailedConnectionError, RFC6455WebSocket


def unmask(data: bytes, mask: bytes, length: int | None = None, offset: int = 0) -> bytes:
    """Undo the masking of a WebSocket frame, RFC 6455 section 5.3; `length` is that of `data`."""
    key = bytes(mask[(offset + place) % 4] for place in range(4))
    pattern = (key * (len(data) // 4 + 1))[: len(data)]
    plain = int.from_bytes(data, "little") ^ int.from_bytes(pattern, "little")
    return plain.to_bytes(len(data), "little")


class BoundedMessage(RFC6455WebSocket.Message):
    """A message whose fragments are bounded in sum; eventlet bounds each of them only."""

    def push(self, data: bytes | str, final: bool = False) -> None:
        super().push(data, final)
        if sum(map(len, self.data)) > self.max_frame_length:
            raise FailedConnectionError(1009, "The message is too large.")


# eventlet unmasks byte by byte in Python: a frame of 200 kB stops every page and every token for
# 60 ms. As one large number it takes 0.2 ms.
RFC6455WebSocket._apply_mask = staticmethod(unmask)
RFC6455WebSocket.Message = BoundedMessage

# A page that asked while it was connecting sends everything at once in one polled payload; the
# library's default of 16 packets would cut it off.
Payload.max_decode_packets = 256
