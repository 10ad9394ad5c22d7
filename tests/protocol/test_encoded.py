"""Files as other programs write them: whatever a format allows is read, and nothing takes long."""

from io import BytesIO
from itertools import pairwise
from struct import pack

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from protocol.encoded import (
    MAX_JPEG_SCANS,
    MAX_JPEG_SEGMENTS,
    MAX_PNG_CHUNKS,
    _jpeg_segments,
    is_plain,
    only_pixels,
)
from protocol.errors import BadImage, RequestError
from protocol.frame import FrameLimits, check_frame
from tests.protocol.pictures import encoded, png, png_chunk
from tests.protocol.scenes import (
    ALPHA,
    ENCODED,
    ONLY_ENCODED,
    RGB,
    STORED,
    exif,
    image,
    saved,
    with_alpha,
)

LIMITS = FrameLimits(max_bytes=2**23, max_pixels=1_000_000)

JPEGS = {
    "baseline": saved(image(RGB), "JPEG"),
    "progressive": saved(image(RGB), "JPEG", progressive=True),
    "with restarts": saved(image(RGB), "JPEG", restart_marker_blocks=1),
    "grey": saved(image(RGB, "L"), "JPEG"),
    "cmyk": saved(image(RGB, "CMYK"), "JPEG"),
}
PNG = saved(image(with_alpha(RGB, ALPHA)))
WEBPS = {
    "lossy": saved(image(RGB), "WEBP", lossless=False),
    "lossless": saved(image(RGB), "WEBP"),
    "extended": saved(image(with_alpha(RGB, ALPHA)), "WEBP", lossless=False),
    "turned": saved(image(RGB), "WEBP", exif=exif(6)),
}


def opened(data: bytes) -> np.ndarray:
    return np.asarray(check_frame(data, LIMITS).open())


@pytest.mark.parametrize(("data", "seen"), ENCODED.values(), ids=ENCODED.keys())
def test_picture_of_every_kind_is_seen_as_it_looks(data: bytes, seen: np.ndarray):
    assert (opened(data) == seen).all()


@pytest.mark.parametrize(("data", "seen"), ONLY_ENCODED.values(), ids=ONLY_ENCODED.keys())
def test_clear_grey_of_few_bits_is_laid_on_white(data: bytes, seen: np.ndarray):
    """Pillow leaves such a grey in the file's bits: another one was clear."""
    assert (opened(data) == seen).all()


@pytest.mark.parametrize("orientation", STORED)
def test_jpeg_is_turned_upright(orientation: int):
    stored = STORED[orientation](RGB)
    plain = saved(image(stored), "JPEG")
    turned = saved(image(stored), "JPEG", exif=exif(orientation, prefix=b"Exif\0\0"))
    # `STORED` turns twice in the same way, but for the quarter turns.
    back = {6: 8, 8: 6}.get(orientation, orientation)
    assert (opened(turned) == STORED[back](opened(plain))).all()


# JPEG: legal and common things to meet, and where.


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + pack(">H", len(body) + 2) + body


FILL = st.integers(1, 9).map(lambda n: b"\xff" * n)
BODY = st.binary(max_size=99) | st.sampled_from([bytes(65_533), b"\xff\xd9" * 9, b"\xff\xda" * 200])
# Not APP0 and APP14, which tell the colours, nor a second EXIF.
APP = st.builds(segment, st.sampled_from([*range(0xE1, 0xEE), 0xEF]), BODY)
COMMENT = st.builds(segment, st.just(0xFE), BODY)
MULTI_PICTURE = st.just(segment(0xE2, b"MPF\0II*\0\x08\0\0\0\0\0\0\0"))
LEGAL = FILL | APP | COMMENT | MULTI_PICTURE
# No segment begins with these; among pixels they would be pixels.
JUNK = st.binary(max_size=30).map(lambda junk: bytes(each % 0xC0 for each in junk))
HEADER_ONLY = JUNK | st.sampled_from([b"\xff\x00", b"\xff\x01", b"\xff\xd8", b"\xff\xd0"])
TRAILER = st.binary(max_size=99) | st.sampled_from(
    [b"\xff\xda" * 101, b"\xff" * 99, b"\0" * 4096, *JPEGS.values(), PNG, b"ftypmp42" + bytes(99)]
)


