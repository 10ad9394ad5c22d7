"""One client's requests at the door: its allowance, and of each loop the newest."""

from collections.abc import Callable

import pytest

from protocol.errors import BadRequest, RequestError
from protocol.request import Skill
from web.allowance import BURST, BYTES_PER_EVENT
from web.doorstep import MAX_INSIDE, Asking, Doorstep


def question(id: str) -> Asking:
    return Asking(Skill.QUERY, id, {"question": "?"})


def live(id: str) -> Asking:
    return Asking(Skill.QUERY, id, {"question": "?", "live": True})


def look(id: str) -> Asking:
    return Asking(Skill.LOOK, id, None)


def with_picture(id: str) -> Asking:
    return Asking(Skill.QUERY, id, {"question": "?", "image": bytes(7 * BYTES_PER_EVENT)})


class Door:
    """A doorstep, what became of each request, and a clock that a test turns.

    `wrong`: ids of those that are refused inside.
    """

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.ends: dict[str, str] = {}
        self.wrong: set[str] = set()
        self.to_do: list[tuple[Callable, tuple]] = []
        self.step = Doorstep(self._submit, self._refuse, self._replace, self._later)
        self.now_s = 0.0
        self.step.allowance._clock = lambda: self.now_s
        self.step.allowance._counted_at = 0.0

    def _submit(self, asking: Asking) -> None:
        if asking.id in self.wrong:
            raise BadRequest("It is wrong.")
        self.inside.append(asking.id)

    def _refuse(self, asking: Asking, error: RequestError) -> None:
        self.ends[asking.id] = error.code

    def _replace(self, asking: Asking) -> None:
        self.ends[asking.id] = "replaced"

    def _later(self, delay_s: float, function: Callable, *args: object) -> None:
        self.to_do.append((function, args))
        self.delay_s = delay_s

    def come(self, kind: Callable[[str], Asking], n: int, start: int = 0) -> None:
        for number in range(start, start + n):
            self.step.come(kind(f"{number}"))

    def end_all(self, loop: str) -> None:
        """Let everything of a loop that is inside end, as the model replaces it."""
        for id in [each for each in self.inside if each not in self.ends]:
            self.ends[id] = "ended"
            self.step.end(loop)

    def pass_time(self) -> None:
        self.now_s += self.delay_s
        waiting, self.to_do = self.to_do, []
        for function, args in waiting:
            function(*args)


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.mark.parametrize(("kind", "loop"), [(live, "live"), (look, "look")])
@pytest.mark.parametrize("n", [60, 300, 10 * BURST])
def test_newest_of_a_burst_comes_in_and_nobody_is_called_busy(door, kind, loop, n: int):
    """Of 300 live requests in a burst the last 100 were busy, the newest among them."""
    door.come(kind, n)
    for _ in range(3):
        door.end_all(loop)
        if door.to_do:
            door.pass_time()
    assert door.inside[-1] == f"{n - 1}"
    assert set(door.ends.values()) == {"ended", "replaced"}
    assert len(door.ends) == n


def test_newest_of_a_second_burst_comes_in_though_the_first_spent_the_allowance(door):
    door.come(live, 60)
    door.come(live, 300, start=60)
    door.end_all("live")
    door.end_all("live")
    assert door.inside[-1] == "359"


def test_loop_has_few_inside_so_that_its_frames_are_bounded(door):
    door.come(live, BURST)
    assert len(door.inside) == MAX_INSIDE
    assert len(door.ends) == BURST - MAX_INSIDE - 1


def test_loop_does_not_stand_in_the_way_of_questions_nor_of_looks(door):
    door.come(live, 60)
    door.step.come(question("question"))
    door.step.come(look("look"))
    assert door.inside[MAX_INSIDE:] == ["question", "look"]


def test_questions_beyond_the_allowance_are_refused(door):
    door.come(question, BURST + 3)
    assert list(door.ends.values()) == ["busy"] * 3
    assert door.step.allowance.n_refused == 3


def test_live_request_that_finds_the_allowance_spent_waits_for_it_and_comes_in(door):
    door.come(question, BURST)
    door.step.come(live("older"))
    door.step.come(live("newer"))
    assert door.ends == {"older": "replaced"}
    assert len(door.to_do) == 1
    door.pass_time()
    assert door.inside[-1] == "newer"


def test_loop_in_bounds_is_never_counted_as_a_flood(door):
    for number in range(30 * 60):
        door.step.come(live(f"{number}"))
        door.now_s += 1 / 30
    assert door.step.allowance.n_refused == 0


def test_loop_beyond_bounds_is_counted_as_a_flood(door):
    door.come(live, BURST + 1000)
    assert door.step.allowance.n_refused >= 1000


def test_newest_that_is_wrong_is_refused_and_takes_no_room(door):
    door.wrong = {f"{number}" for number in range(20)}
    door.come(live, 20)
    door.step.come(live("right"))
    assert set(door.ends.values()) == {"bad_request"}
    assert door.inside == ["right"]


@pytest.mark.parametrize(("id", "taken"), [(None, ["8"]), ("8", ["8"]), ("7", [])])
def test_one_that_waits_can_be_taken_away(door, id: str | None, taken: list[str]):
    door.come(live, MAX_INSIDE + 1)
    assert [each.id for each in door.step.take_away(id)] == taken
    door.end_all("live")
    assert ("8" in door.inside) == (not taken)


def test_nobody_comes_in_late_who_was_taken_away(door):
    door.come(question, BURST)
    door.step.come(live("live"))
    door.step.take_away()
    door.pass_time()
    assert "live" not in door.inside


def test_large_pictures_take_more_of_the_allowance(door: Door):
    door.come(with_picture, BURST // 8 + 1)
    assert door.inside == [str(number) for number in range(BURST // 8)]
    assert door.ends == {str(BURST // 8): "busy"}
