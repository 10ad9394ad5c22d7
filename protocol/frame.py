"""Frames as they arrive: checked by their header alone, decoded only when asked."""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from protocol.errors import BadImage, ImageTooLarge

FORMATS = ("JPEG", "PNG", "WEBP")
_ACCEPTED = "Send a JPEG, PNG or WebP picture."


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

    def decode(self) -> Image.Image:
        """Decode to an RGB picture; takes milliseconds, so never on the hub.

        Raises BadImage when the bytes end early or are damaged.
        """
        try:
            with Image.open(BytesIO(self.data), formats=FORMATS) as picture:
                return picture.convert("RGB")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise BadImage("The picture is damaged or cut short. Send it again.") from error


def check_frame(data: bytes, limits: FrameLimits) -> Frame:
    """Judge encoded bytes by size and header; decodes nothing, so it takes microseconds.

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


def _read_size(data: bytes) -> tuple[int, int]:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _read_webp_size(data)
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG")) as picture:
            return picture.size
    except Image.DecompressionBombError as error:
        raise ImageTooLarge("The picture has far too many pixels.") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise BadImage(f"These bytes are no picture that can be read. {_ACCEPTED}") from error


def _read_webp_size(data: bytes) -> tuple[int, int]:
    # Pillow allocates the whole canvas when it opens a WebP, so the header is read here instead.
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
