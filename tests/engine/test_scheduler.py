"""Whose turn it is."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.scheduler import Scheduler, rank_of
from engine.sequence import Sequence, State
from protocol.request import Skill
from tests.fakes import make_request

CLIENTS = ["ann", "bob", "cy"]


def sequence(id: str, client: str = "ann", *, is_live: bool = False) -> Sequence:
    return Sequence(make_request(id, client, is_live=is_live), lambda event: None)


def look(id: str, client: str = "ann") -> Sequence:
    return Sequence(make_request(id, client, skill=Skill.LOOK), lambda event: None)


def admitted(scheduler: Scheduler) -> list[str]:
    """Ids in the order of admission, each finished before the next."""
    ids = []
    while one := scheduler.admit():
        ids.append(one.request.id)
        scheduler.remove(one)
    return ids


def begin_all(scheduler: Scheduler) -> list[str]:
    """Ids in the order of admission, each decoding before the next and none of them finished."""
    ids = []
    while one := scheduler.admit():
        ids.append(one.request.id)
        one.state = State.DECODING
    return ids


def test_requests_of_one_client_go_in_the_order_sent():
    scheduler = Scheduler(1)
    for id in "123":
        scheduler.add(sequence(id))
    assert admitted(scheduler) == ["1", "2", "3"]


def test_clients_take_turns_however_much_one_of_them_asks():
    scheduler = Scheduler(1)
    for id, client in [("a1", "ann"), ("a2", "ann"), ("a3", "ann"), ("b1", "bob"), ("c1", "cy")]:
        scheduler.add(sequence(id, client))
    assert [each.request.id for each in scheduler.line()] == ["a1", "b1", "c1", "a2", "a3"]
    assert admitted(scheduler) == ["a1", "b1", "c1", "a2", "a3"]


def live(id: str, client: str = "ann") -> Sequence:
    return sequence(id, client, is_live=True)


KINDS = [sequence, live, look]


def test_questions_go_first_then_live_requests_then_looks_whoever_asks_and_whenever():
    scheduler = Scheduler(1)
    for client in CLIENTS:
        for kind in reversed(KINDS):
            scheduler.add(kind(f"{kind.__name__} of {client}", client))
    order = [f"{kind.__name__} of {client}" for kind in KINDS for client in CLIENTS]
    assert [each.request.id for each in scheduler.line()] == order[:6]
    assert admitted(scheduler) == order
    assert scheduler.is_idle


def test_question_of_a_client_goes_before_its_own_live_request_that_came_earlier():
    scheduler = Scheduler(1)
    for each in (live("live"), sequence("1"), sequence("2")):
        scheduler.add(each)
    assert admitted(scheduler) == ["1", "2", "live"]


@pytest.mark.parametrize("kind", [live, look])
def test_newer_one_of_a_loop_takes_the_turn_of_the_one_it_replaces(kind: Callable):
    """A loop faster than its turns come round stood last for ever."""
    scheduler = Scheduler(1)
    older = kind("older")
    assert scheduler.add(older) is None
    scheduler.add(kind("of bob", "bob"))
    assert scheduler.add(kind("newer")) is older
    assert admitted(scheduler) == ["newer", "of bob"]
    assert scheduler.is_idle


def test_live_loops_take_turns_though_one_of_them_never_pauses():
    scheduler, order = Scheduler(1), []
    for number in range(6):
        scheduler.add(live(f"a{number}"))
        if number % 2 == 0:
            scheduler.add(live(f"b{number}", "bob"))
        admitted_now = scheduler.admit()
        scheduler.add(live(f"a{number}, newer"))
        order.append(admitted_now.request.client)
        scheduler.remove(admitted_now)
    assert order == ["ann", "bob"] * 3


@pytest.mark.parametrize(("slower", "faster"), [(look, live), (look, sequence), (live, sequence)])
def test_what_goes_first_overtakes_what_is_still_beginning(slower: Callable, faster: Callable):
    scheduler = Scheduler(3)
    scheduler.add(slower("slower"))
    assert scheduler.admit() is scheduler.beginning()
    scheduler.add(slower("another", "bob"))
    assert scheduler.admit() is None
    scheduler.add(faster("faster", "cy"))
    overtaking = scheduler.admit()
    assert scheduler.beginning() is overtaking
    assert scheduler.admit() is None
    scheduler.remove(overtaking)
    assert scheduler.beginning().request.id == "slower"


def test_one_of_each_kind_at_most_is_beginning():
    scheduler = Scheduler(9)
    for kind in reversed(KINDS):
        for client in CLIENTS:
            scheduler.add(kind(f"{kind.__name__} of {client}", client))
            scheduler.admit()
    begun = [each.request.id for each in scheduler.running]
    assert begun == ["look of ann", "live of ann", "sequence of ann"]


def test_what_overtakes_needs_a_free_row():
    scheduler = Scheduler(1)
    scheduler.add(live("live"))
    scheduler.admit()
    scheduler.add(sequence("question", "bob"))
    assert scheduler.admit() is None


def test_look_that_waits_can_be_cancelled():
    scheduler = Scheduler(1)
    scheduler.add(look("look"))
    assert [each.request.id for each in scheduler.cancel("ann", None)] == ["look"]
    assert scheduler.is_idle


def test_nobody_is_admitted_without_a_free_row():
    scheduler = Scheduler(1)
    scheduler.add(sequence("1"))
    scheduler.add(sequence("2"))
    first = scheduler.admit()
    assert first is not None
    assert scheduler.admit() is None
    scheduler.remove(first)
    assert scheduler.admit() is not None


def test_live_request_leaves_questions_alone():
    scheduler = Scheduler(1)
    scheduler.add(sequence("question"))
    assert scheduler.add(sequence("live", is_live=True)) is None


def test_live_request_waits_for_its_running_elder_and_lets_the_others_pass():
    """With many rows a burst ran side by side: each of an old frame, and all of them slower."""
    scheduler = Scheduler(9)
    elder = sequence("elder", is_live=True)
    scheduler.add(elder)
    begin_all(scheduler)
    for each in (sequence("next", is_live=True), sequence("question"), look("look")):
        scheduler.add(each)
    scheduler.add(sequence("of bob", "bob", is_live=True))
    assert begin_all(scheduler) == ["question", "of bob", "look"]
    scheduler.remove(elder)
    assert scheduler.admit().request.id == "next"


def test_live_request_does_not_wait_for_a_look():
    scheduler = Scheduler(2)
    ahead = Sequence(make_request("look", skill=Skill.LOOK, is_live=True), lambda event: None)
    scheduler.add(ahead)
    assert scheduler.admit() is ahead
    scheduler.add(sequence("live", is_live=True))
    assert scheduler.admit().request.id == "live"


@pytest.mark.parametrize(
    ("id", "left"), [("1", ["2", "b"]), (None, ["b"]), ("unknown", ["1", "b", "2"])]
)
def test_cancel_takes_out_what_it_names_and_of_its_client_only(id: str | None, left: list[str]):
    scheduler = Scheduler(1)
    scheduler.add(sequence("1"))
    scheduler.add(sequence("b", "bob"))
    scheduler.add(sequence("2"))
    scheduler.cancel("ann", id)
    assert admitted(scheduler) == left


def test_cancelling_a_running_sequence_frees_its_row():
    scheduler = Scheduler(1)
    scheduler.add(sequence("1"))
    scheduler.add(sequence("2"))
    running = scheduler.admit()
    assert scheduler.cancel("ann", "1") == [running]
    second = scheduler.admit()
    assert second is not None
    assert second.request.id == "2"


@given(
    st.lists(
        st.tuples(st.sampled_from(CLIENTS), st.sampled_from(KINDS), st.sampled_from("aadrc")),
        max_size=40,
    )
)
def test_whatever_happens_every_sequence_leaves_once_and_every_row_comes_back(moves: list):
    scheduler, left = Scheduler(2), []
    for number, (client, kind, move) in enumerate(moves):
        if move == "c":
            left += scheduler.cancel(client, None)
        elif move == "r" and scheduler.running:
            left.append(scheduler.running[0])
            scheduler.remove(scheduler.running[0])
        elif move == "d" and scheduler.beginning():
            scheduler.beginning().state = State.DECODING
        else:
            replaced = scheduler.add(kind(str(number), client))
            left += [replaced] if replaced else []
            scheduler.admit()
        assert len(scheduler.running) <= 2
        loops = [each.request.client for each in scheduler.running if each.request.is_live]
        assert len(loops) == len(set(loops))
        waiting = [each.request.client for each in scheduler.line() if each.request.is_live]
        assert len(waiting) == len(set(waiting))
        begun = [rank_of(each) for each in scheduler.running if not each.is_decoding]
        assert len(begun) == len(set(begun))
    while scheduler.running or scheduler.admit():
        left.append(scheduler.running[0])
        scheduler.remove(scheduler.running[0])
    assert scheduler.is_idle
    assert len(left) == len(set(map(id, left)))
    assert sorted(scheduler._free_rows) == [0, 1]
