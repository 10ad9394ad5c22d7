"""The engine thread answers in order, stops at once, and survives what breaks."""

from collections.abc import Callable, Iterator
from math import inf
from threading import Event

import pytest

from engine.engine import Engine
from protocol.answer import Finished, FinishReason, Started, Waiting
from protocol.errors import BadRequest, Busy, ModelFailed
from protocol.frame import Frame
from protocol.pieces import TextDelta
from protocol.request import Skill
from tests.fakes import WAIT_S, EchoRunner, Inbox, make_request


@pytest.fixture
def runner() -> EchoRunner:
    return EchoRunner()


@pytest.fixture
def start() -> Iterator[Callable[..., Engine]]:
    """Start engines; all of them are closed at the end."""
    engines: list[Engine] = []

    def start_engine(load, *, n_rows: int = 2, max_waiting: int = 3, per_client: int = 2) -> Engine:
        if isinstance(load, EchoRunner):
            load.n_rows = n_rows
        engine = Engine(
            load if callable(load) else lambda _: load,
            max_waiting=max_waiting,
            max_waiting_per_client=per_client,
            on_failed=lambda error: None,
        )
        engines.append(engine)
        return engine

    yield start_engine
    for engine in engines:
        assert engine.close(WAIT_S)


def test_events_of_one_answer_come_in_order(start, runner):
    inbox = Inbox()
    start(runner).submit(make_request(question="a b"), inbox.put)
    events = [each for each in inbox.until_finished() if not isinstance(each, Waiting)]
    assert [type(each) for each in events] == [Started, TextDelta, TextDelta, Finished]
    assert events[-1].result.answer == "a b "
    assert events[-1].reason is FinishReason.STOP


def test_timings_count_from_arrival_and_grow(start, runner):
    inbox = Inbox()
    start(runner).submit(make_request(), inbox.put)
    timings = inbox.until_finished()[-1].timings
    assert 0 <= timings.queue_ms <= timings.first_token_ms <= timings.total_ms


def test_running_answers_take_turns(start, runner):
    runner.gate.clear()
    engine, first, second = start(runner), Inbox(), Inbox()
    engine.submit(make_request("1", "ann"), first.put)
    engine.submit(make_request("2", "bob"), second.put)
    runner.gate.set()
    first.until_finished()
    second.until_finished()
    assert runner.steps.index("2") < len(runner.steps) - 1 - runner.steps[::-1].index("1")


def test_cancel_keeps_the_text_and_stops_within_one_token(start, runner):
    engine, inbox = start(runner), Inbox()
    runner.gate.clear()
    engine.submit(make_request(question="a " * 1000), inbox.put)
    while not isinstance(inbox.next(), Started):
        pass
    engine.cancel("ann", "1")
    runner.gate.set()
    end = inbox.until_finished()[-1]
    assert end.reason is FinishReason.CANCELLED
    assert end.result.answer == "a " * len(runner.steps)
    assert len(runner.steps) <= 2


def test_cancel_by_somebody_else_changes_nothing(start, runner):
    engine, inbox = start(runner), Inbox()
    engine.submit(make_request(), inbox.put)
    engine.cancel("bob", "1")
    engine.cancel("bob")
    assert inbox.until_finished()[-1].reason is FinishReason.STOP


def test_client_that_leaves_frees_its_rows_and_its_place_in_line(start, runner):
    engine = start(runner, n_rows=1)
    runner.gate.clear()
    inboxes = [Inbox() for _ in range(4)]
    for number, inbox in enumerate(inboxes[:3]):
        engine.submit(make_request(str(number), "ann"), inbox.put)
    engine.submit(make_request("b", "bob"), inboxes[3].put)
    engine.cancel("ann")
    runner.gate.set()
    ends = [inbox.until_finished()[-1].reason for inbox in inboxes]
    assert ends == [FinishReason.CANCELLED] * 3 + [FinishReason.STOP]


def test_newest_of_a_live_burst_is_answered_and_those_between_are_replaced(start, runner):
    engine = start(runner, n_rows=2)
    runner.gate.clear()
    inboxes = [Inbox() for _ in range(60)]
    for number, inbox in enumerate(inboxes):
        engine.submit(make_request(f"{number}", is_live=True), inbox.put)
        while number == 0 and not isinstance(inbox.next(), Started):
            pass
    runner.gate.set()
    first, *between, newest = [inbox.until_finished()[-1].reason for inbox in inboxes]
    assert (first, newest) == (FinishReason.STOP, FinishReason.STOP)
    assert set(between) == {FinishReason.REPLACED}