@pytest.mark.parametrize("jpeg", JPEGS.values(), ids=JPEGS.keys())
@settings(max_examples=60)
@given(data=st.data())
def test_jpeg_is_the_same_whatever_else_it_holds(jpeg: bytes, data: st.DataObject):
    """One legal fill byte, or the film behind a phone's picture, made it unreadable."""
    starts = [start for _, start, _ in _jpeg_segments(jpeg)]
    first_scan = jpeg.index(b"\xff\xda")
    pieces = [jpeg[:2]]
    for start, end in pairwise([*starts, len(jpeg)]):
        between = LEGAL | HEADER_ONLY if start <= first_scan else LEGAL
        pieces += [*data.draw(st.lists(between, max_size=2)), jpeg[start:end]]
    more = b"".join([*pieces, data.draw(TRAILER)])
    assert (opened(more) == opened(jpeg)).all()


def test_jpeg_of_several_pictures_is_the_first():
    """Phones and cameras write such files, and Pillow takes them for another format."""
    buffer = BytesIO()
    first, second = image(RGB), image(255 - RGB)
    first.save(buffer, "MPO", save_all=True, append_images=[second])
    assert Image.open(buffer).format == "MPO"
    assert (opened(buffer.getvalue()) == opened(saved(first, "JPEG"))).all()


@pytest.mark.parametrize("count", [MAX_JPEG_SCANS, MAX_JPEG_SCANS + 1])
def test_jpeg_may_have_many_scans_and_not_more(count: int):
    """Each scan of a few bytes is work for every pixel."""
    jpeg = JPEGS["progressive"]
    scan_start = [start for marker, start, _ in _jpeg_segments(jpeg) if marker == 0xDA]
    more = jpeg[:-2] + jpeg[scan_start[-1] : -2] * (count - len(scan_start)) + jpeg[-2:]
    if count > MAX_JPEG_SCANS:
        with pytest.raises(BadImage, match="scans"):
            opened(more)
    else:
        assert opened(more).shape == RGB.shape


def test_jpeg_of_too_many_segments_is_refused():
    jpeg = JPEGS["baseline"]
    with pytest.raises(BadImage, match="segments"):
        check_frame(jpeg[:2] + segment(0xFE, b"") * MAX_JPEG_SEGMENTS + jpeg[2:], LIMITS)


@pytest.mark.parametrize(("place", "value"), [(4, 12), (9, 2)])
def test_jpeg_of_a_rare_kind_is_not_called_damaged(place: int, value: int):
    jpeg = bytearray(JPEGS["baseline"])
    jpeg[jpeg.index(b"\xff\xc0") + place] = value
    with pytest.raises(BadImage, match=rf"\b{value} .*can be read"):
        check_frame(bytes(jpeg), LIMITS)


# PNG.

CHUNK = st.builds(
    png_chunk,
    st.sampled_from([b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"pHYs", b"gAMA", b"acTL", b"fcTL"])
    | st.sampled_from([b"teSt", b"sRGB", b"cHRM", b"tIME", b"bKGD", b"hIST", b"eXIf"]),
    st.binary(max_size=40),
)
DAMAGED_CHUNK = CHUNK.map(lambda chunk: chunk[:-1] + bytes([chunk[-1] ^ 1]))


@given(
    added=st.lists(st.lists(CHUNK | DAMAGED_CHUNK, max_size=3), min_size=3, max_size=3),
    n_pieces=st.integers(1, 9),
    trailer=TRAILER | st.just(png_chunk(b"IDAT", b"none")) | st.just(png_chunk(b"IHDR", b"")),
)
def test_png_is_the_same_whatever_else_it_holds(added: list, n_pieces: int, trailer: bytes):
    header, data, end = PNG[8:33], PNG[41:-16], PNG[-12:]
    places = sorted({round(each * len(data) / n_pieces) for each in range(n_pieces + 1)})
    pieces = [png_chunk(b"IDAT", data[start:stop]) for start, stop in pairwise(places)]
    chunks = [header, *added[0], *pieces, *added[1], end, trailer]
    assert (opened(PNG[:8] + b"".join(chunks)) == opened(PNG)).all()


