"""A text ends before its first stop text, however it comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moondream2.stops import UntilStop


def told(pieces: list[str], stops: list[str]) -> tuple[str, bool]:
    """What is released of a text that comes in these pieces, and whether a stop text ended it."""
    text = UntilStop(stops)
    return "".join([text.push(each) for each in pieces] + [text.finish()]), text.is_over


@pytest.mark.parametrize(
    ("text", "stops", "released"),
    [
        ("a mug. It", ["."], "a mug"),
        ("a mug", ["."], "a mug"),
        (".", ["."], ""),
        ("aab", ["ab"], "a"),
        ("ababc", ["abc"], "ab"),
        # What is complete first ends the text.
        ("abcd", ["abcd", "c"], "ab"),
        ("abc", ["c", "abc"], ""),
        ("one\n\ntwo", ["\n\n", "two"], "one"),
    ],
)
def test_text_ends_before_the_stop_text_that_is_complete_first(text, stops, released):
    assert told([text], stops)[0] == released


def test_what_may_be_a_beginning_is_held_back_until_it_is_none():
    text = UntilStop(["END"])
    assert [text.push(each) for each in ("a E", "N", "C", "E")] == ["a ", "", "ENC", ""]
    assert text.finish() == "E"


def test_text_without_stop_texts_comes_as_it_is():
    text = UntilStop(())
    assert [text.push(each) for each in ("a ", "mug")] == ["a ", "mug"]


letters = st.text("abc", max_size=12)


@given(
    text=letters, stops=st.lists(st.text("abc", min_size=1, max_size=4), max_size=4), data=st.data()
)
def test_any_cut_into_pieces_gives_the_same_text(text: str, stops: list[str], data):
    places = data.draw(st.lists(st.integers(0, len(text)), max_size=6).map(sorted))
    pieces = [
        text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)
    ]
    released, is_over = told(pieces, stops)
    assert (released, is_over) == told([text], stops)
    assert text.startswith(released)
    assert not any(stop in released for stop in stops)
    assert is_over == any(stop in text for stop in stops)
