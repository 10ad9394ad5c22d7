"""What the load asks: always about a frame that no server has seen."""

from base64 import b64decode
from itertools import islice

import pytest

from bench.clients import View, commented, draw_views, fresh_asks
from protocol.frame import FrameLimits, check_frame

LIMITS = FrameLimits(max_bytes=2**20, max_pixels=2**20)


@pytest.fixture(scope="module")
def views() -> list[View]:
    return draw_views(3)


def test_frame_comes_back_in_other_bytes(views: list[View]):
    images = [asked.payload["image"] for asked in islice(fresh_asks(views), 12)]
    assert len(set(images)) == 12


def test_frames_are_as_large_as_asked(views: list[View]):
    (asked,) = islice(fresh_asks(views, 200_000), 1)
    jpeg = b64decode(asked.payload["image"].partition(",")[2])
    assert 200_000 <= len(jpeg) < 300_000
    check_frame(jpeg, LIMITS).decode()


def test_comment_makes_another_frame_that_shows_the_same(views: list[View]):
    frame, again = (check_frame(commented(views[0].jpeg, text), LIMITS) for text in (b"1", b"10"))
    assert frame.digest != again.digest
    assert frame.decode().tobytes() == again.decode().tobytes()


def test_load_asks_and_describes_in_turns(views: list[View]):
    events = [asked.event for asked in islice(fresh_asks(views), 4)]
    assert events == ["query", "caption", "query", "caption"]
