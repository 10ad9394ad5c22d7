"""What comes back of an answer: bytes that may be anything, until they are JSON objects."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from time import monotonic
from typing import Any

import httpx2

from backends.upstream.wire.limits import Limits
from outgoing import FAILURES, why
from protocol.formats.json_text import MAX_VALUES, has_too_many_values
from protocol.formats.openai_answer import DONE
from protocol.formats.openai_client import read_delta, read_error

# JSON objects, as they come.
Objects = AsyncGenerator[dict[str, Any], None]

EVENTS = {"Content-Type": "text/event-stream; charset=utf-8"}

# What is longer is read on another thread: it takes more than a millisecond.
MAX_SHORT_CHARS = 2**16

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# How a stream of events begins, which may come byte by byte.
_EVENT = re.compile(rb"(data|event|id|retry)?:")
_N_TELLING = 6

_NO_API = "not with OpenAI's API. Is the address right?"


class Broken(Exception):
    """An answer that is none. words: behind the host's name. may_pass: whether another may be one.

    is_away: whether nobody is there.
    """

    def __init__(self, words: str, *, may_pass: bool = False, is_away: bool = False) -> None:
        super().__init__(words)
        self.words, self.may_pass, self.is_away = words, may_pass, is_away


class ToldError(Exception):
    """An answer that is an error, or ends with one. payload: in the server's own form."""

    def __init__(self, payload: dict[str, Any]) -> None:
        super().__init__()
        self.payload = payload


class Body:
    """The bytes of one answer, bounded in size and time. Iterate `chunks` once."""

    def __init__(self, response: httpx2.Response, limits: Limits, max_bytes: int) -> None:
        self._response, self._limits, self._max_bytes = response, limits, max_bytes
        self._ends_at = monotonic() + limits.whole_s
        # Whether all that matters has come, and whether the other side has ended.
        self.is_enough = self.is_over = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """All bytes as they come. Raises Broken."""
        if self._response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Broken("compressed its answer, which was not asked for.")
        source, n_bytes, wait_s = self._response.aiter_raw(), 0, self._limits.first_byte_s
        while (chunk := await self._next(source, wait_s)) is not None:
            n_bytes += len(chunk)
            if n_bytes > self._max_bytes:
                if self.is_enough:
                    return
                raise Broken("sent more than any answer has.")
            wait_s = self._limits.between_s
            yield chunk
        self.is_over = True

    def end_within(self, wait_s: float) -> None:
        """All that matters has come: whatever may follow is waited for so long at most."""
        self.is_enough = True
        self._ends_at = min(self._ends_at, monotonic() + wait_s)

    async def _next(self, source: AsyncIterator[bytes], wait_s: float) -> bytes | None:
        left_s = max(0.0, self._ends_at - monotonic())
        try:
            async with asyncio.timeout(min(wait_s, left_s)):
                return await anext(source, None)
        except TimeoutError:
            if self.is_enough:
                return None
            if left_s <= wait_s:
                raise Broken(f"did not end its answer within {self._limits.whole_s:g} s.") from None
            raise Broken(f"sent nothing for {wait_s:g} s.") from None
        except FAILURES as error:
            if self.is_enough:
                return None
            raise Broken(f"{why(error)}.", may_pass=True) from None


async def read_whole(response: httpx2.Response, limits: Limits, max_bytes: int) -> bytes:
    """All of an answer. Raises Broken."""
    return b"".join([chunk async for chunk in Body(response, limits, max_bytes).chunks()])


async def read_objects(response: httpx2.Response, limits: Limits) -> Objects:
    """Each object of an answer, as it comes, whether they are events or it is one.

    Raises Broken, also where the other side ended before it said that the answer is whole, and
    ToldError.
    """
    body = Body(response, limits, limits.max_bytes)
    chunks = body.chunks()
    begin = await _beginning(chunks)
    if begin.startswith(b"<"):
        raise Broken(f"answered with a web page, {_NO_API}")
    if begin[:1] in (b"{", b"["):
        yield await _one_object(begin, chunks, limits)
        return
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if begin and kind != "text/event-stream" and not _EVENT.match(begin):
        raise Broken(f"answered with something else, {_NO_API}")
    async for payload in _events(begin, chunks, body, response.request, limits):
        yield payload


async def _beginning(chunks: AsyncIterator[bytes]) -> bytes:
    """As much as says what an answer is, without what may stand before it."""
    begin = b""
    async for chunk in chunks:
        begin = (begin + chunk).removeprefix(_BYTE_ORDER_MARK).lstrip()
        if len(begin) >= _N_TELLING:
            break
    return begin


async def _one_object(begin: bytes, chunks: AsyncIterator[bytes], limits: Limits) -> dict[str, Any]:
    parts, n_bytes = [begin], len(begin)
    async for chunk in chunks:
        parts.append(chunk)
        n_bytes += len(chunk)
        if n_bytes > limits.max_json_bytes:
            raise Broken("sent more than any answer has.")
    return _judged(await parse_json(b"".join(parts)))


async def _events(
    begin: bytes,
    chunks: AsyncIterator[bytes],
    body: Body,
    request: httpx2.Request,
    limits: Limits,
) -> AsyncIterator[dict[str, Any]]:
    n_objects = 0
    response = httpx2.Response(200, headers=EVENTS, content=_closed(begin, chunks), request=request)
    try:
        async for event in httpx2.EventSource(response, limits.max_event_bytes):
            if event.data.strip() == DONE:
                # A connection whose answer was read to its end can be used again.
                body.end_within(limits.linger_s)
                break
            if not event.data.strip():
                continue
            payload = _judged(await _parsed(event.data, body))
            n_objects += 1
            yield payload
            if _is_last(payload):
                body.end_within(limits.after_end_s)
    except httpx2.SSEError:
        raise Broken("sent more than any answer has.") from None
    if not n_objects:
        raise Broken("sent an empty answer.")
    if not body.is_enough:
        raise Broken("broke off its answer.")
    async for _ in chunks:
        pass


async def _closed(begin: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """With an end behind the last event, which some servers leave out."""
    yield begin
    async for chunk in chunks:
        yield chunk
    yield b"\n\n"


async def _parsed(data: str, body: Body) -> object:
    try:
        return await parse_json(data)
    except Broken:
        if body.is_over:
            raise Broken("broke off its answer.") from None
        raise


def _judged(payload: object) -> dict[str, Any]:
    if not isinstance(payload, dict):
        raise Broken("sent something that is no answer.")
    if read_error(payload) is not None:
        raise ToldError(payload)
    return payload


def _is_last(payload: dict[str, Any]) -> bool:
    """Whether no words follow, in the streams of OpenAI and of Moondream."""
    return read_delta(payload).finish_reason is not None or payload.get("completed") is True


async def parse_json(text: str | bytes, max_values: int = MAX_VALUES) -> object:
    """What a JSON text stands for; what is no number is None. Raises Broken."""
    if has_too_many_values(text, max_values):
        raise Broken("sent more than any answer has.")
    try:
        if len(text) > MAX_SHORT_CHARS:
            return await asyncio.to_thread(_loads, text)
        return _loads(text)
    except (ValueError, RecursionError):
        raise Broken("sent something that is no JSON.") from None


def _loads(text: str | bytes) -> object:
    return json.loads(text, parse_constant=lambda name: None)
