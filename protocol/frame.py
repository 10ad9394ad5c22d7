"""Frames as they arrive: checked by their header alone, opened only when asked.

Sizes are read here and not by Pillow, whose `open` walks, inflates and allocates whatever a file
asks for: a few crafted kilobytes would hold everybody up for seconds.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from io import BytesIO

from PIL import Image

from protocol.errors import BadImage, ImageTooLarge

FORMATS = ("JPEG", "PNG", "WEBP")
_ACCEPTED = "Send a JPEG, PNG or WebP picture."

# What cameras and picture programs write stays far below these; beyond them lies only mischief,
# a small file that takes minutes to open.
MAX_JPEG_SEGMENTS = 1_000
MAX_JPEG_SCANS = 100
MAX_PNG_CHUNKS = 20_000

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The chunks that make up the pixels. Everything else in a PNG is for other programs.
_PNG_PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_JPEG_SCAN = 0xDA
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


# A picture whose pixels are there.
Picture = Image.Image


@dataclass(frozen=True)
class FrameLimits:
    """The largest frame that is accepted."""

    max_bytes: int
    max_pixels: int


@dataclass(frozen=True)
class Frame:
    """An encoded picture whose header was checked: `width_px` and `height_px` are at least 1."""

    data: bytes
    width_px: int
    height_px: int

    @cached_property
    def digest(self) -> bytes:
        """Names the picture by its bytes: the same bytes need not be looked at twice."""
        return blake2b(self.data, digest_size=16).digest()

    def open(self) -> Picture:
        """Open the picture as RGB; takes milliseconds, so never on the loop of the web tier.

        Raises BadImage when the bytes end early or are damaged.
        """
        is_png = self.data.startswith(_PNG_SIGNATURE)
        data = _only_pixels(self.data) if is_png else self.data
        try:
            # Pillow warns in the terminal about what it can read all the same.
            with warnings.catch_warnings(action="ignore"):
                picture = Image.open(BytesIO(data), formats=FORMATS)
                # A file may name its size twice; only the first was checked.
                if picture.size != (self.width_px, self.height_px):
                    raise BadImage("The picture names two different sizes. Send it again.")
                return _to_rgb(picture)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise BadImage("The picture is damaged or cut short. Send it again.") from error


def check_frame(data: bytes, limits: FrameLimits) -> Frame:
    """Judge encoded bytes by size and header; opens nothing, so it takes microseconds.

    Raises BadImage or ImageTooLarge.
    """
    if not data:
        raise BadImage(f"The picture is empty. {_ACCEPTED}")
    if len(data) > limits.max_bytes:
        raise ImageTooLarge(
            f"The picture has {len(data):,} bytes; at most {limits.max_bytes:,} are accepted."
        )
    width, height = _read_size(data)
    if width < 1 or height < 1:
        raise BadImage(f"The picture is {width}x{height} pixels. {_ACCEPTED}")
    if width * height > limits.max_pixels:
        raise ImageTooLarge(
            f"The picture is {width}x{height} pixels; at most {limits.max_pixels:,} pixels"
            " are accepted."
        )
    return Frame(data, width, height)


def picture_bytes(picture: Picture) -> bytes:
    """Encode a picture, losing nothing that a network would see."""
    buffer = BytesIO()
    picture.convert("RGB").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _read_size(data: bytes) -> tuple[int, int]:
    if data.startswith(b"\xff\xd8\xff"):
        return _read_jpeg_size(data)
    if data.startswith(_PNG_SIGNATURE) and data[12:16] == b"IHDR":
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _read_webp_size(data)
    raise BadImage(f"These bytes are no picture that can be read. {_ACCEPTED}")


def _read_jpeg_size(data: bytes) -> tuple[int, int]:
    # Every segment is FF, a marker and a length that counts itself; the first scan ends the header.
    size, place = (0, 0), 2
    for _ in range(MAX_JPEG_SEGMENTS):
        marker, length = data[place + 1 : place + 2], int.from_bytes(data[place + 2 : place + 4])
        if data[place : place + 1] != b"\xff" or length < 2:
            break
        if marker[0] in _JPEG_SIZES:
            height, width = data[place + 5 : place + 7], data[place + 7 : place + 9]
            size = int.from_bytes(width), int.from_bytes(height)
        if marker[0] == _JPEG_SCAN and data.count(b"\xff\xda") <= MAX_JPEG_SCANS:
            return size
        place += 2 + length
    raise BadImage(f"The JPEG picture's header cannot be read. {_ACCEPTED}")


def _to_rgb(picture: Picture) -> Picture:
    # Pillow clips 16-bit grey at 255, which makes all but the darkest of it white.
    if picture.mode.startswith("I;16"):
        picture = picture.point(lambda value: value / 256).convert("L")
    return picture.convert("RGB")


def _only_pixels(data: bytes) -> bytes:
    """A PNG without the chunks that say nothing about its pixels."""
    kept = [kept for kind, kept in _png_chunks(data) if kind in _PNG_PIXEL_CHUNKS]
    return b"".join([_PNG_SIGNATURE, *kept])


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_PNG_SIGNATURE)
    for _ in range(MAX_PNG_CHUNKS):
        if place >= len(data):
            return
        end = place + 12 + int.from_bytes(data[place : place + 4])
        yield data[place + 4 : place + 8], data[place:end]
        place = end
    raise BadImage(f"The PNG picture has more than {MAX_PNG_CHUNKS:,} chunks. {_ACCEPTED}")


def _read_webp_size(data: bytes) -> tuple[int, int]:
    # Layout: developers.google.com/speed/webp/docs/riff_container
    kind, body = data[12:16], data[20:30]
    if kind == b"VP8X" and len(body) >= 10:
        return (
            1 + int.from_bytes(body[4:7], "little"),
            1 + int.from_bytes(body[7:10], "little"),
        )
    if kind == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a":
        return (
            int.from_bytes(body[6:8], "little") & 0x3FFF,
            int.from_bytes(body[8:10], "little") & 0x3FFF,
        )
    raise BadImage(f"The WebP picture's header cannot be read. {_ACCEPTED}")
