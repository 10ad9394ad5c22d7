"""Several pictures as one: a network that looks at one picture is shown them side by side.

What that costs is detail. moondream2 reads squares of 378 pixels, at most a dozen of them, so that
a picture alone is seen at up to 1176 pixels of its longer side; of 2 side by side each at about
600, of 3 or 4 at 450, of 5 to 9 at 300, and of 10 to 16 at 220.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from math import ceil, isqrt
from string import ascii_uppercase

from PIL import Image, ImageDraw, ImageFont

from protocol.errors import BadImage, ImageTooLarge
from protocol.frame import Frame, FrameLimits, check_n_bytes
from protocol.pixels import Picture

MAX_PICTURES = 16
# What each is called, in the order in which they came.
LETTERS = ascii_uppercase[:MAX_PICTURES]

# A tile is a square: the letter above, the picture below as large as it fits, and a rim of white,
# so that no picture seems to go on in the next. Of larger tiles moondream2 would see no more.
TILE_PX, RIM_PX, LETTER_PX = 640, 8, 40


@dataclass(frozen=True)
class TiledFrame(Frame):
    """A frame of several pictures in rows from the top left, each under its letter, on white.

    data: the encoded pictures, one behind the other. parts: bytes, width and height of each.
    """

    parts: tuple[tuple[int, int, int], ...] = ()

    @cached_property
    def digest(self) -> bytes:
        """Names the pictures by their bytes and their order.

        Never that of a frame with the same `data`, which a decoder would read as its first alone.
        """
        digests = b"".join(part.digest for part in self.split())
        return blake2b(digests, digest_size=16, person=b"tiled").digest()

    def open(self) -> Picture:
        """Open the pictures, one at a time, and lay them out; as slow as all of them together.

        Raises BadImage that names the picture by its letter.
        """
        canvas = Image.new("RGB", (self.width_px, self.height_px), "white")
        draw = ImageDraw.Draw(canvas)
        font = ImageFont.load_default(LETTER_PX)
        for index, (letter, part) in enumerate(zip(LETTERS, self.split(), strict=False)):
            row, col = divmod(index, _n_cols(len(self.parts)))
            left, top = col * TILE_PX, row * TILE_PX
            picture = _fitted(_opened(part, letter))
            # In the middle of what the letter leaves.
            picture_left = left + (TILE_PX - picture.width) // 2
            picture_top = top + (TILE_PX + LETTER_PX - picture.height) // 2
            canvas.paste(picture, (picture_left, picture_top))
            above = left + TILE_PX // 2, picture_top - RIM_PX
            draw.text(above, letter, "black", font, anchor="ms")
        return canvas

    def split(self) -> Iterator[Frame]:
        """The pictures, each by itself, in their order."""
        start = 0
        for n_bytes, width, height in self.parts:
            yield Frame(self.data[start : start + n_bytes], width, height)
            start += n_bytes


def tile(frames: Sequence[Frame], limits: FrameLimits) -> Frame:
    """One frame of 1 to MAX_PICTURES; one alone stays as it is. Opens nothing.

    Together they may be as large as one alone, which takes as long to open. Raises ImageTooLarge.
    """
    if len(frames) == 1:
        return frames[0]
    assert len(frames) <= MAX_PICTURES, "whoever reads the pictures counts them"
    data = b"".join(frame.data for frame in frames)
    check_n_bytes(len(data), limits, "pictures together have")
    n_pixels = sum(frame.width_px * frame.height_px for frame in frames)
    if n_pixels > limits.max_pixels:
        raise ImageTooLarge(
            f"The pictures together have {n_pixels:,} pixels; at most {limits.max_pixels:,} are"
            " accepted. Send them smaller."
        )
    n_cols = _n_cols(len(frames))
    parts = tuple((len(frame.data), frame.width_px, frame.height_px) for frame in frames)
    return TiledFrame(data, n_cols * TILE_PX, ceil(len(frames) / n_cols) * TILE_PX, parts)


def _n_cols(n_pictures: int) -> int:
    """As many columns as rows, or one more."""
    return isqrt(n_pictures - 1) + 1


def _opened(part: Frame, letter: str) -> Picture:
    try:
        return part.open()
    except BadImage as error:
        raise BadImage(f"Picture {letter}: {error}") from error


def _fitted(picture: Picture) -> Picture:
    """As large as a tile has room for, in its own proportions."""
    width, height = TILE_PX - 2 * RIM_PX, TILE_PX - LETTER_PX - 2 * RIM_PX
    scale = min(width / picture.width, height / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size)
