"""Whatever a picture's pixels are: the RGB that a person sees.

Every door hands its pictures through `as_seen`, so that the same scene is the same picture.
"""

from struct import error as StructError
from struct import unpack_from
from typing import TYPE_CHECKING

from PIL import Image, ImageMath

from protocol.errors import BadImage

if TYPE_CHECKING:
    import numpy as np

# A picture whose pixels are there, or can be loaded.
Picture = Image.Image

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_ORIENTATION = 0x0112
_NUMBERS = {1: "B", 3: "H", 4: "I"}
# Cameras write a few dozen.
_MAX_EXIF_FIELDS = 1_000

# How far a float may be carried beyond its ends by rounding.
_SLACK = 1e-3
_ACCEPTED_ARRAYS = (
    "An array is (height, width), or (height, width, 1, 3 or 4), of bool, uint8, uint16, or floats"
    " from 0 to 1"
)


def as_seen(picture: Picture) -> Picture:
    """A picture as viewers show it: upright, on white, in RGB of 8 bits.

    Raises BadImage, and whatever Pillow raises over a picture that it cannot load.
    """
    picture.load()
    turn = _TURNS.get(read_orientation(picture.info.get("exif")))
    picture = _on_white(_of_8_bits(picture))
    return picture if turn is None else picture.transpose(turn)


def from_array(levels: "np.ndarray") -> Picture:
    """The picture of an array (H, W) or (H, W, C): grey, RGB or RGBA, in the range of its type.

    Raises BadImage for any other.
    """
    kind, n_bytes = levels.dtype.kind, levels.dtype.itemsize
    n_channels = levels.shape[2] if levels.ndim == 3 else 1
    is_known = kind in "bf" or (kind == "u" and n_bytes <= 2)
    if levels.ndim not in (2, 3) or n_channels not in (1, 3, 4) or not is_known:
        raise BadImage(f"{_ACCEPTED_ARRAYS}; this is {levels.shape} of {levels.dtype}.")
    if kind == "f":
        if levels.size and not -_SLACK <= levels.min() <= levels.max() <= 1 + _SLACK:
            raise BadImage(f"{_ACCEPTED_ARRAYS}; these go from {levels.min()} to {levels.max()}.")
        levels = levels.astype("float32") * 255 + 0.5
    elif kind == "b":
        levels = levels.astype("uint8") * 255
    else:
        levels = levels >> 8 * (n_bytes - 1)
    levels = levels.astype("uint8")
    return Image.fromarray(levels[:, :, 0] if levels.ndim == 3 and n_channels == 1 else levels)


def read_orientation(exif: object) -> int:
    """How a picture is to be turned, as the number in its EXIF says; 1, not at all, without one.

    Only 2 to 8 mean a turn. Looks for nothing else: a reader of all of EXIF can be held up by it.
    """
    tiff = exif.removeprefix(b"Exif\0\0") if isinstance(exif, bytes) else b""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = unpack_from(order + "I", tiff, 4)
        (n_fields,) = unpack_from(order + "H", tiff, start)
        for place in range(start + 2, start + 2 + 12 * min(n_fields, _MAX_EXIF_FIELDS), 12):
            tag, kind = unpack_from(order + "HH", tiff, place)
            if tag == _ORIENTATION and kind in _NUMBERS:
                return unpack_from(order + _NUMBERS[kind], tiff, place + 8)[0]
    except StructError:
        # It ends before it says so.
        pass
    return 1


def is_turned(exif: object) -> bool:
    """Whether viewers show a picture otherwise than its pixels lie."""
    return read_orientation(exif) in _TURNS


def _of_8_bits(picture: Picture) -> Picture:
    """Grey of more bits as grey of 8; others as they are.

    What is white follows from the mode, and where that leaves it open from the largest value.
    """
    is_16_bits = picture.mode.startswith("I;16")
    if not is_16_bits and picture.mode not in ("I", "F"):
        return picture
    levels = picture.convert("I") if is_16_bits else picture
    largest = levels.getextrema()[1]
    if not isinstance(largest, int | float) or not largest < 2**16:
        raise BadImage(f"The picture's brightest pixel is {largest}; at most 65535 is accepted.")
    scale, offset = 1.0, 0.5
    if is_16_bits or largest > 255:
        scale, offset = 1 / 256, 0.0
    elif picture.mode == "F" and largest <= 1:
        scale = 255.0
    grey = levels.point(lambda level: level * scale + offset).convert("L")
    key = picture.info.get("transparency")
    if isinstance(key, int):
        opaque = ImageMath.lambda_eval(lambda each: (each["levels"] != key) * 255, levels=levels)
        grey.putalpha(opaque.convert("L"))
    grey.info.pop("transparency", None)
    return grey


def _on_white(picture: Picture) -> Picture:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    # Pillow knows no way from grey with its alpha multiplied in to RGBA.
    rgba = (picture.convert("LA") if picture.mode == "La" else picture).convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    white.alpha_composite(rgba)
    return white.convert("RGB")