@pytest.mark.parametrize("fields", [{"is_live": True}, {"skill": Skill.LOOK}])
def test_burst_of_a_loop_keeps_one_picture_while_nobody_takes_it(start, fields):
    """Its length is not bounded by the line, so its pictures have to be: each may have 8 MB."""
    is_loaded = Event()

    def load(while_loading) -> EchoRunner:
        assert is_loaded.wait(WAIT_S)
        return EchoRunner()

    engine, inboxes = start(load), [Inbox() for _ in range(60)]
    for number, inbox in enumerate(inboxes):
        picture = Frame(bytes(1000), 9, 9)
        engine.submit(make_request(f"{number}", frame=picture, **fields), inbox.put)
    asked = [message.args[0].request for message in engine._inbox]
    assert [len(each.frame.data) for each in asked] == [0] * 59 + [1000]
    is_loaded.set()
    ends = [inbox.until_finished()[-1].reason for inbox in inboxes[:-1]]
    assert set(ends) == {FinishReason.REPLACED}


def test_exception_in_one_request_is_its_error_and_nothing_else(start, runner):
    engine, broken, whole, unreadable = start(runner), Inbox(), Inbox(), Inbox()
    engine.submit(make_request("1", question="break"), broken.put)
    engine.submit(make_request("2", question="a b c"), whole.put)
    engine.submit(make_request("3", question="unreadable"), unreadable.put)
    for inbox in (broken, unreadable):
        end = inbox.until_finished()[-1]
        assert (end.reason, end.error.code) == (FinishReason.ERROR, "internal")
        assert "broken" not in end.error.message
    assert whole.until_finished()[-1].result.answer == "a b c "


def test_batch_that_breaks_costs_the_others_nothing(start, runner):
    engine, broken, whole = start(runner), Inbox(), Inbox()
    runner.gate.clear()
    engine.submit(make_request("2", question="a b c"), whole.put)
    engine.submit(make_request("1", "bob", question="break"), broken.put)
    runner.gate.set()
    assert broken.until_finished()[-1].reason is FinishReason.ERROR
    assert whole.until_finished()[-1].result.answer == "a b c "
    assert runner.steps == ["2"] * 3


@pytest.mark.parametrize("begin_s", [0.02, inf], ids=["by and by", "between any two pieces"])
def test_answers_flow_while_somebody_begins_and_beginning_can_be_cancelled(
    begin_s: float, start, runner, monkeypatch
):
    monkeypatch.setattr("engine.turns.BEGIN_S", begin_s)
    engine, beginning, answering = start(runner), Inbox(), Inbox()
    engine.submit(make_request("2", "bob", question="a " * 100_000), answering.put)
    # However much of a turn goes into beginnings, none goes into waiting for a picture.
    question = "endless look" if begin_s < inf else "endless picture"
    engine.submit(make_request("1", question=question), beginning.put)
    while not isinstance(beginning.next(), Started):
        pass
    n_before = len(runner.steps)
    while not (isinstance(answering.next(), TextDelta) and len(runner.steps) > n_before + 5):
        pass
    engine.cancel("bob")
    engine.cancel("ann")
    assert beginning.until_finished()[-1].reason is FinishReason.CANCELLED


def test_pictures_of_those_who_wait_are_read_ahead(start, runner):
    engine, inbox = start(runner, n_rows=1), Inbox()
    runner.gate.clear()
    for id in "123":
        engine.submit(make_request(id), inbox.put)
    runner.gate.set()
    for _ in "123":
        inbox.until_finished()
    assert set(runner.prepared) == {"2", "3"}


