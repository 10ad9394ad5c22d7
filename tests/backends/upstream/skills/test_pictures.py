"""Pictures leave small, in a form that all read, and with nothing that a camera added."""

import asyncio
from io import BytesIO

import pytest
from PIL import Image

from backends.upstream.skills.pictures import send_form
from protocol.encoded import media_type
from protocol.errors import BadImage
from protocol.frame import Frame, FrameLimits, check_frame
from protocol.tiled import tile
from protocol.upstream import UpstreamParams
from tests.backends.upstream.chat_server import as_sent
from tests.protocol.pictures import encoded

pytestmark = pytest.mark.apart

LIMITS = FrameLimits(10**7, 10**7)
PARAMS = UpstreamParams(longer_side_px=320, quality=50)
# Where it was taken, the maker's name, a turn to the right.
EXIF = Image.Exif()
EXIF[0x010F] = "Secret maker"
TURNED = Image.Exif()
TURNED[0x010F], TURNED[0x0112] = "Secret maker", 6


def frame(*args: object, **options: object) -> Frame:
    return check_frame(encoded(*args, **options), LIMITS)


def size(sent: Frame) -> tuple[int, int]:
    """Of a picture that was sent, as its bytes have it."""
    with Image.open(BytesIO(sent.data)) as picture:
        assert picture.size == (sent.width_px, sent.height_px)
        return picture.size


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_small_picture_stays_as_it_is(format: str):
    small = frame(format)
    assert as_sent(small, PARAMS) == small


def test_larger_picture_is_sent_as_a_smaller_jpeg():
    sent = as_sent(frame("PNG", (1280, 720)), PARAMS)
    assert (size(sent), media_type(sent.data)) == ((320, 180), "image/jpeg")


def test_narrow_picture_keeps_a_pixel():
    assert size(as_sent(frame("PNG", (1280, 1)), PARAMS)) == (320, 1)


def test_quality_decides_how_many_bytes_are_sent():
    noise = BytesIO()
    Image.effect_noise((640, 480), 90).save(noise, "PNG")
    noisy = check_frame(noise.getvalue(), LIMITS)
    n_bytes = [len(as_sent(noisy, UpstreamParams("", quality=each)).data) for each in (90, 10)]
    # It fits as it is: what is not sent anew keeps its quality.
    assert n_bytes[0] == n_bytes[1]
    small, large = (
        len(as_sent(noisy, UpstreamParams(longer_side_px=320, quality=each)).data)
        for each in (10, 90)
    )
    assert small < large / 2


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_what_a_camera_added_never_leaves(format: str):
    picture = frame(format, exif=EXIF)
    assert b"Secret maker" in picture.data
    assert b"Secret maker" not in as_sent(picture, PARAMS).data


def test_turned_picture_is_sent_upright():
    sent = as_sent(frame("JPEG", (64, 48), exif=TURNED), PARAMS)
    assert size(sent) == (48, 64)
    assert b"Secret maker" not in sent.data


@pytest.mark.parametrize(
    ("format", "mode", "color"),
    [
        ("WEBP", "RGB", "red"),
        ("PNG", "RGBA", (0, 0, 0, 0)),
        ("PNG", "I;16", 9),
        ("JPEG", "CMYK", "red"),
    ],
)
def test_what_not_all_servers_read_is_sent_as_a_jpeg(format: str, mode: str, color: object):
    sent = as_sent(frame(format, mode=mode, color=color), PARAMS)
    with Image.open(BytesIO(sent.data)) as picture:
        assert (picture.format, picture.mode) == ("JPEG", "RGB")


def test_transparency_is_white():
    sent = as_sent(frame("PNG", mode="RGBA", color=(0, 0, 0, 0)), PARAMS)
    with Image.open(BytesIO(sent.data)) as picture:
        assert min(picture.getpixel((9, 9))) > 250


def test_damaged_picture_that_must_be_opened_is_refused():
    whole = frame("PNG", (1280, 720))
    with pytest.raises(BadImage):
        as_sent(Frame(whole.data[:200], 1280, 720), PARAMS)


@pytest.mark.parametrize(("is_several", "n_sent"), [(True, 2), (False, 1)])
def test_several_pictures_are_sent_one_by_one_or_side_by_side(is_several: bool, n_sent: int):
    two = tile([frame("PNG"), frame("JPEG", (1280, 720))], LIMITS)
    sent = asyncio.run(send_form(two, PARAMS, is_several=is_several))
    assert len(sent) == n_sent
    assert max(size(each)[0] for each in sent) == 320


def test_question_without_a_picture_sends_none():
    assert asyncio.run(send_form(None, PARAMS)) == ()
