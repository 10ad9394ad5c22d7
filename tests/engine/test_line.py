"""What each of a line hears, whoever does the work."""

from engine.line import Line
from engine.sequence import State
from protocol.answer import AnswerEvent, Finished, FinishReason, Started, Waiting
from protocol.errors import Internal
from protocol.request import Request
from tests.fakes import make_request


class Play:
    """A line with one row; `heard` is what each was told, by id."""

    def __init__(self) -> None:
        self.heard: dict[str, list[AnswerEvent]] = {}
        self.ended: list[str] = []
        self.line = Line(self._end, lambda position: 10.0 * position)
        self.line.add_rows(1)

    def enter(self, id: str) -> None:
        self.line.enter(make_request(id, client=id), self.heard.setdefault(id, []).append)

    def _end(self, request: Request, end: Finished) -> None:
        # Whoever counts places hears of it before whoever asked.
        assert end not in self.heard[request.id]
        self.ended.append(request.id)


def test_each_hears_its_place_its_beginning_and_its_end():
    play = Play()
    play.enter("first")
    play.enter("second")
    first = play.line.admit()
    assert play.line.admit() is None, "there is one row"
    play.line.tell_positions()
    play.line.drop(first, FinishReason.STOP)
    assert [type(each) for each in play.heard["first"]] == [Started, Finished]
    assert play.heard["second"] == [Waiting("second", 1, 10.0)]
    assert play.line.admit().request.id == "second"


def test_cancelled_one_ends_and_leaves_its_row():
    play = Play()
    play.enter("first")
    sequence = play.line.admit()
    play.line.cancel("first", None)
    assert sequence.state is State.ENDED
    assert play.heard["first"][-1].reason is FinishReason.CANCELLED
    assert play.line.is_idle


def test_all_that_wait_or_run_end_with_one_error():
    play, error = Play(), Internal()
    play.enter("first")
    play.enter("second")
    play.line.admit()
    play.line.end_all(FinishReason.ERROR, error)
    assert [play.heard[id][-1].error for id in ("first", "second")] == [error, error]
    assert sorted(play.ended) == ["first", "second"]