def test_line_is_bounded_in_all_and_per_client(start, runner):
    engine = start(runner, n_rows=1)
    runner.gate.clear()
    for number in range(3):
        inbox = Inbox()
        engine.submit(make_request(str(number), "ann"), inbox.put)
        # How many may wait is known exactly once the first one runs.
        while number == 0 and not isinstance(inbox.next(), Started):
            pass
    with pytest.raises(Busy, match="faster than answers come"):
        engine.submit(make_request("4", "ann"), Inbox().put)
    engine.submit(make_request("b", "bob"), Inbox().put)
    with pytest.raises(Busy, match="Try again in"):
        engine.submit(make_request("c", "cy"), Inbox().put)
    runner.gate.set()


def test_id_can_be_used_again_only_when_its_request_has_ended(start, runner):
    engine, inbox = start(runner), Inbox()
    runner.gate.clear()
    engine.submit(make_request(), inbox.put)
    with pytest.raises(BadRequest, match="still running"):
        engine.submit(make_request(), Inbox().put)
    engine.submit(make_request(client="bob"), Inbox().put)
    runner.gate.set()
    inbox.until_finished()
    engine.submit(make_request(), inbox.put)
    assert inbox.until_finished()[-1].reason is FinishReason.STOP


def test_those_who_wait_hear_their_place_in_line(start, runner):
    engine = start(runner, n_rows=1)
    runner.gate.clear()
    inboxes = {id: Inbox() for id in "123"}
    for id, inbox in inboxes.items():
        engine.submit(make_request(id), inbox.put)
    runner.gate.set()
    told = [e.position for e in inboxes["3"].until_finished() if isinstance(e, Waiting)]
    assert told == [2, 1]


def test_long_line_hears_of_its_places_now_and_then_and_always_of_the_last(start, runner):
    engine = start(runner, n_rows=1, max_waiting=40, per_client=40)
    runner.gate.clear()
    inboxes = [Inbox() for _ in range(41)]
    for id, inbox in enumerate(inboxes):
        engine.submit(make_request(str(id), question="a"), inbox.put)
    runner.gate.set()
    told = [e.position for e in inboxes[-1].until_finished() if isinstance(e, Waiting)]
    # The first may have ended before the last came in.
    assert told[0] in (39, 40)
    assert told[-4:] == [4, 3, 2, 1]
    assert len(told) < 15


def test_question_asked_while_loading_waits_and_is_answered(start, runner):
    may_load = Event()

    def load(while_loading):
        assert may_load.wait(WAIT_S)
        while_loading()
        return runner

    engine, inbox = start(load), Inbox()
    engine.submit(make_request(), inbox.put)
    may_load.set()
    events = inbox.until_finished()
    assert events[0] == Waiting("1", 1, None)
    assert events[-1].reason is FinishReason.STOP


def test_question_asked_while_loading_can_be_cancelled_at_once(start, runner):
    engine_closes = Event()

    def load(while_loading):
        while not engine_closes.is_set():
            while_loading()
        return runner

    engine, inbox = start(load), Inbox()
    engine.submit(make_request(), inbox.put)
    engine.cancel("ann", "1")
    assert inbox.until_finished()[-1].reason is FinishReason.CANCELLED
    engine_closes.set()


@pytest.mark.parametrize("error", [ModelFailed("No such folder."), RuntimeError("no memory")])
def test_failed_load_answers_everybody_with_model_failed(error, start):
    may_load = Event()

    def load(while_loading):
        assert may_load.wait(WAIT_S)
        raise error

    engine, early = start(load), Inbox()
    engine.submit(make_request(), early.put)
    may_load.set()
    end = early.until_finished()[-1]
    assert (end.reason, end.error.code) == (FinishReason.ERROR, "model_failed")
    with pytest.raises(ModelFailed):
        engine.submit(make_request("2"), Inbox().put)


def test_close_ends_every_answer_and_refuses_new_ones(start, runner):
    engine, running, waiting = start(runner, n_rows=1), Inbox(), Inbox()
    engine.submit(make_request("1", question="a " * 100_000), running.put)
    engine.submit(make_request("2"), waiting.put)
    assert engine.close(WAIT_S)
    assert running.until_finished()[-1].reason is FinishReason.CANCELLED
    assert waiting.until_finished()[-1].reason is FinishReason.CANCELLED
    with pytest.raises(ModelFailed):
        engine.submit(make_request("3"), Inbox().put)


def test_close_gives_up_loading(start):
    def load(while_loading):
        while True:
            while_loading()

    assert start(load).close(WAIT_S)
