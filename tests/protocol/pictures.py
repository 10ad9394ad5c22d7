"""Pictures as they arrive: encoded bytes, good and bad."""

from base64 import b64encode
from io import BytesIO
from struct import pack
from zlib import compress, crc32

from PIL import Image


def encoded(
    format: str = "JPEG",
    size: tuple[int, int] = (64, 48),
    mode: str = "RGB",
    color: str | int | tuple[int, ...] = "red",
    **options: object,
) -> bytes:
    """One plain picture."""
    buffer = BytesIO()
    picture = Image.new("RGB", size, color).convert(mode) if isinstance(color, str) else None
    (picture or Image.new(mode, size, color)).save(buffer, format, **options)
    return buffer.getvalue()


def data_url(data: bytes, mime: str = "image/jpeg") -> str:
    return f"data:{mime};base64,{b64encode(data).decode()}"


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data))


def png(
    *extra_chunks: bytes, size: tuple[int, int] = (8, 8), scanlines: bytes | None = None
) -> bytes:
    """A greyscale PNG made by hand, with more chunks than a picture needs."""
    width, height = size
    if scanlines is None:
        scanlines = (b"\0" + b"\x7f" * width) * height
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
            *extra_chunks,
            png_chunk(b"IDAT", compress(scanlines)),
            png_chunk(b"IEND", b""),
        )
    )


def webp(kind: bytes, body: bytes) -> bytes:
    """A WebP with one chunk: a header and nothing behind it."""
    chunk = kind + pack("<I", len(body)) + body
    return b"RIFF" + pack("<I", 4 + len(chunk)) + b"WEBP" + chunk
