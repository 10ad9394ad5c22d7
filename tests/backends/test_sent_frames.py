"""Both ends know what the other holds without asking."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from backends.sent_frames import SentFrames
from protocol.frame import Frame
from tests.fakes import make_request

FRAMES = {f"f{size}": Frame(bytes([size]) * size, 10, 10) for size in range(1, 12)}


def ask(name: str):
    return make_request(frame=FRAMES[name], frame_id=name)


def test_follow_up_crosses_without_the_picture_and_arrives_with_it():
    here, there = SentFrames(), SentFrames()
    first = here.pack(ask("f9"))
    assert first.frame.data == FRAMES["f9"].data
    there.unpack(first)
    again = here.pack(ask("f9"))
    assert again.frame.data == b""
    # The very frame: what was computed from its bytes is not computed again.
    assert there.unpack(again).frame is first.frame


def test_frame_without_a_name_crosses_each_time():
    here = SentFrames()
    unnamed = replace(ask("f9"), frame_id=None)
    assert [here.pack(unnamed) for _ in range(2)] == [unnamed, unnamed]
    assert here.pack(make_request()).frame is None


@given(names=st.lists(st.sampled_from(sorted(FRAMES)), max_size=60))
def test_whatever_is_asked_about_arrives_as_it_was_sent_within_bounded_memory(names: list[str]):
    here, there = SentFrames(max_bytes=10), SentFrames(max_bytes=10)
    for name in names:
        asked = ask(name)
        assert there.unpack(here.pack(asked)) == asked
        held = [sum(len(each.data) for each in end._frames.values()) for end in (here, there)]
        assert held[0] == held[1] <= 10
