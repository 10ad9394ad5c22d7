"""Who may come in, and who is told to wait."""

import pytest

from engine.admission import Admission
from protocol.answer import Finished, FinishReason, Timings, Usage
from protocol.errors import BadRequest, Busy
from protocol.request import NOTHING_YET, Skill
from tests.fakes import make_request


def end_of(skill: Skill = Skill.QUERY, reason: str = "stop", ms: float = 100.0) -> Finished:
    timings = Timings(queue_ms=50.0, total_ms=50.0 + ms)
    return Finished("1", FinishReason(reason), NOTHING_YET[skill], timings, Usage())


def test_as_many_may_be_open_as_wait_and_run_together():
    admission = Admission(max_waiting=2, max_waiting_per_client=9)
    admission.n_rows = 1
    for number in range(3):
        admission.enter(make_request(str(number)))
    with pytest.raises(Busy, match="Try again in 1 s"):
        admission.enter(make_request("one too many"))
    admission.leave(make_request("0"), end_of())
    admission.enter(make_request("one more"))


def test_one_client_cannot_take_the_places_of_the_others():
    admission = Admission(max_waiting=9, max_waiting_per_client=1)
    admission.enter(make_request("1", "ann"))
    admission.enter(make_request("2", "ann"))
    with pytest.raises(Busy, match="faster than answers come"):
        admission.enter(make_request("3", "ann"))
    admission.enter(make_request("1", "bert"))


def test_open_id_cannot_be_used_twice_by_its_client():
    admission = Admission(max_waiting=9, max_waiting_per_client=9)
    admission.enter(make_request("1", "ann"))
    with pytest.raises(BadRequest, match="still running"):
        admission.enter(make_request("1", "ann"))
    assert admission.has("ann", "1")
    assert admission.has("ann", None)
    admission.leave(make_request("1", "ann"), end_of())
    assert not admission.has("ann", "1")
    assert not admission.has("ann", None)


def test_waiting_time_is_learnt_from_answers_that_came_to_their_end():
    admission = Admission(max_waiting=0, max_waiting_per_client=9)
    for skill, reason in (
        (Skill.QUERY, "cancelled"),
        (Skill.QUERY, "error"),
        (Skill.QUERY, "replaced"),
        (Skill.LOOK, "stop"),
    ):
        admission.leave(make_request(), end_of(skill, reason))
    assert admission.mean_answer_ms is None
    admission.leave(make_request(), end_of(ms=4000.0))
    with pytest.raises(Busy, match="Try again in 4 s"):
        admission.enter(make_request())
    admission.leave(make_request(), end_of(reason="length", ms=3000.0))
    assert 3000 < admission.mean_answer_ms < 4000
