"""Who may still come in: what is open, of whom, and how long an answer takes."""

from collections import Counter

from protocol.answer import Finished, FinishReason
from protocol.errors import BadRequest, Busy
from protocol.request import LookResult, Request

# How much one more answer moves the mean that the expected waiting time is made of.
ANSWER_MS_WEIGHT = 0.2


class Admission:
    """Counts open requests against their limits. Not for several threads at once.

    n_rows: how many are answered at once, 0 until that is known. mean_answer_ms: how long an answer
    took of late from its turn to its end, None before the first.
    """

    def __init__(self, max_waiting: int, max_waiting_per_client: int) -> None:
        self._max_waiting = max_waiting
        self._max_open_per_client = max_waiting_per_client + 1
        self._open: set[tuple[str, str]] = set()
        self._open_per_client: Counter[str] = Counter()
        self.n_rows = 0
        self.mean_answer_ms: float | None = None

    def enter(self, request: Request) -> None:
        """Count a request as open.

        Raises Busy when too many are open in all or of its client, BadRequest when its id is.
        """
        key = (request.client, request.id)
        if key in self._open:
            raise BadRequest("A request with this `id` is still running. Choose another.")
        if self._open_per_client[request.client] >= self._max_open_per_client:
            raise Busy("You asked faster than answers come. Wait for one of them.")
        if len(self._open) >= self._max_waiting + self.n_rows:
            wait_s = max(1, round((self.mean_answer_ms or 1000) / 1000))
            raise Busy(f"Too many questions are waiting. Try again in {wait_s} s.")
        self._open.add(key)
        self._open_per_client[request.client] += 1

    def leave(self, request: Request, end: Finished) -> None:
        """Count a request as ended."""
        self._open.discard((request.client, request.id))
        self._open_per_client[request.client] -= 1
        if not self._open_per_client[request.client]:
            del self._open_per_client[request.client]
        is_answer = not isinstance(end.result, LookResult)
        if is_answer and end.reason in (FinishReason.STOP, FinishReason.LENGTH):
            answer_ms = end.timings.total_ms - end.timings.queue_ms
            mean = answer_ms if self.mean_answer_ms is None else self.mean_answer_ms
            self.mean_answer_ms = mean + ANSWER_MS_WEIGHT * (answer_ms - mean)

    def has(self, client: str, id: str | None) -> bool:
        """Whether that request of a client is open; with None, whether any is."""
        return client in self._open_per_client if id is None else (client, id) in self._open

    def expected_ms(self, position: int) -> float | None:
        """How long the one at this place in line will wait, None before the first answer."""
        mean_ms = self.mean_answer_ms
        return None if mean_ms is None else round(mean_ms * position / self.n_rows)
