"""Frames as they arrive: checked by their header alone, opened only when asked."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from io import BytesIO
from struct import error as StructError

from PIL import Image

from protocol.encoded import ACCEPTED, FORMATS, only_pixels, read_size
from protocol.errors import BadImage, ImageTooLarge
from protocol.pixels import Picture, as_seen

# Over files that are not as they should be. It asserts that a palette is there, or a file open.
_PILLOW_RAISES = (
    OSError,
    EOFError,
    ValueError,
    SyntaxError,
    TypeError,
    AssertionError,
    StructError,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class FrameLimits:
    """The largest frame that is accepted."""

    max_bytes: int
    max_pixels: int


@dataclass(frozen=True)
class Frame:
    """An encoded picture whose header was checked.

    width_px, height_px: as it is stored, at least 1; `open` may turn it and so exchange them.
    """

    data: bytes
    width_px: int
    height_px: int

    @cached_property
    def digest(self) -> bytes:
        """Names the picture by its bytes: the same bytes need not be looked at twice."""
        return blake2b(self.data, digest_size=16).digest()

    def open(self) -> Picture:
        """Open the picture as RGB, upright and on white, as viewers show it; the first of several.

        Takes milliseconds, so never on the loop of the web tier. Raises BadImage when the bytes
        end early or are damaged.
        """
        data, exif = only_pixels(self.data)
        with _reading("The picture is damaged or cut short. Send it again."):
            picture = Image.open(BytesIO(data), formats=FORMATS)
            # A file may name its size twice; only the first was checked.
            if picture.size != (self.width_px, self.height_px):
                raise BadImage("The picture names two different sizes. Send it again.")
            if exif:
                picture.info["exif"] = exif
            return as_seen(picture)


def check_frame(data: bytes, limits: FrameLimits) -> Frame:
    """Judge encoded bytes by size and header; opens nothing, so it takes microseconds.

    Raises BadImage or ImageTooLarge.
    """
    if not data:
        raise BadImage(f"The picture is empty. {ACCEPTED}")
    check_n_bytes(len(data), limits)
    width, height = read_size(data)
    _check_n_pixels(width, height, limits)
    return Frame(data, width, height)


def check_n_bytes(n_bytes: int, limits: FrameLimits, subject: str = "picture has") -> None:
    """Raises ImageTooLarge for more encoded bytes than are accepted."""
    if n_bytes > limits.max_bytes:
        raise ImageTooLarge(
            f"The {subject} {n_bytes:,} bytes; at most {limits.max_bytes:,} are accepted."
        )


def encode_frame(picture: Picture, limits: FrameLimits) -> Frame:
    """Encode a picture that is open already, losing nothing that a network would see.

    The limit of bytes is for those who send some. Raises BadImage or ImageTooLarge.
    """
    _check_n_pixels(*picture.size, limits)
    with _reading("The picture cannot be loaded: {}."):
        seen = as_seen(picture)
    buffer = BytesIO()
    seen.save(buffer, "PNG", compress_level=1)
    return Frame(buffer.getvalue(), *seen.size)


def _check_n_pixels(width: int, height: int, limits: FrameLimits) -> None:
    if width < 1 or height < 1:
        raise BadImage(f"The picture is {width}x{height} pixels; it must have at least one.")
    if width * height > limits.max_pixels:
        raise ImageTooLarge(
            f"The picture is {width}x{height} pixels; at most {limits.max_pixels:,} pixels"
            " are accepted."
        )


@contextmanager
def _reading(sentence: str) -> Iterator[None]:
    """Tells whatever Pillow raises as one sentence, with Pillow's reason where that has room."""
    try:
        # Pillow warns in the terminal about what it can read all the same.
        with warnings.catch_warnings(action="ignore"):
            yield
    except _PILLOW_RAISES as error:
        reason = str(error).rstrip(".") or "its file is damaged or closed"
        raise BadImage(sentence.format(reason)) from error
