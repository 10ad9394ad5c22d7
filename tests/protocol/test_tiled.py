"""Several pictures as one: each in its place under its letter, and nothing is held twice."""

import pickle
from dataclasses import replace
from math import ceil

import pytest

from backends.sent_frames import SentFrames
from protocol.errors import BadImage, ImageTooLarge
from protocol.frame import Frame, FrameLimits, check_frame
from protocol.pixels import Picture
from protocol.tiled import LETTERS, MAX_PICTURES, TILE_PX, tile
from tests.fakes import make_request
from tests.protocol.pictures import encoded

LIMITS = FrameLimits(max_bytes=100_000, max_pixels=1_000_000)
COLORS = ("red", "lime", "blue", "yellow", "cyan", "magenta")
RED, LIME, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
WHITE = (255, 255, 255)


def frame(color: str = "red", size: tuple[int, int] = (64, 48)) -> Frame:
    return check_frame(encoded("PNG", size=size, color=color), LIMITS)


def tiled(*colors: str) -> Frame:
    return tile([frame(color) for color in colors], LIMITS)


def middles(frame: Frame, n_cols: int, n_tiles: int) -> list[tuple[int, ...]]:
    """The colour in the middle of each tile."""
    picture = frame.open()
    places = [divmod(index, n_cols) for index in range(n_tiles)]
    return [
        picture.getpixel((col * TILE_PX + TILE_PX // 2, row * TILE_PX + TILE_PX // 2))
        for row, col in places
    ]


def has_red(picture: Picture) -> bool:
    return RED in {color for _, color in picture.getcolors(10_000)}


def test_one_picture_stays_as_it_is():
    only = frame()
    assert tile([only], LIMITS) is only


def test_two_pictures_stand_side_by_side():
    two = tiled("red", "lime")
    assert (two.width_px, two.height_px) == (2 * TILE_PX, TILE_PX)
    assert middles(two, 2, 2) == [RED, LIME]


def test_pictures_stand_in_rows_from_the_top_left():
    assert middles(tiled("red", "lime", "blue"), 2, 4) == [RED, LIME, BLUE, WHITE]


@pytest.mark.parametrize("n", range(2, MAX_PICTURES + 1))
def test_tiled_picture_has_the_size_it_was_said_to_have_and_is_nearly_square(n: int):
    frame = tiled(*(COLORS * 3)[:n])
    assert frame.open().size == (frame.width_px, frame.height_px)
    n_cols = frame.width_px // TILE_PX
    assert frame.height_px // TILE_PX == ceil(n / n_cols) in (n_cols, n_cols - 1)


def test_each_picture_has_a_letter_of_its_own_above_it():
    picture = tiled("white", "white", "white").open()
    tiles = [
        picture.crop((left, top, left + TILE_PX, top + TILE_PX)).tobytes()
        for left, top in [(0, 0), (TILE_PX, 0), (0, TILE_PX), (TILE_PX, TILE_PX)]
    ]
    empty = bytes([255]) * len(tiles[0])
    assert len({*tiles, empty}) == 4
    assert tiles[3] == empty


@pytest.mark.parametrize("size", [(1, 1), (2000, 10), (10, 2000), (1, 3000), (600, 600)])
def test_picture_fits_its_tile_whatever_its_proportions(size: tuple[int, int]):
    others = [frame("white"), frame("white"), frame("white")]
    picture = tile([frame("red", size), *others], LIMITS).open()
    assert has_red(picture.crop((0, 0, TILE_PX, TILE_PX)))
    picture.paste("white", (0, 0, TILE_PX, TILE_PX))
    assert not has_red(picture)


def test_pictures_keep_their_proportions():
    picture = tile([frame("red", (200, 100)), frame("white")], LIMITS).open()
    left, top, right, bottom = picture.convert("HSV").getchannel("S").getbbox()
    assert (right - left) / (bottom - top) == pytest.approx(2, rel=0.01)


def test_tiled_picture_is_named_by_its_pictures_and_their_order():
    names = [tiled("red", "lime"), tiled("lime", "red"), tiled("red", "lime", "lime")]
    assert tiled("red", "lime").digest == names[0].digest
    assert len({each.digest for each in names}) == 3


def test_tiled_picture_has_another_name_than_a_picture_of_the_same_bytes():
    """A decoder reads a picture and leaves what stands behind it, so they look different."""
    two = tiled("red", "lime")
    assert two.digest != check_frame(two.data, LIMITS).digest


def test_pictures_divided_otherwise_have_another_name():
    two = tiled("red", "lime")
    (first, *size), (second, *_) = two.parts
    other = replace(two, parts=((first - 1, *size), (second + 1, *size)))
    assert other.digest != two.digest


def test_tiled_picture_crosses_to_another_process_whole_and_once():
    two = tiled("red", "lime")
    here, there = SentFrames(), SentFrames()
    asked = make_request(frame=two, frame_id="two")
    first, again = (pickle.dumps(here.pack(asked)) for _ in range(2))
    arrived = [there.unpack(pickle.loads(each)).frame for each in (first, again)]
    assert [middles(each, 2, 2) for each in arrived] == [[RED, LIME]] * 2
    assert len(again) < len(first) - len(two.data) / 2


def test_tiled_picture_holds_the_bytes_of_its_pictures_once_and_can_do_without():
    two = tiled("red", "lime")
    assert two.data == frame("red").data + frame("lime").data
    n_bytes = len(pickle.dumps(make_request(frame=two)))
    n_bytes_without = len(pickle.dumps(make_request(frame=two).without_picture()))
    assert n_bytes - n_bytes_without == pytest.approx(len(two.data), abs=10)


def test_damaged_picture_is_named_by_its_letter():
    damaged = encoded("PNG", size=(64, 48))[:60]
    two = tile([frame(), check_frame(damaged, LIMITS)], LIMITS)
    with pytest.raises(BadImage, match=r"Picture B: The picture is damaged or cut short"):
        two.open()


def test_pictures_together_have_at_most_the_bytes_of_one():
    one = frame()
    limits = replace(LIMITS, max_bytes=3 * len(one.data))
    assert len(tile([one] * 3, limits).parts) == 3
    with pytest.raises(ImageTooLarge, match=r"The pictures together have [\d,]+ bytes; at most"):
        tile([one] * 4, limits)


def test_pictures_together_have_at_most_the_pixels_of_one():
    limits = replace(LIMITS, max_pixels=3 * 64 * 48)
    assert len(tile([frame()] * 3, limits).parts) == 3
    with pytest.raises(ImageTooLarge, match=r"The pictures together have 12,288 pixels; at most"):
        tile([frame()] * 4, limits)


def test_there_is_a_letter_for_each_picture():
    assert len(LETTERS) == MAX_PICTURES == 16


def test_pictures_can_be_had_one_by_one_again():
    frames = [frame("red"), frame("lime", (32, 16))]
    assert list(tile(frames, LIMITS).split()) == frames
