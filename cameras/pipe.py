"""What a camera's process is told, and what comes back: frames on its output, how it ended."""

import struct
from time import monotonic
from typing import IO

from protocol.camera import CameraFrame, Trouble

URL_VARIABLE = "CAMERA_URL"

# Of any other end nothing is known but that no more comes.
EXIT_CODES = {Trouble.REFUSED: 10, Trouble.UNREADABLE: 11}
MAX_FRAME_BYTES = 4 * 2**20

# Bytes of the JPEG, width, height.
_HEAD = struct.Struct(">IHH")


def send_frame(out: IO[bytes], data: bytes, width: int, height: int) -> None:
    """Send a JPEG on; waits until it is taken."""
    out.write(_HEAD.pack(len(data), width, height) + data)
    out.flush()


def receive_frame(inlet: IO[bytes]) -> CameraFrame | None:
    """The next frame, None when none comes any more. Raises ValueError for what is none."""
    head = inlet.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    n_bytes, width, height = _HEAD.unpack(head)
    if not (0 < n_bytes <= MAX_FRAME_BYTES and width and height):
        raise ValueError("This is no frame.")
    data = inlet.read(n_bytes)
    return CameraFrame(data, width, height, monotonic()) if len(data) == n_bytes else None


def trouble_of(exit_code: int) -> Trouble:
    """Why a process ended, by its exit code."""
    told = {code: trouble for trouble, code in EXIT_CODES.items()}
    return told.get(exit_code, Trouble.UNANSWERED)
