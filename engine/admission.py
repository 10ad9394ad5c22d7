"""Who may still come in: what is open, of whom, and how long an answer takes."""

from collections import Counter
from collections.abc import Hashable

from protocol.answer import Finished, FinishReason
from protocol.errors import BadRequest, Busy
from protocol.request import LookRequest, LookResult, Request

# How much one more answer moves the mean that the expected waiting time is made of.
ANSWER_MS_WEIGHT = 0.2

# Whose place in line it is, as what, and under which id where it is not shared.
Place = tuple[str, str, str]


def place_of(request: Request) -> Place:
    """The place that a request takes.

    All live requests of a client share one and all its looks another, because the newest replaces
    the one that waits: it must never find that its own elders have taken every place.
    """
    if isinstance(request, LookRequest):
        return request.client, "look", ""
    return (request.client, "live", "") if request.is_live else (request.client, "", request.id)


class Admission:
    """Counts places of open requests against their limits. Not for several threads at once.

    n_rows: how many are answered at once, 0 until that is known. n_elsewhere: places that others
    than those who ask here have taken of the same model. mean_answer_ms: how long an answer
    took of late from its turn to its end, None before the first.
    """

    def __init__(self, max_waiting: int, max_waiting_per_client: int) -> None:
        self._max_waiting, self._max_waiting_per_client = max_waiting, max_waiting_per_client
        self._open: set[tuple[str, str]] = set()
        self._open_per_place: Counter[Place] = Counter()
        self._places_per_client: Counter[str] = Counter()
        self.n_rows = self.n_elsewhere = 0
        self.mean_answer_ms: float | None = None

    def enter(self, request: Request) -> None:
        """Count a request as open.

        Raises Busy when too many places are taken in all or by its client, BadRequest when its id
        is open.
        """
        key, place = (request.client, request.id), place_of(request)
        if key in self._open:
            raise BadRequest("A request with this `id` is still running. Choose another.")
        if place not in self._open_per_place:
            wait_s = max(1, round((self.mean_answer_ms or 1000) / 1000))
            if self._places_per_client[request.client] >= self._max_places(request):
                sentence = "You asked faster than answers come. Wait for one of them."
                raise Busy(sentence, retry_after_s=wait_s)
            n_taken = len(self._open_per_place) + self.n_elsewhere
            if n_taken >= self._max_waiting + self.n_rows:
                sentence = f"Too many questions are waiting. Try again in {wait_s} s."
                raise Busy(sentence, retry_after_s=wait_s)
            self._places_per_client[request.client] += 1
        self._open.add(key)
        self._open_per_place[place] += 1

    def _max_places(self, request: Request) -> int:
        """How many places the client of a request may take."""
        if request.is_program:
            # A page must always find as many as it may take.
            return max(1, self._max_waiting + self.n_rows - self._max_waiting_per_client)
        return self._max_waiting_per_client + 1

    def leave(self, request: Request, end: Finished) -> None:
        """Count a request as ended."""
        self._open.remove((request.client, request.id))
        if _count_down(self._open_per_place, place_of(request)) == 0:
            _count_down(self._places_per_client, request.client)
        is_answer = not isinstance(end.result, LookResult)
        if is_answer and end.reason in (FinishReason.STOP, FinishReason.LENGTH):
            answer_ms = end.timings.total_ms - end.timings.queue_ms
            mean = answer_ms if self.mean_answer_ms is None else self.mean_answer_ms
            self.mean_answer_ms = mean + ANSWER_MS_WEIGHT * (answer_ms - mean)

    def has(self, client: str, id: str | None) -> bool:
        """Whether that request of a client is open; with None, whether any is."""
        return client in self._places_per_client if id is None else (client, id) in self._open

    def expected_ms(self, position: int) -> float | None:
        """How long the one at this place in line will wait, None before the first answer."""
        mean_ms = self.mean_answer_ms
        return None if mean_ms is None else round(mean_ms * position / self.n_rows)


def _count_down(counter: Counter, key: Hashable) -> int:
    """How many are left; of none nothing is kept."""
    counter[key] -= 1
    n_left = counter[key]
    if n_left == 0:
        del counter[key]
    return n_left
