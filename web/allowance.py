"""How many events one connection may send."""

from collections.abc import Callable
from time import monotonic

from protocol.errors import Busy

# A live loop sends one with each frame of its camera or its screen.
EVENTS_PER_S = 120
BURST = 200


class Allowance:
    """A token bucket: `burst` events at once, `per_s` in the long run, `sentence` for more."""

    def __init__(
        self,
        clock: Callable[[], float] = monotonic,
        per_s: int = EVENTS_PER_S,
        burst: int = BURST,
        sentence: str = f"More than {EVENTS_PER_S} events a second. Send them slower.",
    ) -> None:
        self._clock, self._per_s, self._burst, self._sentence = clock, per_s, burst, sentence
        self.n_refused = 0
        self._left = float(burst)
        self._counted_at = clock()

    def spend(self) -> None:
        """Count one event. Raises Busy when there were too many."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._counted_at) * self._per_s)
        self._counted_at = now
        if self._left < 1:
            self.n_refused += 1
            raise Busy(self._sentence)
        self._left -= 1
