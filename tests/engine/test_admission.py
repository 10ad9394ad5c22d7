"""Who may come in, and who is told to wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_places_that_others_took_of_the_same_model_count():
    admission = Admission(max_waiting=2, max_waiting_per_client=9)
    admission.n_rows, admission.n_elsewhere = 1, 2
    admission.enter(make_request("1"))
    with pytest.raises(Busy, match="Try again in 1 s"):
        admission.enter(make_request("one too many"))
    admission.n_elsewhere = 0
    admission.enter(make_request("2"))


def test_one_client_cannot_take_the_places_of_the_others():
    admission = Admission(max_waiting=9, max_waiting_per_client=1)
    admission.enter(make_request("1", "ann"))
    admission.enter(make_request("2", "ann"))
    with pytest.raises(Busy, match="faster than answers come"):
        admission.enter(make_request("3", "ann"))
    admission.enter(make_request("1", "bert"))


def test_programs_of_an_address_leave_a_page_all_that_it_may_take():
    admission = Admission(max_waiting=5, max_waiting_per_client=2)
    admission.n_rows = 1
    for number in range(4):
        admission.enter(make_request(f"{number}", "http 127.0.0.1", is_program=True))
    with pytest.raises(Busy, match="faster than answers come") as refused:
        admission.enter(make_request("one too many", "http 127.0.0.1", is_program=True))
    assert refused.value.retry_after_s >= 1
    for number in range(2):
        admission.enter(make_request(f"{number}", "ann"))


def test_programs_may_ask_where_pages_may_take_everything():
    admission = Admission(max_waiting=1, max_waiting_per_client=8)
    admission.enter(make_request("1", "http 127.0.0.1", is_program=True))


def enter_all(admission: Admission, *requests) -> None:
    for request in requests:
        admission.enter(request)


SHARED = {"live": {"is_live": True}, "look": {"skill": Skill.LOOK}}


@pytest.mark.parametrize("fields", SHARED.values(), ids=SHARED.keys())
def test_newest_of_a_loop_is_never_refused_for_its_own_elders(fields: dict):
    """Of 60 live requests in a burst 23 were told to wait, and the newest was among them."""
    admission = Admission(max_waiting=2, max_waiting_per_client=1)
    loop = [make_request(f"{i}", "ann", **fields) for i in range(60)]
    enter_all(admission, *loop)
    # They take one place together, so that the other one is free, and no third.
    admission.enter(make_request("question", "ann"))
    with pytest.raises(Busy, match="faster than answers come"):
        admission.enter(make_request("another", "ann"))
    for request in loop:
        admission.leave(request, end_of(reason="replaced"))
    admission.enter(make_request("another", "ann"))


@pytest.mark.parametrize("fields", SHARED.values(), ids=SHARED.keys())
def test_loop_is_refused_where_others_have_taken_every_place_before_it(fields: dict):
    admission = Admission(max_waiting=2, max_waiting_per_client=1)
    enter_all(admission, make_request("1", "bob"), make_request("1", "cy"))
    with pytest.raises(Busy, match="Too many questions"):
        admission.enter(make_request("1", "ann", **fields))
    admission.leave(make_request("1", "cy"), end_of())
    enter_all(admission, *(make_request(f"{i}", "ann", **fields) for i in range(9)))
    with pytest.raises(Busy, match="Too many questions"):
        admission.enter(make_request("1", "cy"))


def test_loops_and_questions_of_one_client_are_told_apart():
    admission = Admission(max_waiting=9, max_waiting_per_client=2)
    for i in range(9):
        enter_all(
            admission,
            make_request(f"live {i}", is_live=True),
            make_request(f"look {i}", skill=Skill.LOOK),
        )
    admission.enter(make_request("question"))
    with pytest.raises(Busy):
        admission.enter(make_request("another"))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "live", "look"]))))
def test_nothing_is_left_when_everybody_has_left(moves: list):
    admission, within = Admission(max_waiting=4, max_waiting_per_client=2), []
    for number, (client, kind) in enumerate(moves):
        request = make_request(f"{number}", client, **SHARED.get(kind, {}))
        try:
            admission.enter(request)
        except Busy:
            # Whoever refuses counts nothing.
            if within:
                admission.leave(within.pop(0), end_of())
        else:
            within.append(request)
    for request in within:
        admission.leave(request, end_of())
    assert not admission._open
    assert not admission._open_per_place
    assert not admission._places_per_client


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
    admission = Admission(max_waiting=1, max_waiting_per_client=9)

    def answer(*args, **fields) -> None:
        admission.enter(make_request())
        admission.leave(make_request(), end_of(*args, **fields))

    for skill, reason in (
        (Skill.QUERY, "cancelled"),
        (Skill.QUERY, "error"),
        (Skill.QUERY, "replaced"),
        (Skill.LOOK, "stop"),
    ):
        answer(skill, reason)
    assert admission.mean_answer_ms is None
    answer(ms=4000.0)
    admission.enter(make_request("running"))
    with pytest.raises(Busy, match="Try again in 4 s"):
        admission.enter(make_request())
    admission.leave(make_request("running"), end_of(reason="length", ms=3000.0))
    assert 3000 < admission.mean_answer_ms < 4000
