"""One request in progress keeps what it told, and its end tells all of it."""

from engine.sequence import Sequence, State
from protocol.answer import FinishReason
from protocol.errors import Busy
from protocol.pieces import Found, Reasoned, TextDelta
from protocol.places import Box
from protocol.request import DetectResult, QueryResult, Skill
from tests.fakes import Inbox, make_request


def sequence(**fields) -> tuple[Sequence, Inbox]:
    inbox = Inbox()
    return Sequence(make_request(**fields), inbox.put), inbox


def test_what_is_told_is_sent_and_kept_in_order():
    asked, inbox = sequence()
    thought = Reasoned("1", "hm", ())
    for piece in (thought, TextDelta("1", "a "), TextDelta("1", "mug")):
        asked.tell(piece)
        assert inbox.next() is piece
    assert asked.finished(FinishReason.STOP).result == QueryResult("a mug", thought)


def test_end_keeps_what_was_found_until_it_was_stopped():
    asked, _ = sequence(skill=Skill.DETECT, object="mug", frame_id="f1")
    asked.tell(Found("1", Box(0, 0, 1, 1)))
    end = asked.finished(FinishReason.CANCELLED)
    assert end.result == DetectResult((Box(0, 0, 1, 1),))
    assert (end.reason, end.skill, end.frame_id) == (FinishReason.CANCELLED, Skill.DETECT, "f1")


def test_sequence_that_never_ran_has_waited_all_its_life():
    asked, _ = sequence()
    end = asked.finished(FinishReason.ERROR, Busy("Later."))
    assert end.timings.queue_ms == end.timings.total_ms
    assert (end.timings.first_token_ms, end.error.code) == (None, "busy")


def test_first_token_counts_from_arrival_and_only_once():
    asked, _ = sequence()
    asked.tell(TextDelta("1", "a"))
    first = asked.first_token_ms
    asked.tell(TextDelta("1", "b"))
    assert asked.first_token_ms == first


def test_only_a_look_is_a_look_and_only_decoding_decodes():
    assert sequence(skill=Skill.LOOK)[0].is_look
    asked, _ = sequence()
    assert not asked.is_look
    assert [state for state in State if replace_state(asked, state).is_decoding] == [State.DECODING]


def replace_state(asked: Sequence, state: State) -> Sequence:
    asked.state = state
    return asked
