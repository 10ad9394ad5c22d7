"""A camera's process: opens one address, decodes all that comes, hands on the newest frame.

`python -m cameras.reader`; what it is told, and how it says why it ended, is in `pipe`. It tries
once.
"""

import faulthandler
import io
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from threading import Condition, Thread
from time import monotonic, sleep
from typing import BinaryIO

import av
from av.container import InputContainer

from cameras.pipe import EXIT_CODES, URL_VARIABLE, send_frame
from protocol.camera import Trouble

LONGER_SIDE_PX = 1280
JPEG_QUALITY = 85
MAX_FRAMES_PER_S = 10

# A camera may send a whole picture only now and then, and nothing can be decoded before.
OPEN_S, FIRST_FRAME_S, SILENT_S = 10.0, 20.0, 6.0
# What hangs deep inside of the decoder is ended a little later.
HANG_S = 4.0

MAX_PIXELS = 8192 * 8192
MAX_MEMORY_BYTES = 3 * 2**30

# How each kind of address is read, whatever the camera says that it is: a list of other addresses,
# or a file's, is never followed.
_RTSP = ("rtsp", {"protocol_whitelist": "rtsp,rtsps,rtp,tcp,tls", "allowed_media_types": "video"})
_HTTP = ("mpjpeg", {"protocol_whitelist": "http,https,tcp,tls", "max_redirects": "0"})
_COMMON = {
    # Works through every firewall, and loses nothing.
    "rtsp_transport": "tcp",
    # Show it, instead of first finding out all about it.
    "analyzeduration": "500000",
    "probesize": "500000",
    "fpsprobesize": "0",
    "fflags": "nobuffer",
}

EXIT_UNANSWERED = 1
_REFUSED = (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError)


class NoPicture(Exception):
    """A camera answers, and shows nothing that can be read."""


class BrokeOff(Exception):
    """A camera says nothing any more, or never did."""


class Newest:
    """Holds the newest frame until it is taken: one that nobody took is no longer worth it."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._frame: av.VideoFrame | None = None

    def put(self, frame: av.VideoFrame) -> None:
        with self._changed:
            self._frame = frame
            self._changed.notify()

    def take(self) -> av.VideoFrame:
        """Waits for one."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None)
            frame, self._frame = self._frame, None
        assert frame is not None
        return frame


def main() -> int:
    """Read until that ends; returns the exit code."""
    _bound_memory()
    _end_after(OPEN_S + FIRST_FRAME_S)
    newest = Newest()
    Thread(target=_hand_on, args=(newest, sys.stdout.buffer), daemon=True).start()
    try:
        for frame in read_frames(os.environ[URL_VARIABLE]):
            newest.put(frame)
    except _REFUSED:
        return EXIT_CODES[Trouble.REFUSED]
    except (NoPicture, MemoryError):
        return EXIT_CODES[Trouble.UNREADABLE]
    except (BrokeOff, av.FFmpegError):
        return EXIT_UNANSWERED
    return 0


def read_frames(url: str, open_s: float = OPEN_S) -> Iterator[av.VideoFrame]:
    """All frames that can be decoded, without end.

    Raises NoPicture, BrokeOff, or an FFmpegError that says why nothing can be opened.
    """
    format, options = _RTSP if url.startswith("rtsp") else _HTTP
    options, ends_at = _COMMON | options, monotonic() + open_s
    try:
        container = av.open(url, format=format, options=options, timeout=(open_s, SILENT_S))
    except (av.error.InvalidDataError, av.error.DecoderNotFoundError) as error:
        # Silence is called so by RTSP, too.
        raise (NoPicture if monotonic() < ends_at else BrokeOff) from error
    with container:
        yield from _decode(container)


def size_of(frame: av.VideoFrame) -> tuple[int, int]:
    """Width and height in which a frame is handed on."""
    scale = min(1.0, LONGER_SIDE_PX / max(frame.width, frame.height))
    return max(1, round(frame.width * scale)), max(1, round(frame.height * scale))


def encode(frame: av.VideoFrame) -> tuple[bytes, int, int]:
    """A frame as JPEG, with width and height: what a camera sent is never handed on as it is."""
    width, height = size_of(frame)
    jpeg = io.BytesIO()
    image = frame.to_image(width=width, height=height, interpolation="AREA")
    image.save(jpeg, "JPEG", quality=JPEG_QUALITY)
    return jpeg.getvalue(), width, height


def _decode(container: InputContainer) -> Iterator[av.VideoFrame]:
    if not container.streams.video:
        raise NoPicture
    video = container.streams.video[0]
    video.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    has_shown, ends_at = False, monotonic() + FIRST_FRAME_S
    try:
        for packet in container.demux(video):
            # One that is damaged is followed by others.
            with suppress(av.error.InvalidDataError):
                for frame in video.decode(packet):
                    has_shown, ends_at = True, monotonic() + SILENT_S
                    yield frame
            if monotonic() > ends_at:
                break
    except av.FFmpegError as error:
        raise (BrokeOff if has_shown else NoPicture) from error
    raise BrokeOff if has_shown else NoPicture


def _hand_on(newest: Newest, out: BinaryIO) -> None:
    try:
        while True:
            send_frame(out, *encode(newest.take()))
            _end_after(SILENT_S)
            sleep(1 / MAX_FRAMES_PER_S)
    finally:
        # Nobody listens any more, or a frame cannot be encoded.
        os._exit(EXIT_CODES[Trouble.UNREADABLE])


def _end_after(seconds: float) -> None:
    """End the process then, unless that is put off: needs no turn of Python's."""
    faulthandler.dump_traceback_later(seconds + HANG_S, exit=True)


def _bound_memory() -> None:
    """Whatever sizes a camera makes up, this computer stays well."""
    # Windows has no such limit, and macOS may refuse it.
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


if __name__ == "__main__":
    # An ordinary exit would wait for the decoder's threads.
    os._exit(main())
