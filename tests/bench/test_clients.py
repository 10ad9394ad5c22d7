"""What the load asks: always about a frame that no server has seen."""

from itertools import islice

import pytest

from bench.clients import View, draw_views, fresh_asks, numbered
from protocol.frame import FrameLimits, check_frame

LIMITS = FrameLimits(max_bytes=2**20, max_pixels=2**20)


@pytest.fixture(scope="module")
def views() -> list[View]:
    return draw_views(3)


def test_frame_comes_back_in_other_bytes(views: list[View]):
    images = [asked.payload["image"] for asked in islice(fresh_asks(views), 12)]
    assert len(set(images)) == 12


def test_numbered_frame_shows_the_same_and_counts_as_another(views: list[View]):
    frame, again = (check_frame(numbered(views[0].jpeg, number), LIMITS) for number in (1, 10))
    assert frame.digest != again.digest
    assert frame.decode().tobytes() == again.decode().tobytes()


def test_load_asks_and_describes_in_turns(views: list[View]):
    events = [asked.event for asked in islice(fresh_asks(views), 4)]
    assert events == ["query", "caption", "query", "caption"]
