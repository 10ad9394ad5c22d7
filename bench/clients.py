"""The load: clients who all ask at once, and page views at a steady rate beside them."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from random import Random
from time import monotonic
from typing import Any, Literal, Protocol
from uuid import uuid4

import aiohttp
import socketio

from demo.drawing import draw, encode_jpeg
from demo.questions import ask
from demo.scenes import make_scene

FRAME_ASPECT = 4 / 3
FRAME_HEIGHT_PX = 480
N_FRAMES, N_QUESTIONS = 256, 4
LENGTHS = ("normal", "short")
# Random weights never end an answer; trained ones end long before this.
MAX_TOKENS = 64
# After its first two bytes a JPEG may carry comments.
JPEG_START_BYTES, JPEG_COMMENT, JPEG_COMMENT_MAX_BYTES = 2, b"\xff\xfe", 65_533
ANSWER_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 20
OK = 200


# time.monotonic() and how many characters came.
Arrival = tuple[float, int]

# Socket.IO as the page speaks it, or OpenAI's streamed chat completions.
Door = Literal["page", "openai"]


class BenchFailed(Exception):
    """A server did not start or did not answer; the message says what it said instead."""


@dataclass(frozen=True)
class Load:
    """What is asked of a server in one turn.

    n_clients: connected clients, each of which asks again as soon as it has its answer, so many
    `questions_per_frame`. A turn ends after `seconds`, or after `max_answers`. door: what the
    clients speak; captions are asked for by the page's door alone.
    """

    n_clients: int
    seconds: float
    pages_per_s: float
    max_answers: int | None = None
    questions_per_frame: int = 1
    door: Door = "page"
    has_captions: bool = True


@dataclass
class Record:
    """What one load saw in all its turns.

    wait_ms: from a question to its first word, by client. answer_tokens_per_s: of each answer, from
    its question to its last word. arrivals: of each `token` event time.monotonic() and how many
    characters came, by request id.
    late_ms: how late this process was with its page views; so much of any figure may be its own.
    on_answer: called after each answer.
    """

    on_answer: Callable[[], None] = lambda: None
    seconds: float = 0.0
    n_answers: int = 0
    n_tokens: int = 0
    page_ms: list[float] = field(default_factory=list)
    wait_ms: dict[int, list[float]] = field(default_factory=dict)
    answer_tokens_per_s: list[float] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)
    arrivals: dict[str, list[Arrival]] = field(default_factory=dict)

    def keep(
        self, client: int, asked_at: float, id: str, arrivals: list[Arrival], n_tokens: int
    ) -> None:
        """Keep one answer: when its text came and how many tokens it took."""
        self.n_answers += 1
        self.n_tokens += n_tokens
        self.arrivals[id] = arrivals
        if arrivals:
            (first_at, _), (last_at, _) = arrivals[0], arrivals[-1]
            self.wait_ms.setdefault(client, []).append((first_at - asked_at) * 1000)
            self.answer_tokens_per_s.append(n_tokens / (last_at - asked_at))


@dataclass(frozen=True)
class Ask:
    """One event that a client sends, but for its id."""

    event: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class View:
    """A picture of the demo world and questions about it."""

    jpeg: bytes
    questions: list[str]


def draw_views(n_views: int = N_FRAMES) -> list[View]:
    """Draw so many demo scenes, 640x480 JPEG, the same at every call."""
    scenes = (scene for scene in map(make_scene, count()) if scene.aspect == FRAME_ASPECT)
    return [
        View(
            encode_jpeg(draw(scene, FRAME_HEIGHT_PX), scene.seed),
            [ask(scene, Random(seed)).text for seed in range(turn, turn + N_QUESTIONS)],
        )
        for turn, scene in enumerate(islice(scenes, n_views))
    ]


def fresh_frames(views: list[View], min_frame_bytes: int = 0) -> Iterator[Iterator[Ask]]:
    """Frames without end that no server has seen, and of each what is asked about it.

    A view comes back under another number, which stands in the JPEG's comment: to whoever keeps
    frames by their bytes it is another frame, and numbering costs this process nothing.
    """
    for turn, view in enumerate(cycle(views)):
        jpeg = commented(view.jpeg, str(turn).encode())
        while len(jpeg) < min_frame_bytes:
            jpeg = commented(jpeg, bytes(JPEG_COMMENT_MAX_BYTES))
        yield _asks({"image": _data_url(jpeg)}, view.questions, begins_with_caption=turn % 2 == 1)


def descriptions(views: list[View]) -> Iterator[Ask]:
    """A long description of each view, where words follow words; without end."""
    for asks in fresh_frames(views):
        asked = next(each for each in asks if each.event == "caption")
        yield Ask("caption", {**asked.payload, "length": "long"})


def _asks(image: dict, questions: list[str], *, begins_with_caption: bool) -> Iterator[Ask]:
    """Questions and captions in turns, without end."""
    payload = {**image, "settings": {"max_tokens": MAX_TOKENS}}
    for question, length in zip(cycle(questions), cycle(LENGTHS), strict=False):
        if not begins_with_caption:
            yield Ask("query", {**payload, "question": question})
        begins_with_caption = False
        yield Ask("caption", {**payload, "length": length})


def commented(jpeg: bytes, comment: bytes) -> bytes:
    """The same picture with a comment in it, which nobody sees."""
    # The length, of two bytes, counts itself.
    segment = JPEG_COMMENT + (len(comment) + 2).to_bytes(2, "big") + comment
    return jpeg[:JPEG_START_BYTES] + segment + jpeg[JPEG_START_BYTES:]


def _data_url(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + b64encode(jpeg).decode()


class Client(Protocol):
    """Asks one question at a time and notes when the words come."""

    async def connect(self, url: str) -> None: ...
    async def close(self) -> None: ...
    async def ask(self, asked: Ask, record: Record) -> object:
        """Send one question and wait for its end. Raises BenchFailed when it is an error."""


class PageClient:
    """One page: asks one question at a time and notes when the words come."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._arrivals: list[Arrival] = []
        # The last picture sent, and the name by which the server keeps it, once it told one.
        self._image = ""
        self._frame_id: str | None = None
        self._response: asyncio.Future[dict] | None = None
        self._socket = socketio.AsyncClient(reconnection=False)
        self._socket.on("started", self._on_started)
        self._socket.on("token", self._on_token)
        self._socket.on("response", self._on_response)
        self._socket.on("disconnect", self._on_disconnect)

    async def connect(self, url: str) -> None:
        await self._socket.connect(
            url, transports=["websocket"], wait_timeout=CONNECT_TIMEOUT_S, retry=True
        )

    async def close(self) -> None:
        await self._socket.disconnect()

    async def ask(self, asked: Ask, record: Record) -> dict[str, Any]:
        """Send one question and return its response. Raises BenchFailed when it is an error."""
        id, self._arrivals = uuid4().hex, []
        self._response = asyncio.get_running_loop().create_future()
        asked_at = monotonic()
        await self._socket.emit(asked.event, {**self._named(asked.payload), "id": id})
        response = await asyncio.wait_for(self._response, ANSWER_TIMEOUT_S)
        if response.get("finish_reason") == "error":
            raise BenchFailed(f"The server answered: {response['error']['message']}")
        n_tokens = response["usage"]["completion_tokens"]
        record.keep(self._number, asked_at, id, self._arrivals, n_tokens)
        record.on_answer()
        return response

    def _named(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Ask again about a frame by its name; the naive design knows none."""
        if payload["image"] == self._image and self._frame_id is not None:
            rest = {name: value for name, value in payload.items() if name != "image"}
            return {**rest, "frame": self._frame_id}
        self._image, self._frame_id = payload["image"], None
        return payload

    def _on_started(self, payload: dict) -> None:
        self._frame_id = payload["frame"]

    def _on_token(self, payload: dict) -> None:
        self._arrivals.append((monotonic(), len(payload["text"])))

    def _on_response(self, payload: dict) -> None:
        if self._response is not None and not self._response.done():
            self._response.set_result(payload)

    def _on_disconnect(self, *reason: object) -> None:
        if self._response is not None and not self._response.done():
            self._response.set_exception(BenchFailed("The server closed a connection."))


class ChatClient:
    """One program that speaks OpenAI's API: asks one question at a time, and has it streamed."""

    def __init__(self, number: int) -> None:
        self._number = number

    async def connect(self, url: str) -> None:
        # As the programs' own client does it: a connection is kept open.
        self._session = aiohttp.ClientSession(url)

    async def close(self) -> None:
        await self._session.close()

    async def ask(self, asked: Ask, record: Record) -> None:
        arrivals: list[Arrival] = []
        asked_at, n_tokens = monotonic(), 0
        async with self._session.post("/v1/chat/completions", json=_chat(asked.payload)) as reply:
            if reply.status != OK:
                raise BenchFailed(f"The server answered: {await reply.text()}")
            id = reply.headers["X-Request-Id"]
            async for line in reply.content:
                if not line.startswith(b"data: {"):
                    continue
                chunk = json.loads(line.removeprefix(b"data: "))
                if usage := chunk.get("usage"):
                    n_tokens = usage["completion_tokens"]
                for choice in chunk["choices"]:
                    if text := choice["delta"].get("content"):
                        arrivals.append((monotonic(), len(text)))
        record.keep(self._number, asked_at, id, arrivals, n_tokens)
        record.on_answer()


def _chat(payload: dict[str, Any]) -> dict[str, Any]:
    """A question of the page's as a chat."""
    content = [
        {"type": "text", "text": payload["question"]},
        {"type": "image_url", "image_url": {"url": payload["image"]}},
    ]
    return {
        "messages": [{"role": "user", "content": content}],
        "stream": True,
        "stream_options": {"include_usage": True},
        **payload["settings"],
    }


async def measure(url: str, load: Load, frames: Iterator[Iterator[Ask]], record: Record) -> None:
    """Connect all clients, let one ask to warm the server up, then add the load to `record`."""
    clients: list[Client] = [
        PageClient(number) if load.door == "page" else ChatClient(number)
        for number in range(load.n_clients)
    ]
    try:
        await asyncio.gather(*(client.connect(url) for client in clients))
        await clients[0].ask(next(_questions(next(frames))), Record())
        await _put_load(url, load, clients, frames, record)
    finally:
        await asyncio.gather(*(client.close() for client in clients))


async def _put_load(
    url: str,
    load: Load,
    clients: list[Client],
    frames: Iterator[Iterator[Ask]],
    record: Record,
) -> None:
    ended = asyncio.Event()
    pages = asyncio.create_task(_view_pages(url, load.pages_per_s, record, ended))
    began_at = monotonic()
    n_asks = load.questions_per_frame
    wanted = (asks if load.has_captions else _questions(asks) for asks in frames)
    asks_of_frames = (islice(asks, n_asks) for asks in wanted)
    shared = islice(asks_of_frames, load.max_answers and -(-load.max_answers // n_asks))
    asking = (_keep_asking(client, shared, began_at + load.seconds, record) for client in clients)
    try:
        await asyncio.gather(*asking)
    finally:
        record.seconds += monotonic() - began_at
        ended.set()
        await pages


def _questions(asks: Iterator[Ask]) -> Iterator[Ask]:
    return (asked for asked in asks if asked.event == "query")


async def _keep_asking(
    client: Client, frames: Iterator[Iterator[Ask]], ends_at: float, record: Record
) -> None:
    for asks in frames:
        for asked in asks:
            await client.ask(asked, record)
            if monotonic() > ends_at:
                return


async def _view_pages(url: str, per_s: float, record: Record, ended: asyncio.Event) -> None:
    """Begin a page view whenever one is due, whether or not the last one has come back."""
    began_at = monotonic()
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        asyncio.TaskGroup() as views,
    ):
        for turn in count():
            due_at = began_at + turn / per_s
            await asyncio.sleep(max(0.0, due_at - monotonic()))
            if ended.is_set():
                return
            record.late_ms.append((monotonic() - due_at) * 1000)
            views.create_task(_view_page(session, url, record))


async def _view_page(session: aiohttp.ClientSession, url: str, record: Record) -> None:
    began_at = monotonic()
    async with session.get(url) as response:
        await response.read()
        if response.status != OK:
            raise BenchFailed(f"GET / answered {response.status}.")
    record.page_ms.append((monotonic() - began_at) * 1000)
