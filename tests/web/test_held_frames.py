"""Frames that can be asked about again: each for its sender only, all within one bound."""

import pytest

from protocol.frame import Frame
from web.held_frames import HeldFrames


def frame(n_bytes: int = 10) -> Frame:
    return Frame(bytes(n_bytes), width_px=4, height_px=3)


@pytest.fixture
def held() -> HeldFrames:
    """Room for three frames of ten bytes."""
    return HeldFrames(max_bytes=30)


def test_held_frame_is_found_by_its_sender(held):
    picture = frame()
    held.hold("ann", "f1", picture)
    assert held.find("ann", "f1") is picture


def test_held_frame_is_not_found_by_anybody_else(held):
    held.hold("ann", "f1", frame())
    assert held.find("bob", "f1") is None


def test_held_frames_of_the_same_name_do_not_mix(held):
    hers, his = frame(), frame()
    held.hold("ann", "f1", hers)
    held.hold("bob", "f1", his)
    assert (held.find("ann", "f1"), held.find("bob", "f1")) == (hers, his)


def test_held_frames_drop_the_longest_unused_when_room_is_needed(held):
    for name in ("f1", "f2", "f3"):
        held.hold("ann", name, frame())
    held.find("ann", "f1")
    held.hold("ann", "f4", frame())
    left = [name for name in ("f1", "f2", "f3", "f4") if held.find("ann", name)]
    assert left == ["f1", "f3", "f4"]


def test_held_frames_drop_as_many_as_a_large_one_needs(held):
    for name in ("f1", "f2", "f3"):
        held.hold("ann", name, frame())
    held.hold("bob", "large", frame(25))
    assert [held.find("ann", name) for name in ("f1", "f2", "f3")] == [None] * 3


def test_held_frame_that_is_held_again_counts_once(held):
    for _ in range(10):
        held.hold("ann", "f1", frame())
    held.hold("ann", "f2", frame(20))
    assert held.find("ann", "f1")


def test_held_frame_larger_than_all_room_is_not_kept(held):
    held.hold("ann", "huge", frame(31))
    held.hold("ann", "f1", frame(30))
    assert held.find("ann", "huge") is None
    assert held.find("ann", "f1")


def test_held_frames_forget_a_client_that_left_and_nobody_else(held):
    held.hold("ann", "f1", frame())
    held.hold("bob", "f1", frame())
    held.forget("ann")
    assert held.find("ann", "f1") is None
    assert held.find("bob", "f1")
