"""How many events a connection may send, told by a clock that the test turns."""

import pytest

from protocol.errors import Busy
from web.allowance import BURST, EVENTS_PER_S, Allowance


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def allowance(clock: Clock) -> Allowance:
    return Allowance(clock)


def spend(allowance: Allowance, n_events: int) -> None:
    for _ in range(n_events):
        allowance.spend()


def test_allowance_lets_a_burst_through_and_nothing_beyond(allowance):
    spend(allowance, BURST)
    with pytest.raises(Busy):
        allowance.spend()


def test_allowance_grows_again_with_time(allowance, clock):
    spend(allowance, BURST)
    clock.now_s += 1
    spend(allowance, EVENTS_PER_S)
    with pytest.raises(Busy):
        allowance.spend()


def test_allowance_never_grows_beyond_one_burst(allowance, clock):
    clock.now_s += 24 * 60 * 60
    spend(allowance, BURST)
    with pytest.raises(Busy):
        allowance.spend()


def test_allowance_is_not_used_up_by_refusals(allowance, clock):
    spend(allowance, BURST)
    for _ in range(1000):
        with pytest.raises(Busy):
            allowance.spend()
    clock.now_s += 1
    spend(allowance, EVENTS_PER_S)


def test_allowance_lasts_for_ever_at_the_steady_rate(allowance, clock):
    for _ in range(10 * BURST):
        allowance.spend()
        clock.now_s += 1 / EVENTS_PER_S


@pytest.mark.parametrize("frames_per_s", [30, 60, 120])
def test_allowance_lasts_for_a_live_loop_of_minutes(allowance, clock, frames_per_s):
    """A loop of 60 frames a second was told after 20 s that it sent too many events."""
    for _ in range(5 * 60 * frames_per_s):
        allowance.spend()
        clock.now_s += 1 / frames_per_s
