"""Where one client's requests come in; of a loop's requests that must wait, the newest does."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from protocol.errors import Busy, RequestError
from protocol.formats.page_events import is_live
from protocol.request import Skill
from web.allowance import BYTES_PER_EVENT, EVENTS_PER_S, Allowance

# Of a loop's requests; each holds its frame. One runs, one waits, and some are on their way to
# being replaced.
MAX_INSIDE = 8

# Until an allowance that is spent has room for one more.
RETRY_S = 1 / EVENTS_PER_S


@dataclass(frozen=True)
class Asking:
    """A request as it came, unread. rest: what its event carried besides the payload."""

    skill: Skill
    id: str
    payload: object
    rest: tuple[object, ...] = ()

    @property
    def cost(self) -> float:
        """What it takes of its client's allowance."""
        image = self.payload.get("image") if isinstance(self.payload, dict) else None
        return 1 + (len(image) if isinstance(image, str | bytes) else 0) / BYTES_PER_EVENT

    @property
    def loop(self) -> str | None:
        """Which loop it is of: of its requests only the newest is worth anything.

        Live requests are one, looks another; None is a person's question.
        """
        if self.skill is Skill.LOOK:
            return "look"
        return "live" if is_live(self.payload) else None


class Doorstep:
    """Lets the requests of one client in, a loop's at most MAX_INSIDE at a time.

    What exceeds the client's allowance is refused; but of a loop's requests the newest never is: it
    waits here, and replaces the one that waited.

    submit: lets a request in, or raises a RequestError. refuse, replace: end one that never came
    in. later: makes a call after so many seconds. Not for several threads at once.
    """

    def __init__(
        self,
        submit: Callable[[Asking], None],
        refuse: Callable[[Asking, RequestError], None],
        replace: Callable[[Asking], None],
        later: Callable[..., None],
    ) -> None:
        self._submit, self._refuse, self._replace, self._later = submit, refuse, replace, later
        self._waiting: dict[str, Asking] = {}
        # Loops whose waiting request was counted in the allowance, and those that try to have it.
        self._counted: set[str] = set()
        self._retrying: set[str] = set()
        self._n_inside: Counter[str] = Counter()
        self.allowance = Allowance()

    def come(self, asking: Asking) -> None:
        """Let a request in, now or once there is room."""
        loop = asking.loop
        if loop is None:
            self._enter(asking, partial(self.allowance.spend, asking.cost))
            return
        self._count(loop, asking)
        if elder := self._waiting.pop(loop, None):
            self._replace(elder)
        self._waiting[loop] = asking
        self._let_in(loop)

    def end(self, loop: str) -> None:
        """Hear that a request of a loop has ended."""
        self._n_inside[loop] -= 1
        self._let_in(loop)

    def take_away(self, id: str | None = None) -> list[Asking]:
        """Take one request that waits here away, or all of them; returns those."""
        taken = {loop: each for loop, each in self._waiting.items() if id in (None, each.id)}
        for loop in taken:
            del self._waiting[loop]
        return list(taken.values())

    def _let_in(self, loop: str) -> None:
        if loop not in self._waiting or self._n_inside[loop] >= MAX_INSIDE:
            return
        if loop in self._counted:
            self._counted.remove(loop)
            self._n_inside[loop] += self._enter(self._waiting.pop(loop))
        elif loop not in self._retrying:
            self._retrying.add(loop)
            self._later(RETRY_S, self._retry, loop)

    def _retry(self, loop: str) -> None:
        self._retrying.remove(loop)
        if loop in self._waiting:
            self._count(loop, self._waiting[loop])
            self._let_in(loop)

    def _count(self, loop: str, asking: Asking) -> None:
        with suppress(Busy):
            self.allowance.spend(asking.cost)
            # It stays counted when a newer one takes its place.
            self._counted.add(loop)

    def _enter(self, asking: Asking, check: Callable[[], None] = lambda: None) -> bool:
        """Say whether a request came in."""
        try:
            check()
            self._submit(asking)
        except RequestError as error:
            self._refuse(asking, error)
            return False
        return True
