"""How many events one connection or one address may send, and how many bytes with them."""

from collections.abc import Callable
from time import monotonic

from protocol.errors import Busy

# A live loop sends one with each frame of its camera or its screen.
EVENTS_PER_S = 120
BURST = 200

# What so many bytes cost: as much as an event. So 30 MB a second are too many, too.
BYTES_PER_EVENT = 2**18


class Allowance:
    """A token bucket: `burst` events at once, `per_s` in the long run, `sentence` for more."""

    def __init__(
        self,
        clock: Callable[[], float] = monotonic,
        per_s: float = EVENTS_PER_S,
        burst: int = BURST,
        sentence: str = f"More than {EVENTS_PER_S} events, or"
        f" {EVENTS_PER_S * BYTES_PER_EVENT // 10**6} MB, a second. Send them slower.",
    ) -> None:
        self._clock, self._per_s, self._burst, self._sentence = clock, per_s, burst, sentence
        self.n_refused = 0
        self._left = float(burst)
        self._counted_at = clock()

    def spend(self, n_events: float = 1) -> None:
        """Count events, or what costs as much. Raises Busy when there were too many."""
        n_events = min(n_events, self._burst)
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._counted_at) * self._per_s)
        self._counted_at = now
        if self._left < n_events:
            self.n_refused += 1
            raise Busy(self._sentence)
        self._left -= n_events

    def give_back(self, n_events: float = 1) -> None:
        """What was counted does not count after all."""
        self._left = min(self._burst, self._left + n_events)
