"""Programs look through the page whose person lets them, and that page hears of each look."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest

from protocol.answer import AnswerEvent, Finished, FinishReason, Started, Timings, Usage
from protocol.errors import Busy, NotShared, PageSilent, StoppedByPerson
from protocol.frame import UNSEEN, FrameLimits
from protocol.pieces import TextDelta
from protocol.request import LookRequest, QueryRequest, QueryResult
from tests.protocol.pictures import encoded
from tests.server import Client, Server, connect, over_the_wire
from web.sharing import BURST, MAX_OWED, Sharing

pytestmark = pytest.mark.apart

JPEG, OTHER_JPEG = encoded(), encoded(color="blue")
LIMITS = FrameLimits(2**20, 2**20)
LOOK = LookRequest(id="look", client="", arrived_at=0.0, frame=UNSEEN)
QUESTION = QueryRequest(
    id="ask", client="program", arrived_at=0.0, frame=UNSEEN, question="What is it?"
)


# As a browser asks for a picture that another site's page shows.
CROSS_SITE = {"Sec_Fetch_Site": "cross-site"}
SHORT = {"max_tokens": 4}


async def post(server: Server, path: str, body: dict) -> tuple[int, bytes]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(server.url + path, json=body) as response,
    ):
        return response.status, await response.read()


async def get_frame(server: Server) -> tuple[int, dict[str, str], bytes]:
    return await asyncio.to_thread(server.get, "/v1/frame")


@asynccontextmanager
async def sharing_page(server: Server, **shown: object) -> AsyncIterator[Client]:
    """A page that lets programs look, and shows each of them the same."""
    async with connect(server) as page:
        await share(page)
        showing = asyncio.create_task(show_each(page, shown))
        yield page
        showing.cancel()


async def share(page: Client, is_shared: bool = True) -> None:
    """Switch the sharing on or off, and wait until the server knows."""
    await page.emit("share", {"is_shared": is_shared})
    # Events of one page are taken in order.
    await page.ask(question="Taken?", image=b"")


async def show_each(page: Client, shown: dict) -> None:
    n_shown = 0
    while True:
        n_shown += 1
        look = (await page.count("program", n_shown))[n_shown - 1]
        await page.emit("shown", {"id": look["id"], **shown})


@over_the_wire
async def test_nobody_sees_anything_until_a_page_lets_programs_look(server):
    async with connect(server):
        status, _, body = await get_frame(server)
    assert status == 409
    assert "turn on Let programs look" in json.loads(body)["error"]["message"]


@over_the_wire
async def test_program_gets_the_frame_of_the_page_that_shares(server):
    async with sharing_page(server, image=JPEG) as page:
        status, headers, body = await get_frame(server)
        look = await page.wait_for("program")
    assert (status, body) == (200, JPEG)
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["Cache-Control"] == "no-store"
    assert look["skill"] == "look"


@over_the_wire
async def test_page_that_began_last_is_looked_at(server):
    async with sharing_page(server, image=JPEG), sharing_page(server, image=OTHER_JPEG):
        assert (await get_frame(server))[2] == OTHER_JPEG


@over_the_wire
async def test_page_that_stops_sharing_is_not_looked_at_any_more(server):
    async with sharing_page(server, image=JPEG) as page:
        await share(page, False)
        assert (await get_frame(server))[0] == 409
        assert "program" not in [name for name, _ in page.events]


@over_the_wire
async def test_page_that_leaves_is_not_waited_for(server):
    async with connect(server) as page:
        await share(page)
        asking = asyncio.create_task(get_frame(server))
        await page.wait_for("program")
    status, _, body = await asking
    assert (status, json.loads(body)["error"]["code"]) == (409, "not_shared")


@over_the_wire
async def test_page_without_a_picture_says_why(server):
    async with sharing_page(server, error="hidden"):
        status, _, body = await get_frame(server)
    assert (status, json.loads(body)["error"]["code"]) == (409, "nothing_to_see")


@over_the_wire
async def test_program_that_looks_too_often_is_told_when_to_try_again(narrow_server):
    async with sharing_page(narrow_server, image=JPEG):
        answers = await asyncio.gather(*(get_frame(narrow_server) for _ in range(2 * BURST)))
    refused = [headers for status, headers, _ in answers if status == 429]
    assert {status for status, _, _ in answers} == {200, 429}
    assert {headers["Retry-After"] for headers in refused} == {"1"}


@pytest.mark.parametrize("headers", [{"Origin": "https://other.example"}, CROSS_SITE], ids=str)
@over_the_wire
async def test_page_of_another_site_cannot_look(server, headers):
    async with sharing_page(server, image=JPEG) as page:
        status, _, _ = await asyncio.to_thread(server.get, "/v1/frame", **headers)
        assert status == 403
        assert "program" not in [name for name, _ in page.events]


@over_the_wire
async def test_program_asks_through_the_camera_in_place_of_a_picture(server):
    async with sharing_page(server, image=JPEG) as page:
        for body, status in (
            ({"question": "What is it?", "camera": True, "settings": SHORT}, 200),
            ({"question": "What is it?", "camera": True, "image_url": "AAAA"}, 400),
            ({"question": "", "camera": True}, 400),
        ):
            assert (await post(server, "/v1/query", body))[0] == status
        looks = await page.count("program", 1)
        answered = await page.response(looks[0]["id"])
    assert answered["usage"]["completion_tokens"] == 4


@pytest.mark.parametrize("payload", [(), (None,), ("a", 5), ([],), ({},), ({"id": 5},)])
def test_nonsense_of_a_page_is_nothing(server, payload):
    @over_the_wire
    async def check() -> None:
        async with connect(server) as page:
            for name in ("share", "shown"):
                await page.emit_all(name, *payload)
            assert (await page.ask(image=b"", question="Still here?"))["error"]
            assert (await get_frame(server))[0] == 409

    check()


class Page:
    """Hears what it is told, and shows a program at once whatever a test wants."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict]] = []
        self.cancelled: list[tuple[str, str]] = []
        self.shown: dict | None = {"image": JPEG}
        self.sharing = Sharing(LIMITS, self.tell, lambda *of: self.cancelled.append(of))
        self.sharing.share("page", {"is_shared": True})

    def tell(self, page: str, name: str, payload: dict) -> None:
        self.told.append((name, payload))
        if name == "program" and self.shown is not None:
            self.sharing.show(page, {"id": payload["id"], **self.shown})


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.fixture
def hasty(monkeypatch):
    """Nobody is waited for."""
    monkeypatch.setattr("web.sharing.SHOW_S", 0.001)


