"""One replica: the resident model on a machine of the cluster, for any number of web tiers."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Event
from time import monotonic

from backends.replicas.version import version
from backends.resident import ResidentModel
from protocol.answer import AnswerEvent, Finished, refusal
from protocol.errors import RequestError
from protocol.model import Model
from protocol.pieces import Piece
from protocol.request import Request
from protocol.status import ModelState, Status
from settings import Settings

# Words that come within this time cross together: each crossing costs a processor more than a word.
PAUSE_S = 0.02
# A tier that says nothing for so long, while others do, is gone; what it asked for is for nobody.
TIER_SILENT_S = 5.0
# At the latest so long after the last a tier hears of an answer, if only that it goes on.
SIGN_S = 1.0


@dataclass(frozen=True)
class Report:
    """How a replica is, as it tells one tier.

    n_open: requests that wait or run here. n_elsewhere: those of them that other tiers sent.
    """

    status: Status
    n_open: int
    n_elsewhere: int


class Replica:
    """Answers requests of web tiers. Its coroutines on one asyncio loop."""

    def __init__(
        self, settings: Settings, make_model: Callable[[Settings], Model] = ResidentModel
    ) -> None:
        """Load the model; blocks until it can answer. Raises why it cannot."""
        self._model = make_model(settings)
        self._open_per_tier: Counter[str] = Counter()
        self._heard_at: dict[str, float] = {}
        is_news = Event()
        self._model.watch(lambda status: is_news.set())
        while self._model.status.state is ModelState.LOADING:
            is_news.wait()
            is_news.clear()
        self.check_health()

    def check_health(self) -> None:
        """Raises why the model cannot answer; the cluster then puts another in this one's place."""
        if self._model.failure is not None:
            raise self._model.failure

    async def status(self, tier: str) -> tuple[str, Report]:
        """The version that is spoken here, and how this replica is; a sign of life of the tier."""
        self._hear(tier)
        n_open = self._open_per_tier.total()
        return version(), Report(self._model.status, n_open, n_open - self._open_per_tier[tier])

    async def answer(
        self, request: Request, age_s: float, tier: str
    ) -> AsyncIterator[list[AnswerEvent]]:
        """The events of one answer, in lists: each holds all since the last.

        age_s: how long ago it arrived; clocks differ. The first list comes as soon as the request
        has its place in line, and may be empty, as one is now and then while nothing happens.
        """
        heard = _Heard()
        self._hear(tier)
        try:
            self._model.submit(replace(request, arrived_at=monotonic() - age_s), heard.put)
        except RequestError as error:
            yield [refusal(request.id, request.skill, error)]
            return
        self._open_per_tier[tier] += 1
        try:
            yield []
            while self._hears(tier):
                events = await heard.take(SIGN_S)
                yield events
                if events and isinstance(events[-1], Finished):
                    return
                if any(isinstance(event, Piece) for event in events):
                    await heard.wait_for_end(PAUSE_S)
        finally:
            self._open_per_tier[tier] -= 1
            self._model.cancel(request.client, request.id)

    def _hear(self, tier: str) -> None:
        """Note a sign of life, and forget the tiers that are gone."""
        now = self._heard_at[tier] = monotonic()
        for each, heard_at in list(self._heard_at.items()):
            if now - heard_at > TIER_SILENT_S and not self._open_per_tier[each]:
                del self._heard_at[each], self._open_per_tier[each]

    def _hears(self, tier: str) -> bool:
        """Whether somebody waits for this tier's answers.

        A replica to which no tier speaks any more is about to be taken away, and ends its answers
        first.
        """
        now = monotonic()
        is_silent = now - self._heard_at[tier] > TIER_SILENT_S
        return not is_silent or now - max(self._heard_at.values()) > TIER_SILENT_S


class _Heard:
    """From the model's thread to the loop that waits."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._events: deque[AnswerEvent] = deque()
        self._is_news, self._has_ended = asyncio.Event(), asyncio.Event()

    def put(self, event: AnswerEvent) -> None:
        """From any thread."""
        self._events.append(event)
        # At the end of the process nobody waits for the last of a cancelled answer.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._is_news.set)
            if isinstance(event, Finished):
                self._loop.call_soon_threadsafe(self._has_ended.set)

    async def take(self, timeout_s: float) -> list[AnswerEvent]:
        """All that came, as soon as there is something; nothing when nothing came for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not self._events:
                    self._is_news.clear()
                    await self._is_news.wait()
        return [self._events.popleft() for _ in range(len(self._events))]

    async def wait_for_end(self, timeout_s: float) -> None:
        """Return when nothing more will come, and after so long in any case."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._has_ended.wait()
