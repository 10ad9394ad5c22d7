"""What programs may look at: the camera of a page whose person lets them, and that page hears all.

Nobody is watched unknown: a frame leaves the page only after it was told who asks what, and what is
answered about it goes to the page, too.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response

from protocol.answer import AnswerEvent, Finished, FinishReason, Started, refusal
from protocol.errors import NotShared, PageSilent, RequestError, StoppedByPerson
from protocol.formats.page_events import event_payload
from protocol.formats.page_sharing import look_payload, parse_share, parse_shown
from protocol.frame import UNSEEN, Frame, FrameLimits
from protocol.request import LookRequest, Request
from web.allowance import Allowance
from web.exchange import Answering, Exchange
from web.loop.mailbox import Mailbox

# How long a page may take to show its frame. In a hidden tab it takes 2.2 s: browsers let timers
# run there once a second, and it needs two.
SHOW_S = 4.0
# Frames that a page still owes; of one that owes so many nothing is to be expected.
MAX_OWED = 16

LOOKS_PER_S, BURST = 5, 10


@dataclass
class _Look:
    """A program's look at a page. shown: gets the frame, or why there is none."""

    page: str
    asked: Request
    shown: Mailbox[Frame | RequestError] = field(default_factory=Mailbox)
    is_given_up: bool = False


class Sharing:
    """The pages that let programs look, and what happens there. On the loop only.

    tell: sends a page an event. cancel: stops the request of a client, by its id.
    """

    def __init__(
        self,
        limits: FrameLimits,
        tell: Callable[[str, str, dict[str, Any]], None],
        cancel: Callable[[str, str], None],
    ) -> None:
        self._limits, self._tell, self._cancel = limits, tell, cancel
        # In the order in which they began; the newest is looked at.
        self._pages: dict[str, None] = {}
        self._looks: dict[str, _Look] = {}
        # What is being answered, by its id, and the page that hears of it.
        self._followed: dict[str, tuple[str, Request]] = {}
        self._stopped: set[str] = set()
        self._allowance = Allowance(
            per_s=LOOKS_PER_S,
            burst=BURST,
            sentence=f"More than {LOOKS_PER_S} looks a second at the shared camera. Look slower.",
        )

    def share(self, page: str, payload: object = None) -> None:
        """Hear whether a page lets programs look from now on."""
        self._pages.pop(page, None)
        if parse_share(payload):
            self._pages[page] = None

    def show(self, page: str, payload: object = None) -> None:
        """Take what a page shows a program. What nobody asked this page for is nothing."""
        id = payload.get("id") if isinstance(payload, dict) else None
        look = self._looks.get(id) if isinstance(id, str) else None
        if not isinstance(payload, dict) or look is None or look.page != page:
            return
        del self._looks[look.asked.id]
        if look.is_given_up:
            # Its card waits for an answer.
            self._say(page, refusal(look.asked.id, look.asked.skill, PageSilent()))
            return
        try:
            look.shown.put(parse_shown(payload, self._limits))
        except RequestError as error:
            look.shown.put(error)

    def forget(self, page: str) -> None:
        """Hear that a page has left."""
        self._pages.pop(page, None)
        for look in [each for each in self._looks.values() if each.page == page]:
            del self._looks[look.asked.id]
            look.shown.put(NotShared())

    def stop(self, page: str, id: str) -> None:
        """Stop what a program asked, for the person who looks on."""
        follower, asked = self._followed.get(id, (None, None))
        if asked is not None and follower == page:
            self._stopped.add(id)
            self._cancel(asked.client, id)

    def look(self, asked: Request) -> Frame:
        """The frame of this moment, for what a program asks; waits for the page to show it.

        Raises NotShared, NothingToSee, PageSilent, Busy, or what is wrong with the frame.
        """
        return self._look(asked)[1]

    def ask(self, exchange: Exchange, asked: Request) -> Answering:
        """Ask the model about the frame of this moment; its page hears the answer, too.

        Raises what `look` and `Exchange.ask` do.
        """
        page, frame = self._look(asked)
        self._followed[asked.id] = page, asked
        try:
            return exchange.ask(replace(asked, frame=frame), self._hear)
        except RequestError as error:
            self._hear(refusal(asked.id, asked.skill, error))
            raise

    def _look(self, asked: Request) -> tuple[str, Frame]:
        page = next(reversed(self._pages), None)
        if page is None:
            raise NotShared
        if sum(each.page == page for each in self._looks.values()) >= MAX_OWED:
            raise PageSilent
        self._allowance.spend()
        look = self._looks[asked.id] = _Look(page, asked)
        self._tell(page, "program", look_payload(asked))
        shown = look.shown.take(SHOW_S)
        if shown is None:
            look.is_given_up = True
            raise PageSilent
        if isinstance(shown, RequestError):
            raise shown
        return page, shown

    def _hear(self, event: AnswerEvent) -> AnswerEvent:
        """Tell the page what happens to a program's question; returns what the program is told."""
        if event.id not in self._followed:
            return event
        page, _ = self._followed[event.id]
        self._say(page, event)
        if not isinstance(event, Finished):
            return event
        del self._followed[event.id]
        is_stopped = event.id in self._stopped
        self._stopped.discard(event.id)
        if is_stopped and event.reason is FinishReason.CANCELLED:
            return replace(event, reason=FinishReason.ERROR, error=StoppedByPerson())
        return event

    def _say(self, page: str, event: AnswerEvent) -> None:
        if isinstance(event, Started):
            # The frame is held for nobody: the page has it.
            event = replace(event, frame_id=None)
        self._tell(page, *event_payload(event))


def sharing_api(sharing: Sharing) -> Blueprint:
    """`GET /v1/frame`: the newest frame of the shared camera."""
    api = Blueprint("sharing", __name__)

    @api.get("/v1/frame")
    def frame() -> Response:
        look = LookRequest(id=uuid4().hex, client="", arrived_at=monotonic(), frame=UNSEEN)
        shown = sharing.look(look)
        return Response(shown.data, mimetype="image/jpeg", headers={"Cache-Control": "no-store"})

    return api
