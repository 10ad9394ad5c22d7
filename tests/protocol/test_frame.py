"""Frames are judged by their header, and only what can be decoded gets through."""

import struct
from contextlib import suppress
from io import BytesIO
from time import process_time
from zlib import compress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from protocol.errors import BadImage, ImageTooLarge, RequestError
from protocol.frame import FrameLimits, check_frame, encode_frame
from tests.protocol.pictures import encoded, png, png_chunk, webp
from tests.protocol.scenes import RGB, STORED, exif, image, saved

LIMITS = FrameLimits(max_bytes=100_000, max_pixels=1_000_000)

READABLE = {
    "jpeg": encoded("JPEG"),
    "progressive jpeg": encoded("JPEG", progressive=True),
    "greyscale jpeg": encoded("JPEG", mode="L"),
    "cmyk jpeg": encoded("JPEG", mode="CMYK"),
    "png": encoded("PNG"),
    "palette png": encoded("PNG", mode="P"),
    "palette png with a transparent colour": encoded("PNG", mode="P", transparency=0),
    "png with alpha": encoded("PNG", mode="RGBA"),
    "grey png with alpha": encoded("PNG", mode="LA"),
    "black and white png": encoded("PNG", mode="1"),
    "16 bit png": encoded("PNG", mode="I;16", color=1000),
    "webp": encoded("WEBP"),
    "lossless webp": encoded("WEBP", lossless=True),
    "webp with alpha": encoded("WEBP", mode="RGBA"),
}


@pytest.mark.parametrize("data", READABLE.values(), ids=READABLE.keys())
def test_frame_has_the_size_of_its_header(data):
    frame = check_frame(data, LIMITS)
    assert (frame.width_px, frame.height_px) == (64, 48)


@pytest.mark.parametrize("orientation", [3, 6])
def test_frame_has_the_size_of_its_header_though_it_is_turned_when_it_is_opened(orientation: int):
    stored = STORED[orientation](RGB)
    frame = check_frame(saved(image(stored), exif=exif(orientation)), LIMITS)
    assert (frame.height_px, frame.width_px) == stored.shape[:2]
    assert frame.open().size == image(RGB).size


@pytest.mark.parametrize("data", READABLE.values(), ids=READABLE.keys())
def test_frame_opens_as_rgb_whatever_its_mode(data):
    picture = check_frame(data, LIMITS).open()
    assert (picture.mode, picture.size) == ("RGB", (64, 48))


def test_frame_opens_as_the_first_picture_of_an_animation():
    buffer = BytesIO()
    first, second = (Image.new("RGB", (20, 20), color) for color in ("red", "blue"))
    first.save(buffer, "WEBP", save_all=True, append_images=[second], lossless=True)
    picture = check_frame(buffer.getvalue(), LIMITS).open()
    assert picture.getpixel((10, 10)) == (255, 0, 0)


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1)])
def test_frame_may_be_as_thin_as_one_pixel(size):
    assert check_frame(encoded("PNG", size=size), LIMITS).open().size == size


def test_frame_of_16_bits_keeps_its_brightness():
    """Pillow clips such pixels at 255, so that nearly everything in the picture turned white."""
    dark = encoded("PNG", size=(4, 4), mode="I;16", color=10 * 257)
    assert check_frame(dark, LIMITS).open().getpixel((0, 0)) == (10, 10, 10)


