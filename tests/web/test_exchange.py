"""JSON from outside is read strictly, and an answer ends with whoever wanted it."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.answer import Finished, FinishReason, Started, Timings, Usage, Waiting, refusal
from protocol.errors import BadImage, BadRequest, Closing
from protocol.pieces import TextDelta
from protocol.request import QueryResult, Skill
from web.exchange import MAX_UNREAD, Answering, parse_json

pytestmark = pytest.mark.apart

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def finished(reason: FinishReason = FinishReason.STOP) -> Finished:
    return Finished("1", reason, QueryResult("a b "), Timings(), Usage())


class Stopped:
    """Notes how often a model was stopped."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def answering_of(*events, environ=None) -> tuple[Answering, Stopped]:
    stopped = Stopped()
    answering = Answering(stopped, environ or {})
    for event in events:
        answering.hear(event)
    return answering, stopped


@given(st.dictionaries(st.text(), VALUES))
def test_every_json_object_is_read_as_it_is(value):
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary() | VALUES.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_an_object_or_refused_in_words(body):
    with suppress(BadRequest):
        assert isinstance(parse_json(body), dict)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe\xfd", "no JSON"),
        (b"[]", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": Infinity}', "Infinity is no number"),
        (b'{"a": 1, "a": 2}', "the field a stands twice"),
        (b'{"a": {"b": 1, "b": 1}}', "the field b stands twice"),
        (b'{"a": ' + b"[" * 40_000 + b"]" * 40_000 + b"}", "nested too deep"),
        (b'{"a":' * 40_000 + b"1" + b"}" * 40_000, "nested too deep"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "more than 50,000 values"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "no JSON"),
    ],
)
def test_json_that_cannot_be_meant_is_refused_with_its_reason(body, words):
    with pytest.raises(BadRequest, match=words):
        parse_json(body)


def test_pieces_come_in_order_and_places_in_line_are_left_out():
    events = [TextDelta("1", "a "), TextDelta("1", "b "), finished()]
    answering, _ = answering_of(Waiting("1", 1, None), Started("1", None, 0), *events)
    answering.begin()
    assert list(answering) == events


def test_failure_before_the_first_piece_is_raised():
    answering, _ = answering_of(refusal("1", Skill.QUERY, BadImage("damaged")))
    with pytest.raises(BadImage, match="damaged"):
        answering.begin()


def test_failure_after_the_first_piece_is_its_last_event():
    end = refusal("1", Skill.QUERY, BadImage("damaged"))
    answering, _ = answering_of(TextDelta("1", "a "), end)
    answering.begin()
    assert list(answering)[-1] == end


def test_end_is_waited_for():
    answering, _ = answering_of(TextDelta("1", "a "), finished())
    assert answering.finished() == finished()


def test_answer_that_moonsight_itself_ends_is_an_error():
    answering, _ = answering_of(finished(FinishReason.CANCELLED))
    with pytest.raises(Closing):
        answering.finished()


def test_answer_is_stopped_once_however_often_it_is_closed():
    answering, stopped = answering_of()
    answering.close()
    answering.close()
    assert stopped.count == 1


def test_answer_that_has_ended_stops_nothing():
    answering, stopped = answering_of(finished())
    answering.finished()
    answering.close()
    assert stopped.count == 0


def test_answer_that_nobody_reads_is_stopped():
    _, stopped = answering_of(*[TextDelta("1", "a ")] * MAX_UNREAD)
    assert stopped.count == 1
