"""What a camera's process sends is read as frames, or as their end."""

import io
import struct

import pytest

from cameras.pipe import EXIT_CODES, MAX_FRAME_BYTES, receive_frame, send_frame, trouble_of
from protocol.camera import Trouble


def test_frames_come_through_in_order_until_the_end():
    pipe = io.BytesIO()
    send_frame(pipe, b"one", 4, 3)
    send_frame(pipe, b"two", 8, 6)
    pipe.seek(0)
    frames = list(iter(lambda: receive_frame(pipe), None))
    assert [(each.data, each.width, each.height) for each in frames] == [
        (b"one", 4, 3),
        (b"two", 8, 6),
    ]


@pytest.mark.parametrize("n_bytes", [3, 9])
def test_frame_that_breaks_off_is_none(n_bytes: int):
    pipe = io.BytesIO()
    send_frame(pipe, b"one", 4, 3)
    assert receive_frame(io.BytesIO(pipe.getvalue()[:n_bytes])) is None


@pytest.mark.parametrize("head", [(0, 4, 3), (MAX_FRAME_BYTES + 1, 4, 3), (3, 0, 3), (3, 4, 0)])
def test_what_is_no_frame_is_refused_before_it_is_held(head: tuple[int, int, int]):
    with pytest.raises(ValueError, match="no frame"):
        receive_frame(io.BytesIO(struct.pack(">IHH", *head) + b"one"))


def test_exit_code_says_why_it_ended():
    assert {trouble: trouble_of(code) for trouble, code in EXIT_CODES.items()} == {
        each: each for each in (Trouble.REFUSED, Trouble.UNREADABLE)
    }
    assert trouble_of(1) == trouble_of(-9) == Trouble.UNANSWERED
