"""One scene in every form in which a picture may arrive, and what a person sees of it."""

from io import BytesIO
from struct import pack
from zlib import compress

import numpy as np
from PIL import Image

from tests.protocol.pictures import png_chunk

# Noise, so that no turn and no wrong colour could go unseen; of even size, as JPEG and WebP halve
# colours.
HEIGHT, WIDTH = 16, 24
RGB = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
GREY = RGB[:, :, 0]
# Opaque, clear, and a half of each.
ALPHA = np.array([0, 255, 128, 255], np.uint8)[np.indices((HEIGHT, WIDTH)).sum(0) % 4]
CLEAR = np.where(ALPHA == 0, 0, 255).astype(np.uint8)


def grey(levels: np.ndarray) -> np.ndarray:
    return np.repeat(levels[:, :, None], 3, axis=2)


def on_white(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    share = alpha[:, :, None] / 255
    return np.rint(pixels * share + 255 * (1 - share)).astype(np.uint8)


def exif(orientation: int, order: str = "<", kind: str = "H", prefix: bytes = b"") -> bytes:
    """EXIF with one field before the orientation, as other programs write it."""
    number = {"H": 3, "I": 4}[kind]
    value = pack(order + kind, orientation).ljust(4, b"\0")
    fields = pack(order + "HHI4s", 0x0100, 3, 1, bytes(4))
    fields += pack(order + "HHI4s", 0x0112, number, 1, value)
    head = b"II*\0" if order == "<" else b"MM\0*"
    return prefix + head + pack(order + "IH", 8, 2) + fields + bytes(4)


# How a picture is stored that a viewer turns back, by its EXIF orientation.
STORED = {
    1: lambda seen: seen,
    2: lambda seen: seen[:, ::-1],
    3: lambda seen: seen[::-1, ::-1],
    4: lambda seen: seen[::-1],
    5: lambda seen: seen.swapaxes(0, 1),
    6: lambda seen: np.rot90(seen),
    7: lambda seen: seen[::-1, ::-1].swapaxes(0, 1),
    8: lambda seen: np.rot90(seen, -1),
}


def image(pixels: np.ndarray, mode: str | None = None) -> Image.Image:
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    return picture if mode is None else picture.convert(mode)


def saved(picture: Image.Image, format: str = "PNG", **options: object) -> bytes:
    buffer = BytesIO()
    if format == "WEBP":
        options = {"lossless": True, "exact": True} | options
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def with_alpha(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return np.dstack([pixels, alpha])


def png_of(samples: np.ndarray, color_type: int, n_bits: int, *chunks: bytes) -> bytes:
    """A PNG by hand, of kinds that Pillow does not write. samples: (H, W) or (H, W, C)."""
    height, width = samples.shape[:2]
    rows = samples.reshape(height, -1)
    if n_bits == 16:
        rows = rows.astype(">u2").view(np.uint8)
    elif n_bits < 8:
        bits = np.unpackbits(rows.astype(np.uint8)[:, :, None], axis=2)[:, :, 8 - n_bits :]
        rows = np.packbits(bits.reshape(height, -1), axis=1)
    header = png_chunk(b"IHDR", pack(">IIBBBBB", width, height, n_bits, color_type, 0, 0, 0))
    pixels = b"".join(b"\0" + row.tobytes() for row in rows)
    data = png_chunk(b"IDAT", compress(pixels))
    return b"".join([b"\x89PNG\r\n\x1a\n", header, *chunks, data, png_chunk(b"IEND", b"")])


def key(*samples: int) -> bytes:
    """The chunk of a PNG that makes a colour clear."""
    return png_chunk(b"tRNS", pack(f">{len(samples)}H", *samples))


def wide(levels: np.ndarray) -> np.ndarray:
    """The same in 16 bits."""
    return levels.astype(np.uint16) * 257


def cleared(pixels: np.ndarray, is_clear: np.ndarray) -> np.ndarray:
    return np.where(is_clear[:, :, None], np.uint8(255), pixels)


_COARSE = GREY // 16
_PALETTE = image(RGB).quantize(200)
_IN_PALETTE = np.asarray(_PALETTE.convert("RGB"))
_INDEX = np.asarray(_PALETTE)
_IS_KEY = np.equal(GREY, GREY[3, 4])
_IS_RGB_KEY = np.equal(RGB, RGB[3, 4]).all(2)
_WIDE_RGBA = with_alpha(wide(RGB), wide(ALPHA))
_HALF = np.arange(256, dtype=np.uint8)[::-1].tobytes()

# Encoded without loss: the bytes, and what is seen.
ENCODED: dict[str, tuple[bytes, np.ndarray]] = {
    "png": (saved(image(RGB)), RGB),
    "grey png": (saved(image(GREY)), grey(GREY)),
    "png with alpha": (saved(image(with_alpha(RGB, ALPHA))), on_white(RGB, ALPHA)),
    "grey png with alpha": (
        saved(Image.merge("LA", [image(GREY), image(ALPHA)])),
        on_white(grey(GREY), ALPHA),
    ),
    "png of 1 bit": (saved(image(GREY > 99)), grey((GREY > 99) * np.uint8(255))),
    "png of 1 bit with a clear one": (
        png_of(GREY > 99, 0, 1, key(0)),
        np.full_like(RGB, 255),
    ),
    "palette png": (saved(_PALETTE), _IN_PALETTE),
    "palette png with a clear colour": (
        saved(_PALETTE, transparency=int(_INDEX[3, 4])),
        cleared(_IN_PALETTE, np.equal(_INDEX, _INDEX[3, 4])),
    ),
    "palette png with half clear colours": (
        saved(_PALETTE, transparency=_HALF),
        on_white(_IN_PALETTE, 255 - _INDEX),
    ),
    "png with a clear colour": (
        png_of(RGB, 2, 8, key(*map(int, RGB[3, 4]))),
        cleared(RGB, _IS_RGB_KEY),
    ),
    "grey png with a clear grey": (
        png_of(GREY, 0, 8, key(int(GREY[3, 4]))),
        cleared(grey(GREY), _IS_KEY),
    ),
    "png of 4 bits": (png_of(_COARSE, 0, 4), grey(_COARSE * 17)),
    "png of 2 bits": (png_of(GREY // 64, 0, 2), grey(GREY // 64 * 85)),
    "png of 16 bits": (png_of(wide(RGB), 2, 16), RGB),
    "png of 16 bits with a clear colour": (
        png_of(wide(RGB), 2, 16, key(*(257 * int(each) for each in RGB[3, 4]))),
        cleared(RGB, _IS_RGB_KEY),
    ),
    "png of 16 bits with alpha": (png_of(_WIDE_RGBA, 6, 16), on_white(RGB, ALPHA)),
    "grey png of 16 bits": (png_of(wide(GREY), 0, 16), grey(GREY)),
    "grey png of 16 bits with a clear grey": (
        png_of(wide(GREY), 0, 16, key(257 * int(GREY[3, 4]))),
        cleared(grey(GREY), _IS_KEY),
    ),
    "grey png of 16 bits with alpha": (
        png_of(np.dstack([wide(GREY), wide(ALPHA)]), 4, 16),
        on_white(grey(GREY), ALPHA),
    ),
    "webp": (saved(image(RGB), "WEBP"), RGB),
    "webp with alpha": (saved(image(with_alpha(RGB, ALPHA)), "WEBP"), on_white(RGB, ALPHA)),
}
for _number, _store in STORED.items():
    for _format in ("PNG", "WEBP"):
        ENCODED[f"{_format.lower()} of orientation {_number}"] = (
            saved(image(_store(RGB)), _format, exif=exif(_number)),
            RGB,
        )

# Readable only before a picture is opened with Pillow, which keeps these keys in the file's bits.
ONLY_ENCODED: dict[str, tuple[bytes, np.ndarray]] = {
    "png of 4 bits with a clear grey": (
        png_of(_COARSE, 0, 4, key(int(_COARSE[3, 4]))),
        cleared(grey(_COARSE * 17), np.equal(_COARSE, _COARSE[3, 4])),
    ),
    "png of 2 bits with a clear grey": (
        png_of(GREY // 64, 0, 2, key(2)),
        cleared(grey(GREY // 64 * 85), GREY // 64 == 2),
    ),
}

_RGBA = image(with_alpha(RGB, CLEAR))
_GREY_ALPHA = Image.merge("LA", [image(GREY), image(CLEAR)])

# Open already, in every mode of Pillow's that keeps the scene.
OPENED: dict[str, tuple[Image.Image, np.ndarray]] = {
    "RGB": (image(RGB), RGB),
    "RGBX": (image(RGB, "RGBX"), RGB),
    "RGBA": (_RGBA, on_white(RGB, CLEAR)),
    "RGBa": (_RGBA.convert("RGBa"), on_white(RGB, CLEAR)),
    "L": (image(GREY), grey(GREY)),
    "LA": (_GREY_ALPHA, on_white(grey(GREY), CLEAR)),
    "La": (_GREY_ALPHA.convert("La"), on_white(grey(GREY), CLEAR)),
    "1": (image(GREY > 99), grey((GREY > 99) * np.uint8(255))),
    "P": (_PALETTE, _IN_PALETTE),
    "PA": (Image.merge("PA", [_PALETTE, image(CLEAR)]), on_white(_IN_PALETTE, CLEAR)),
    "CMYK": (image(RGB, "CMYK"), RGB),
    "I": (image(GREY, "I"), grey(GREY)),
    "I of 16 bits": (image(wide(GREY).astype(np.int32)), grey(GREY)),
    "F": (image(GREY, "F"), grey(GREY)),
    "F from 0 to 1": (image(GREY.astype(np.float32) / 255), grey(GREY)),
    "F of 16 bits": (image(wide(GREY).astype(np.float32)), grey(GREY)),
    "I;16": (image(wide(GREY)), grey(GREY)),
    "I;16B": (
        Image.frombytes("I;16B", (WIDTH, HEIGHT), wide(GREY).astype(">u2").tobytes()),
        grey(GREY),
    ),
}

# Arrays of everything that is accepted.
ARRAYS: dict[str, tuple[np.ndarray, np.ndarray]] = {
    "uint8": (RGB, RGB),
    "uint8 from the right to the left": (RGB[:, ::-1], RGB[:, ::-1]),
    "grey uint8": (GREY, grey(GREY)),
    "one channel of uint8": (GREY[:, :, None], grey(GREY)),
    "uint8 with alpha": (with_alpha(RGB, ALPHA), on_white(RGB, ALPHA)),
    "uint16": (wide(RGB), RGB),
    "uint16 of the other byte order": (wide(RGB).astype(">u2"), RGB),
    "grey uint16": (wide(GREY), grey(GREY)),
    "uint16 with alpha": (_WIDE_RGBA, on_white(RGB, ALPHA)),
    "float16": ((RGB / 255).astype(np.float16), RGB),
    "float32": ((RGB / 255).astype(np.float32), RGB),
    "float64": (RGB / 255, RGB),
    "grey float64": (GREY / 255, grey(GREY)),
    "one channel of float64": (GREY[:, :, None] / 255, grey(GREY)),
    "float64 with alpha": (with_alpha(RGB, ALPHA) / 255, on_white(RGB, ALPHA)),
    "floats a little beyond their ends": ((RGB / 255 - 0.5) * 1.0001 + 0.5, RGB),
    "bool": (GREY > 99, grey((GREY > 99) * np.uint8(255))),
}
