"""Turns without a thread: a test says when each is taken and what the clock shows."""

from concurrent.futures import Future

import pytest

from engine.turns import BEGIN_S, Turns
from protocol.answer import Finished, FinishReason, Started, Waiting
from protocol.errors import ModelFailed
from protocol.pieces import TextDelta
from protocol.request import Skill
from tests.fakes import EchoRunner, make_request


class Play:
    """Turns over an echoing runner; `heard` is what each request was told, in order."""

    def __init__(self, n_rows: int = 2) -> None:
        self.now_s = 0.0
        self.heard: dict[str, list] = {}
        self.ended: list[str] = []
        self.runner = EchoRunner(n_rows)
        self.turns = Turns(self._end, lambda position: 10.0 * position, lambda: self.now_s)

    def _end(self, request, end: Finished) -> None:
        assert not any(isinstance(each, Finished) for each in self.heard[request.id])
        self.ended.append(request.id)

    def enter(self, id: str, question: str = "a b", client: str = "ann", **fields) -> None:
        heard = self.heard.setdefault(id, [])
        asked = {"question": question} if fields.get("skill", Skill.QUERY) is Skill.QUERY else {}
        self.turns.enter(make_request(id, client, **asked, **fields), heard.append)

    def open(self) -> None:
        self.turns.add_rows(self.runner.n_rows)

    def take(self, n_turns: int = 1) -> None:
        for _ in range(n_turns):
            self.now_s += 1
            self.turns.take(self.runner)

    def kinds(self, id: str) -> list[type]:
        return [type(each) for each in self.heard[id]]

    def words(self, id: str) -> str:
        return "".join(each.text for each in self.heard[id] if isinstance(each, TextDelta))


def test_nobody_runs_until_there_are_rows():
    play = Play()
    play.enter("1")
    play.take(3)
    assert play.kinds("1") == [Waiting]
    play.open()
    play.take(3)
    assert play.kinds("1") == [Waiting, Started, TextDelta, TextDelta, Finished]
    assert play.turns.is_idle


def test_each_in_line_is_told_its_place_and_how_long_it_will_wait():
    play = Play()
    for id in "12":
        play.enter(id)
    play.turns.tell_positions()
    assert play.heard == {"1": [Waiting("1", 1, 10.0)], "2": [Waiting("2", 2, 20.0)]}


def test_live_request_is_told_that_a_question_goes_before_it():
    play = Play()
    play.enter("live", is_live=True)
    play.turns.tell_positions()
    play.enter("question", client="bob")
    play.turns.tell_positions()
    assert [each.position for each in play.heard["live"]] == [1, 2]
    assert [each.position for each in play.heard["question"]] == [1]


def test_question_is_answered_before_a_live_request_that_was_still_looking():
    play = Play()
    play.open()
    play.enter("live", "endless look", is_live=True)
    play.take()
    play.enter("question", "a b", client="bob")
    play.take(2)
    assert play.ended == ["question"]


def test_the_engine_hears_of_an_end_before_whoever_asked():
    play = Play()
    play.open()
    play.enter("1")
    play.take(3)
    assert play.ended == ["1"]
    assert play.kinds("1")[-1] is Finished


@pytest.mark.parametrize(("passed_s", "words"), [(BEGIN_S / 10, "a "), (BEGIN_S, "a b ")])
def test_running_answers_wait_for_those_who_begin_but_not_for_long(passed_s: float, words: str):
    play = Play()
    play.open()
    play.enter("1", "a b c")
    play.take()
    play.enter("2", "endless look", "bob")
    play.now_s += passed_s
    play.turns.take(play.runner)
    assert play.words("1") == words


def test_newer_look_ends_the_older_as_replaced():
    play = Play()
    for id in "12":
        play.enter(id, skill=Skill.LOOK)
    assert play.heard["1"][-1].reason is FinishReason.REPLACED


def test_everything_ends_at_the_end_once_and_with_its_reason():
    play = Play(n_rows=1)
    play.open()
    play.enter("running")
    play.take()
    play.enter("waiting")
    play.enter("look", skill=Skill.LOOK)
    error = ModelFailed("It broke.")
    play.turns.end_all(FinishReason.ERROR, error)
    assert {each[-1].error for each in play.heard.values()} == {error}
    assert sorted(play.ended) == ["look", "running", "waiting"]
    assert play.turns.is_idle


def test_step_that_fails_for_several_is_taken_by_each_alone(caplog):
    play = Play()
    play.open()
    play.enter("whole", "a b c")
    play.enter("broken", "break", "bob")
    play.take(6)
    assert play.words("whole") == "a b c "
    assert play.heard["broken"][-1].error.code == "internal"
    assert [record.message for record in caplog.records] == ["A request failed"]


def test_picture_of_a_request_that_was_replaced_is_not_read_any_more():
    """One thread reads the pictures: those of a fast loop would pile up before the newest."""
    play = Play(n_rows=1)
    reading: dict[str, Future] = {}

    def prepare(sequence) -> None:
        sequence.crops = reading.setdefault(sequence.request.id, Future())

    play.runner.prepare = prepare
    play.open()
    play.enter("running", "a b c d e")
    play.take()
    for id in ("old", "new"):
        play.enter(id, is_live=True)
        play.take()
    assert reading["old"].cancelled()
    assert not reading["new"].cancelled()