class Exchange:
    """Answers each request, or refuses it, and remembers it."""

    reason = FinishReason.STOP

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[QueryRequest] = []
        self._error = error

    def ask(self, asked, through) -> list[AnswerEvent]:
        self.asked.append(asked)
        if self._error:
            raise self._error
        end = Finished(asked.id, self.reason, QueryResult("A cup."), Timings(), Usage())
        events = [Started(asked.id, "kept", 1.0), TextDelta(asked.id, "A cup."), end]
        return [through(event) for event in events]


def test_question_is_asked_about_the_frame_that_was_shown(page: Page):
    exchange = Exchange()
    page.sharing.ask(exchange, QUESTION)
    (asked,) = exchange.asked
    assert asked.frame.data == JPEG
    assert replace(asked, frame=UNSEEN) == QUESTION


def test_page_hears_the_answer_to_a_program(page: Page):
    page.sharing.ask(Exchange(), QUESTION)
    names = [name for name, _ in page.told]
    assert names == ["program", "started", "token", "response"]
    assert {payload["id"] for _, payload in page.told} == {"ask"}
    # Held for nobody, so that it cannot be asked about by its name.
    assert page.told[1][1]["frame"] is None


def test_page_hears_that_a_program_was_refused(page: Page):
    with pytest.raises(Busy):
        page.sharing.ask(Exchange(Busy("Too many wait.")), QUESTION)
    assert page.told[-1][1]["error"]["message"] == "Too many wait."


def test_person_can_stop_what_a_program_asks_and_nobody_else_can(page: Page):
    class Slow(Exchange):
        reason = FinishReason.CANCELLED

        def ask(self, asked, through) -> list[AnswerEvent]:
            page.sharing.stop("other page", asked.id)
            page.sharing.stop("page", "other id")
            assert page.cancelled == []
            page.sharing.stop("page", asked.id)
            return super().ask(asked, through)

    *_, end = page.sharing.ask(Slow(), QUESTION)
    assert page.cancelled == [("program", "ask")]
    # The program hears why; on the page it is simply stopped.
    assert isinstance(end.error, StoppedByPerson)
    assert page.told[-1][1]["finish_reason"] == "cancelled"


def test_page_that_does_not_answer_is_given_up(page: Page, hasty):
    page.shown = None
    with pytest.raises(PageSilent):
        page.sharing.look(LOOK)


def test_card_of_a_frame_that_came_too_late_is_told_so(page: Page, hasty):
    page.shown = None
    with pytest.raises(PageSilent):
        page.sharing.ask(Exchange(), QUESTION)
    page.sharing.show("page", {"id": "ask", "image": JPEG})
    name, payload = page.told[-1]
    assert (name, payload["error"]["code"]) == ("response", "page_silent")


def test_frame_of_a_page_that_was_not_asked_is_not_taken(page: Page, hasty):
    page.shown = None

    class Meddler(Page):
        def tell(self, page: str, name: str, payload: dict) -> None:
            self.sharing.show("another page", {"id": payload["id"], "image": JPEG})

    with pytest.raises(PageSilent):
        Meddler().sharing.look(LOOK)


def test_page_that_owes_many_frames_is_not_asked_for_more(hasty, monkeypatch):
    monkeypatch.setattr("web.sharing.BURST", MAX_OWED + 1)
    page = Page()
    page.shown = None
    for n in range(MAX_OWED + 1):
        with pytest.raises(PageSilent):
            page.sharing.look(replace(LOOK, id=str(n)))
    assert len(page.told) == MAX_OWED


def test_looks_are_bounded(page: Page):
    for n in range(BURST):
        page.sharing.look(replace(LOOK, id=str(n)))
    with pytest.raises(Busy, match="Look slower"):
        page.sharing.look(LOOK)


def test_nothing_is_kept_of_looks_and_answers_that_ended(page: Page):
    page.sharing.look(LOOK)
    page.sharing.ask(Exchange(), QUESTION)
    page.sharing.forget("page")
    kept = page.sharing._looks, page.sharing._followed, page.sharing._pages, page.sharing._stopped
    assert not any(kept)
    with pytest.raises(NotShared):
        page.sharing.look(LOOK)
