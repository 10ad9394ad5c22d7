"""Frames that can be asked about again: each for its sender only, all within one bound."""

import pytest

from protocol.frame import Frame
from web.held_frames import MAX_LIVE, HeldFrames


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


@pytest.fixture
def wide() -> HeldFrames:
    """Room for more frames than one loop may have."""
    return HeldFrames(max_bytes=10 * 10 * MAX_LIVE)


def hold_live(held: HeldFrames, client: str, n: int) -> None:
    for number in range(n):
        held.hold(client, f"live {number}", frame(), is_live=True)


def test_frames_of_a_loop_push_out_its_own_eldest_and_nobody_elses(wide):
    """A loop of 5 frames a second had pushed out every other frame within a minute."""
    wide.hold("ann", "asked", frame())
    wide.hold("bob", "asked", frame())
    hold_live(wide, "bob", 3)
    hold_live(wide, "ann", 100 * MAX_LIVE)
    left = [number for number in range(100 * MAX_LIVE) if wide.find("ann", f"live {number}")]
    assert left == list(range(99 * MAX_LIVE, 100 * MAX_LIVE))[-MAX_LIVE:]
    assert wide.find("ann", "asked")
    assert wide.find("bob", "asked")
    assert all(wide.find("bob", f"live {number}") for number in range(3))


def test_frame_of_a_loop_that_a_person_asks_about_stays(wide):
    hold_live(wide, "ann", 1)
    wide.hold("ann", "live 0", frame())
    # The loop asks about the same frame again.
    hold_live(wide, "ann", MAX_LIVE + 1)
    assert wide.find("ann", "live 0")


def test_frame_of_a_loop_that_is_asked_about_again_counts_once(wide):
    for _ in range(3):
        hold_live(wide, "ann", MAX_LIVE)
    assert wide.find("ann", "live 0")


def test_nothing_is_left_of_a_loop_whose_client_left(wide):
    hold_live(wide, "ann", 3)
    wide.forget("ann")
    assert not wide._live
    assert wide._n_bytes == 0
