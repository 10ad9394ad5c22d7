"""Pictures as another server gets them: small enough, in a form that all read, without metadata.

What a camera adds to its pictures, such as where they were taken, never leaves this computer.
Opening a picture takes milliseconds, so that happens on other threads than the loop.
"""

import asyncio
from io import BytesIO

from protocol.encoded import is_plain, only_pixels
from protocol.frame import Frame
from protocol.pixels import is_turned
from protocol.tiled import TiledFrame
from protocol.upstream import UpstreamParams


async def send_form(
    frame: Frame | None, params: UpstreamParams, *, is_several: bool = False
) -> tuple[Frame, ...]:
    """The pictures of a request as they are sent; none where it has none.

    is_several: several pictures that came together stay several; else they lie side by side in one.
    Raises BadImage.
    """
    if frame is None:
        return ()
    frames = frame.split() if is_several and isinstance(frame, TiledFrame) else (frame,)
    return tuple([await _as_sent(each, params) for each in frames])


async def _as_sent(frame: Frame, params: UpstreamParams) -> Frame:
    # What need not be opened takes less time than another thread to wake.
    if (sent := _as_it_is(frame, params)) is not None:
        return sent
    return await asyncio.to_thread(_made_smaller, frame, params)


def _as_it_is(frame: Frame, params: UpstreamParams) -> Frame | None:
    """Its own pixels without anything else, None where they cannot stay."""
    if isinstance(frame, TiledFrame) or max(_size(frame)) > params.longer_side_px:
        return None
    pixels, exif = only_pixels(frame.data)
    is_good = is_plain(pixels) and not is_turned(exif)
    return Frame(pixels, frame.width_px, frame.height_px) if is_good else None


def _made_smaller(frame: Frame, params: UpstreamParams) -> Frame:
    """A JPEG of it; any thread may call it."""
    picture = frame.open()
    scale = min(1.0, params.longer_side_px / max(picture.size))
    if scale < 1:
        width, height = picture.size
        picture = picture.resize((max(1, round(width * scale)), max(1, round(height * scale))))
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=params.quality)
    return Frame(buffer.getvalue(), *picture.size)


def _size(frame: Frame) -> tuple[int, int]:
    return frame.width_px, frame.height_px
