"""Whatever arrives, the network sees what a person would."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from protocol.errors import BadImage
from protocol.pixels import as_seen, is_turned, read_orientation
from tests.protocol.scenes import OPENED, RGB, STORED, exif, image


@pytest.mark.parametrize(("picture", "seen"), OPENED.values(), ids=OPENED.keys())
def test_picture_of_every_mode_is_seen_as_it_looks(picture: Image.Image, seen: np.ndarray):
    """Transparent pixels kept the colour below them, which nobody sees, and 16 bits turned white.

    Premultiplied grey could not be read at all.
    """
    before = picture.copy()
    assert (np.asarray(as_seen(picture)) == seen).all()
    assert picture == before


@pytest.mark.parametrize("orientation", STORED)
def test_picture_is_turned_upright_by_its_exif(orientation: int):
    picture = image(STORED[orientation](RGB))
    picture.info["exif"] = exif(orientation, prefix=b"Exif\0\0")
    assert (np.asarray(as_seen(picture)) == RGB).all()


@pytest.mark.parametrize("mode", ["LAB", "HSV", "YCbCr"])
def test_picture_of_other_colours_is_seen_nearly_as_it_looks(mode: str):
    seen = np.asarray(as_seen(Image.new("RGB", (8, 8), (200, 60, 40)).convert(mode)))
    assert np.abs(seen.astype(int) - (200, 60, 40)).max() <= 4


@pytest.mark.parametrize("brightest", [2.0**16, float("nan"), float("inf")])
def test_picture_beyond_all_white_is_refused(brightest: float):
    with pytest.raises(BadImage, match="brightest"):
        as_seen(Image.new("F", (2, 2), brightest))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", "HI")
@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_orientation_is_read_as_every_camera_writes_it(orientation, order, kind, prefix):
    assert read_orientation(exif(orientation, order, kind, prefix)) == orientation


@given(st.one_of(st.none(), st.text(), st.binary(), st.integers(0, 99)))
def test_orientation_is_upright_where_it_cannot_be_read(junk: object):
    cut = exif(6)[:junk] if isinstance(junk, int) and junk < 30 else junk
    assert read_orientation(cut) == 1


@given(place=st.integers(0, 37), value=st.integers(0, 255))
def test_orientation_of_damaged_exif_raises_nothing(place: int, value: int):
    whole = bytearray(exif(6))
    whole[place] = value
    assert isinstance(read_orientation(bytes(whole)), int)


def test_orientation_is_not_sought_for_ever():
    """A field takes 12 bytes, and a picture may bring millions of them."""
    many = b"II*\0" + (8).to_bytes(4, "little") + b"\xff\xff" + bytes(12 * 65_535)
    assert read_orientation(many) == 1


@pytest.mark.parametrize("orientation", range(10))
def test_picture_is_turned_only_by_an_orientation_that_means_a_turn(orientation: int):
    assert is_turned(exif(orientation)) is (2 <= orientation <= 8)
    assert not is_turned(b"")
