"""Encoded pictures, walked without being opened: how large they are, and what makes their pixels.

Sizes are read here and not by Pillow, whose `open` walks, inflates and allocates whatever a file
asks for: a few crafted kilobytes would hold everybody up for seconds. What it is handed in the end
holds the pixels and nothing else, so that nothing else can stand in their way.
"""

import re
from collections.abc import Iterator
from struct import pack, unpack
from zlib import crc32

from protocol.errors import BadImage

FORMATS = ("JPEG", "PNG", "WEBP")
ACCEPTED = "Send a JPEG, PNG or WebP picture."

# What cameras and picture programs write stays far below these; beyond them lies only mischief,
# a small file that takes minutes to open.
MAX_JPEG_SEGMENTS = 1_000
MAX_JPEG_SCANS = 100
MAX_PNG_CHUNKS = 20_000

_JPEG_SIGNATURE = b"\xff\xd8"
# A segment's marker is the last FF of a row and the byte behind it. Among pixels, FF stands before
# 00 and RST (D0 to D7) only; SOI (D8) and what lies below C0 begin no segment anywhere.
_JPEG_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_END, _JPEG_SCAN, _JPEG_APP1 = 0xD9, 0xDA, 0xE1
# Tables, sizes and scans, and what tells the colours: JFIF (APP0) and Adobe (APP14).
_JPEG_PIXELS = frozenset(range(0xC0, 0xE1)) | {0xEE}

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_PNG_GREY, _PNG_RGB, _PNG_PALETTE = 0, 2, 3
_PNG_OPAQUE = (_PNG_GREY, _PNG_RGB, _PNG_PALETTE)


def read_size(data: bytes) -> tuple[int, int]:
    """Width and height as the header of a picture names them; either may be 0.

    Raises BadImage.
    """
    if data.startswith(_JPEG_SIGNATURE):
        return _read_jpeg_size(data)
    if data.startswith(_PNG_SIGNATURE) and data[12:16] == b"IHDR":
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _read_webp_size(data)
    raise BadImage(f"These bytes are no picture that can be read. {ACCEPTED}")


def media_type(data: bytes) -> str:
    """Of a picture that `read_size` could read."""
    if data.startswith(_JPEG_SIGNATURE):
        return "image/jpeg"
    return "image/png" if data.startswith(_PNG_SIGNATURE) else "image/webp"


def only_pixels(data: bytes) -> tuple[bytes, bytes]:
    """A picture that `read_size` could read, without what says nothing about its pixels.

    Returns it and its EXIF; a WebP is left as it is, and keeps its EXIF inside. Raises BadImage.
    """
    if data.startswith(_JPEG_SIGNATURE):
        return _only_jpeg_pixels(data)
    return _only_png_pixels(data) if data.startswith(_PNG_SIGNATURE) else (data, b"")


def is_plain(data: bytes) -> bool:
    """Whether any program reads a picture, as `only_pixels` has it, and shows it alike: a JPEG that
    is grey or coloured, or an opaque PNG of at most 8 bits.
    """
    if data.startswith(_JPEG_SIGNATURE):
        heads = (
            data[start + 4 : start + 10]
            for marker, start, _ in _jpeg_segments(data)
            if marker in _JPEG_SIZES
        )
        return all(len(head) == 6 and head[5] in (1, 3) for head in heads)
    if not data.startswith(_PNG_SIGNATURE):
        return False
    is_opaque = all(kind != b"tRNS" for kind, _ in _png_chunks(data))
    return data[24] <= 8 and data[25] in _PNG_OPAQUE and is_opaque


def _read_jpeg_size(data: bytes) -> tuple[int, int]:
    size: tuple[int, int] | None = None
    for marker, start, _ in _jpeg_segments(data):
        if marker in _JPEG_SIZES and len(head := data[start + 4 : start + 10]) == 6:
            n_bits, height, width, n_colors = unpack(">BHHB", head)
            if n_bits != 8 or n_colors not in (1, 3, 4):
                raise BadImage(
                    f"The JPEG picture has {n_colors} colours of {n_bits} bits; 1, 3 or 4 of 8 bits"
                    " can be read."
                )
            size = width, height
        # The first scan ends the header.
        if marker == _JPEG_SCAN and size is not None:
            return size
    raise BadImage(f"The JPEG picture's header cannot be read. {ACCEPTED}")