@pytest.mark.parametrize("is_behind", [False, True])
def test_png_is_turned_upright_wherever_its_exif_stands(is_behind: bool):
    stored = saved(image(STORED[6](RGB)))
    place = len(stored) - 12 if is_behind else 33
    turned = stored[:place] + png_chunk(b"eXIf", exif(6)) + stored[place:]
    assert (opened(turned) == RGB).all()


def test_png_whose_clear_colour_is_damaged_is_opaque():
    stored = saved(image(RGB))
    damaged = png_chunk(b"tRNS", pack(">3H", *map(int, RGB[0, 0])))[:-1] + b"?"
    assert (opened(stored[:33] + damaged + stored[33:]) == RGB).all()


def test_png_that_moves_is_its_first_picture():
    buffer = BytesIO()
    image(RGB).save(buffer, "PNG", save_all=True, append_images=[image(255 - RGB)])
    assert b"acTL" in buffer.getvalue()
    assert (opened(buffer.getvalue()) == RGB).all()


def test_png_hands_on_nothing_but_its_pixels():
    noisy = png(png_chunk(b"tEXt", b"a\0b"), png_chunk(b"iCCP", b"a"), png_chunk(b"eXIf", exif(3)))
    kept, found = only_pixels(noisy + b"more")
    assert (kept, found) == (png(), exif(3))


def test_png_of_too_many_chunks_is_refused():
    with pytest.raises(BadImage, match="chunks"):
        opened(png(png_chunk(b"teSt", b"") * MAX_PNG_CHUNKS))


# WebP.


def riff_chunks(webp: bytes) -> list[bytes]:
    chunks, place = [], 12
    while place < len(webp):
        n_bytes = int.from_bytes(webp[place + 4 : place + 8], "little")
        end = place + 8 + n_bytes + n_bytes % 2
        chunks.append(webp[place:end])
        place = end
    return chunks


def riff_chunk(kind: bytes, body: bytes) -> bytes:
    return kind + pack("<I", len(body)) + body + bytes(len(body) % 2)


def riff(chunks: list[bytes]) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + pack("<I", len(body)) + body


UNKNOWN = st.builds(
    riff_chunk, st.sampled_from([b"XMP ", b"ICCP", b"abcd", b"LIST"]), st.binary(max_size=31)
)


@pytest.mark.parametrize("webp", WEBPS.values(), ids=WEBPS.keys())
@given(added=st.lists(UNKNOWN, max_size=3), trailer=st.binary(max_size=30))
def test_webp_is_the_same_whatever_else_it_holds(webp: bytes, added: list, trailer: bytes):
    chunks = riff_chunks(webp)
    if webp[12:16] != b"VP8X":
        height, width = RGB.shape[:2]
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        chunks.insert(0, riff_chunk(b"VP8X", bytes(4) + size))
    assert (opened(riff([*chunks, *added]) + trailer) == opened(webp)).all()


# Damage of all kinds.

WHOLE = [*JPEGS.values(), PNG, *WEBPS.values(), *(data for data, _ in ENCODED.values())]


@settings(max_examples=400)
@given(
    data=st.sampled_from(WHOLE),
    n_kept=st.none() | st.integers(0, 2000),
    flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 255)), max_size=4),
)
def test_damaged_picture_is_opened_or_refused_in_a_sentence(data, n_kept, flips):
    damaged = bytearray(data[:n_kept])
    for place, mask in flips:
        if damaged:
            damaged[place % len(damaged)] ^= mask
    try:
        picture = check_frame(bytes(damaged), LIMITS).open()
    except RequestError as error:
        assert error.message.endswith(".")  # noqa: PT017
    else:
        assert picture.mode == "RGB"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encoded(), True),
        (encoded(mode="L"), True),
        (encoded(mode="CMYK"), False),
        (encoded("PNG"), True),
        (encoded("PNG", mode="P"), True),
        (encoded("PNG", mode="1"), True),
        (encoded("PNG", mode="P", transparency=0), False),
        (encoded("PNG", mode="RGBA"), False),
        (encoded("PNG", mode="I;16", color=9), False),
        (encoded("WEBP"), False),
    ],
)
def test_picture_is_plain_where_any_program_shows_it_alike(data: bytes, expected: bool):
    assert is_plain(only_pixels(data)[0]) is expected
