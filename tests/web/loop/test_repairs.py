"""What is mended in libraries is needed, and does what theirs does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.loop import repairs
from web.loop.repairs import FailedConnectionError, Payload, RFC6455WebSocket

KEYS = st.binary(min_size=4, max_size=4)


@given(
    data=st.binary(max_size=300), mask=st.binary(min_size=4, max_size=4), offset=st.integers(0, 9)
)
def test_frames_are_unmasked_as_the_standard_says(data: bytes, mask: bytes, offset: int):
    # RFC 6455, section 5.3.
    plain = bytes(byte ^ mask[(offset + place) % 4] for place, byte in enumerate(data))
    assert repairs.unmask(data, mask, len(data), offset) == plain


def test_fragments_of_a_message_are_bounded_in_sum():
    """eventlet bounds each fragment, and of those one could send without end."""
    message = RFC6455WebSocket.Message(2, max_frame_length=10)
    message.push(b"12345")
    message.push(b"67890")
    with pytest.raises(FailedConnectionError):
        message.push(b"1")


def test_repairs_are_in_the_place_of_what_they_mend():
    assert RFC6455WebSocket._apply_mask is repairs.unmask
    assert RFC6455WebSocket.Message is repairs.BoundedMessage
    assert Payload.max_decode_packets >= 256
