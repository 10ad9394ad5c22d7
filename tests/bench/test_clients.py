"""What the load asks: always about a frame that no server has seen."""

from base64 import b64decode
from itertools import islice

import pytest

from bench.clients import View, commented, draw_views, fresh_frames
from protocol.frame import FrameLimits, check_frame

LIMITS = FrameLimits(max_bytes=2**20, max_pixels=2**20)


@pytest.fixture(scope="module")
def views() -> list[View]:
    return draw_views(3)


def test_frame_comes_back_in_other_bytes(views: list[View]):
    images = [next(asks).payload["image"] for asks in islice(fresh_frames(views), 12)]
    assert len(set(images)) == 12


def test_frames_are_as_large_as_asked(views: list[View]):
    asks = next(fresh_frames(views, 200_000))
    jpeg = b64decode(next(asks).payload["image"].partition(",")[2])
    assert 200_000 <= len(jpeg) < 300_000
    check_frame(jpeg, LIMITS).open()


def test_comment_makes_another_frame_that_shows_the_same(views: list[View]):
    frame, again = (check_frame(commented(views[0].jpeg, text), LIMITS) for text in (b"1", b"10"))
    assert frame.digest != again.digest
    assert frame.open().tobytes() == again.open().tobytes()


def test_load_asks_and_describes_in_turns(views: list[View]):
    events = [next(asks).event for asks in islice(fresh_frames(views), 4)]
    assert events == ["query", "caption", "query", "caption"]


def test_follow_ups_are_other_questions_about_the_same_bytes(views: list[View]):
    for asks in islice(fresh_frames(views), 2):
        first, *rest = islice(asks, 4)
        assert {each.payload["image"] for each in rest} == {first.payload["image"]}
        told = [each.payload.get("question", each.payload.get("length")) for each in (first, *rest)]
        assert len(set(told)) >= 3
        assert sorted(each.event for each in (first, *rest)) == ["caption"] * 2 + ["query"] * 2