def _only_jpeg_pixels(data: bytes) -> tuple[bytes, bytes]:
    kept, exif = [data[:2]], b""
    n_scans, scan_start = 0, None
    for marker, start, end in _jpeg_segments(data):
        if scan_start is not None:
            kept.append(data[scan_start:start])
        scan_start = end if marker == _JPEG_SCAN else None
        n_scans += marker == _JPEG_SCAN
        if n_scans > MAX_JPEG_SCANS:
            raise BadImage(f"The JPEG picture has more than {MAX_JPEG_SCANS} scans. {ACCEPTED}")
        if marker in _JPEG_PIXELS:
            kept.append(data[start:end])
        elif marker == _JPEG_APP1 and not exif and data[start + 4 : start + 9] == b"Exif\0":
            exif = data[start + 4 : end]
    return b"".join(kept), exif


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment, up to the end of the picture and with it.

    A segment is a marker and a length that counts itself. The pixels of a scan follow its segment.
    What stands between segments otherwise is skipped, as decoders do.
    """
    place = len(_JPEG_SIGNATURE)
    for _ in range(MAX_JPEG_SEGMENTS):
        found = _JPEG_MARKER.search(data, place)
        if found is None:
            return
        start, place = found.span()
        marker, length = data[start + 1], int.from_bytes(data[place : place + 2])
        if marker == _JPEG_END:
            yield marker, start, place
            return
        if length < 2:
            return
        place += length
        yield marker, start, place
    raise BadImage(f"The JPEG picture has more than {MAX_JPEG_SEGMENTS:,} segments. {ACCEPTED}")


def _only_png_pixels(data: bytes) -> tuple[bytes, bytes]:
    kept, exif = [_PNG_SIGNATURE], b""
    n_bits, color_type = data[24:25], data[25:26]
    for kind, chunk in _png_chunks(data):
        is_whole = crc32(chunk[4:-4]).to_bytes(4) == chunk[-4:]
        if kind == b"eXIf" and is_whole:
            exif = chunk[8:-4]
        elif kind == b"tRNS":
            # It may be left out, and a decoder does so with one that is damaged.
            kept += [_eight_bit_key(chunk, n_bits[0], color_type[0])] if is_whole else []
        elif kind in _PNG_PIXELS:
            kept.append(chunk)
    return b"".join(kept), exif


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_PNG_SIGNATURE)
    for _ in range(MAX_PNG_CHUNKS):
        kind, end = (
            data[place + 4 : place + 8],
            place + 12 + int.from_bytes(data[place : place + 4]),
        )
        if place >= len(data):
            return
        yield kind, data[place:end]
        if kind == b"IEND":
            return
        place = end
    raise BadImage(f"The PNG picture has more than {MAX_PNG_CHUNKS:,} chunks. {ACCEPTED}")


def _eight_bit_key(chunk: bytes, n_bits: int, color_type: int) -> bytes:
    """The chunk that names a transparent colour, in the 8 bits to which Pillow brings the pixels.

    Pillow leaves it in those of the file. Grey of 16 bits stays so in both.
    """
    key = chunk[8:-4]
    if color_type == _PNG_RGB and n_bits == 16 and len(key) >= 6:
        key = pack(">3H", *(each >> 8 for each in unpack(">3H", key[:6])))
    elif color_type == _PNG_GREY and n_bits in (2, 4) and len(key) >= 2:
        white = 2**n_bits - 1
        key = pack(">H", (key[1] & white) * 255 // white)
    return _png_chunk(b"tRNS", key)


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return pack(">I", len(body)) + kind + body + pack(">I", crc32(kind + body))


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
    raise BadImage(f"The WebP picture's header cannot be read. {ACCEPTED}")
