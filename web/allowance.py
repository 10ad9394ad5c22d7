"""How many events one connection may send."""

from collections.abc import Callable
from time import monotonic

from protocol.errors import Busy

# A live loop sends one with each frame of its camera or its screen.
EVENTS_PER_S = 120
BURST = 200


class Allowance:
    """A token bucket: BURST events at once, EVENTS_PER_S in the long run."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self.n_refused = 0
        self._left = float(BURST)
        self._counted_at = clock()

    def spend(self) -> None:
        """Count one event. Raises Busy when there were too many."""
        now = self._clock()
        self._left = min(BURST, self._left + (now - self._counted_at) * EVENTS_PER_S)
        self._counted_at = now
        if self._left < 1:
            self.n_refused += 1
            raise Busy(f"More than {EVENTS_PER_S} events a second. Send them slower.")
        self._left -= 1