UNREADABLE = {
    "nothing": b"",
    "text": b"a picture of a red circle",
    "gif": encoded("GIF"),
    "bmp": encoded("BMP"),
    "tiff": encoded("TIFF"),
    "ico": encoded("ICO"),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "only the jpeg signature": b"\xff\xd8\xff",
    "only the png signature": b"\x89PNG\r\n\x1a\n",
    "only the webp signature": b"RIFF\0\0\0\0WEBP",
    "webp with a short header": webp(b"VP8X", b"\0" * 4),
    "webp of an unknown kind": webp(b"VP9 ", b"\0" * 20),
    "lossless webp without its magic byte": webp(b"VP8L", b"\0" * 20),
    "png of 0 x 5": png(size=(0, 5), scanlines=b""),
    "png of 5 x 0": png(size=(5, 0), scanlines=b""),
    "webp of 0 x 9": webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 0, 9)),
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_frame_is_refused_when_it_is_no_jpeg_png_or_webp(data):
    with pytest.raises(BadImage):
        check_frame(data, LIMITS)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_frame_that_is_cut_short_is_refused_when_it_is_opened(format):
    noise = Image.effect_noise((64, 48), 90).convert("RGB")
    buffer = BytesIO()
    noise.save(buffer, format)
    frame = check_frame(buffer.getvalue()[: buffer.tell() // 2], LIMITS)
    with pytest.raises(BadImage):
        frame.open()


def lossy(side: int) -> bytes:
    return webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", side, side))


def lossless(side: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", (side - 1) | (side - 1) << 14))


def extended(side: int) -> bytes:
    return webp(b"VP8X", b"\0" * 4 + 2 * (side - 1).to_bytes(3, "little"))


BOMBS = {
    "png of 50,000 x 50,000": png(size=(50_000, 50_000), scanlines=b""),
    "png of 10,000 x 10,000": png(size=(10_000, 10_000), scanlines=b""),
    "png one row too high": png(size=(1000, 1001), scanlines=b""),
    "lossy webp": lossy(16_383),
    "lossless webp": lossless(16_384),
    "extended webp": extended(2**24),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS.keys())
def test_frame_with_too_many_pixels_is_refused_by_its_header(data):
    with pytest.raises(ImageTooLarge, match=r"\d+x\d+ pixels"):
        check_frame(data, LIMITS)


@pytest.mark.parametrize("kind", [lossy, lossless, extended])
def test_frame_of_every_webp_kind_is_measured(kind):
    frame = check_frame(kind(321), LIMITS)
    assert (frame.width_px, frame.height_px) == (321, 321)


def test_frame_is_accepted_up_to_the_byte_limit_and_not_beyond():
    data = encoded("PNG")
    assert check_frame(data, FrameLimits(len(data), 10_000)).data == data
    with pytest.raises(ImageTooLarge, match="bytes"):
        check_frame(data, FrameLimits(len(data) - 1, 10_000))


def test_frame_is_accepted_up_to_the_pixel_limit_and_not_beyond():
    data = encoded("PNG", size=(64, 48))
    assert check_frame(data, FrameLimits(100_000, 64 * 48))
    with pytest.raises(ImageTooLarge):
        check_frame(data, FrameLimits(100_000, 64 * 48 - 1))


def test_frame_of_an_open_picture_is_limited_in_pixels_and_not_in_bytes():
    """A photo that passed as a file was refused when it was open: nobody had sent so many bytes."""
    noise = Image.effect_noise((64, 48), 90)
    assert encode_frame(noise, FrameLimits(100, 64 * 48)).open() == noise.convert("RGB")
    with pytest.raises(ImageTooLarge, match="64x48 pixels"):
        encode_frame(noise, FrameLimits(100_000, 64 * 48 - 1))


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (0, 0)])
def test_frame_of_an_open_picture_has_at_least_one_pixel(size: tuple[int, int]):
    with pytest.raises(BadImage, match="pixels"):
        encode_frame(Image.new("RGB", size), LIMITS)


def closed(whole: bytes) -> Image.Image:
    with Image.open(BytesIO(whole)) as picture:
        return picture


NOT_LOADABLE = {
    "cut short": (lambda whole: Image.open(BytesIO(whole[: len(whole) // 2])), "truncated"),
    "closed before it was loaded": (closed, "damaged or closed"),
}


@pytest.mark.parametrize(("picture", "why"), NOT_LOADABLE.values(), ids=NOT_LOADABLE.keys())
def test_frame_of_an_open_picture_that_cannot_be_loaded_is_refused_with_the_reason(picture, why):
    """One whose file was closed was called damaged."""
    whole = saved(Image.effect_noise((64, 48), 90))
    with pytest.raises(BadImage, match=f"cannot be loaded: .*{why}"):
        encode_frame(picture(whole), LIMITS)


def test_frame_inside_a_webp_is_not_larger_than_the_canvas_that_was_checked():
    inner = encoded("WEBP", size=(900, 900))
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\0" * 4 + 2 * (7).to_bytes(3, "little")
    chunks = canvas + inner[12:]
    data = b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks
    with pytest.raises(BadImage):
        check_frame(data, LIMITS).open()


@given(
    source=st.sampled_from(list(READABLE.values())),
    start=st.integers(0, 300),
    patch=st.binary(min_size=1, max_size=12),
    n_cut=st.integers(0, 12),
)
def test_frame_that_is_damaged_raises_nothing_but_request_errors(source, start, patch, n_cut):
    data = source[:start] + patch + source[start + n_cut :]
    with suppress(RequestError):
        check_frame(data, LIMITS).open()


def test_frame_whose_header_lies_is_refused_before_it_is_opened():
    """The first IHDR passed the check as 8x8 and Pillow then decoded the size in the second."""
    second = png(size=(2000, 2000))[8:]
    data = png(size=(8, 8))[: 8 + 25] + second
    with pytest.raises(BadImage):
        check_frame(data, LIMITS).open()


# Each holds the reader for seconds unless something counts before it works.
TIME_BOMBS = {
    "jpeg of millions of empty segments": lambda jpeg: (
        jpeg[:2] + b"\xff\xe5\0\x02" * 2_000_000 + jpeg[2:]
    ),
    "jpeg of millions of fill bytes": lambda jpeg: jpeg[:2] + b"\xff" * 8_000_000 + jpeg[2:],
    "jpeg of millions of escapes": lambda jpeg: jpeg[:2] + b"\xff\0" * 4_000_000 + jpeg[2:],
    "jpeg of millions of starts": lambda jpeg: jpeg[:2] + b"\xff\xd8" * 4_000_000 + jpeg[2:],
    "png of many clear colours": lambda _: png(*[png_chunk(b"tRNS", b"\0\0")] * 500_000),
    "png of many EXIFs": lambda _: png(*[png_chunk(b"eXIf", b"II*\0" * 100)] * 20_000),
    "png of one large EXIF": lambda _: png(
        png_chunk(b"eXIf", b"II*\0\x08\0\0\0" + b"\xff" * 2**23)
    ),
    "png of many texts": lambda _: png(*[png_chunk(b"tEXt", b"a\0")] * 500_000),
    "png of many unknown chunks": lambda _: png(*[png_chunk(b"teXt", b"")] * 600_000),
    "png of many colour profiles": lambda _: png(
        *[png_chunk(b"iCCP", b"a\0\0" + compress(bytes(2**20 - 1)))] * 5000
    ),
}


@pytest.mark.parametrize("build", TIME_BOMBS.values(), ids=TIME_BOMBS.keys())
def test_frame_never_holds_its_reader_for_seconds(build):
    """Pillow walks every segment when it opens a picture: one message held all up for 12 s."""
    data = build(encoded("JPEG"))
    began = process_time()
    with suppress(RequestError):
        check_frame(data, FrameLimits(max_bytes=10**7, max_pixels=10**6)).open()
    assert process_time() - began < 0.5


def test_frame_of_a_thousand_scans_is_refused():
    """Each scan of a few bytes is work for every pixel; 8 MB of them last half an hour."""
    jpeg = encoded("JPEG", size=(900, 900), progressive=True)
    last_scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    with pytest.raises(BadImage):
        check_frame(jpeg[:-2] + last_scan * 1000 + jpeg[-2:], LIMITS).open()
