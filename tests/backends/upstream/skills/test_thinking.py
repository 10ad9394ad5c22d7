"""What is thought before an answer is told apart from it, however it comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.upstream.skills.thinking import MAX_THOUGHT_CHARS, Thoughts, without_thoughts


def split(*pieces: str) -> tuple[str, str]:
    """The thought and the answer of a text that comes in pieces."""
    thoughts = Thoughts()
    answer = "".join(map(thoughts.push, pieces)) + thoughts.finish()
    return thoughts.thought, answer


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("A mug.", "", "A mug."),
        ("<think>Hm. A mug?</think>A mug.", "Hm. A mug?", "A mug."),
        ("\n<think>\nHm.\n</think>\n\nA mug.", "Hm.", "A mug."),
        ("<think></think>A mug.", "", "A mug."),
        ("<think>Hm, and so on", "Hm, and so on", ""),
        ("<think>One.</think><think>Two.</think>A mug.", "One.Two.", "A mug."),
        ("A <b>mug</b> < 3", "", "A <b>mug</b> < 3"),
        ("A mug.</think>", "", "A mug."),
        ("A <think>big</think> mug.", "", "A big mug."),
        ("Five <", "", "Five <"),
    ],
)
def test_thought_stands_between_tags_in_front_of_the_answer(text: str, thought: str, answer: str):
    assert split(text) == (thought, answer)
    assert split(*text) == (thought, answer)


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "</th", "ink>", " a", "b\n"])))
def test_it_makes_no_difference_how_a_text_is_cut(pieces: list[str]):
    assert split(*pieces) == split("".join(pieces)) == split(*"".join(pieces))


def test_words_leave_as_soon_as_they_cannot_belong_to_a_tag():
    thoughts = Thoughts()
    assert [thoughts.push(each) for each in ("A ", "mug <", "3")] == ["A ", "mug ", "<3"]


def test_what_the_server_tells_apart_is_thought_too():
    thoughts = Thoughts()
    thoughts.think("Hm.")
    assert (thoughts.push("A mug."), thoughts.thought) == ("A mug.", "Hm.")


def test_endless_thought_is_not_kept():
    thoughts = Thoughts()
    for _ in range(4):
        thoughts.think("a" * MAX_THOUGHT_CHARS)
    assert len(thoughts.thought) <= 2 * MAX_THOUGHT_CHARS


def test_whole_answer_is_what_follows_the_last_thought():
    assert without_thoughts("Hm.</think>\n{}") == "{}"
    assert without_thoughts("{}") == "{}"
