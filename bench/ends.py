"""What becomes of each request: it must end exactly once, as an answer or as an error in words."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import socketio

from bench.hostile import Hostile
from protocol.request import MAX_ID_CHARS

ANSWER_TIMEOUT_S = 60.0
FIRST_ERROR = 400


@dataclass
class Phase:
    """What became of the requests of one phase.

    refused: told what is wrong with them, or to come back later. broken: answered that something
    inside went wrong. lost: sent whole and never answered. doubled: ended more than once.
    """

    name: str
    sent: int = 0
    answered: int = 0
    refused: int = 0
    broken: int = 0
    lost: int = 0
    doubled: int = 0
    told: list[str] = field(default_factory=list)

    def take(self, error: dict[str, Any] | None) -> None:
        """Count one end: an answer, or an error with its code."""
        if error is None:
            self.answered += 1
        elif error.get("code") == "internal":
            self.broken += 1
            self.told.append(str(error))
        else:
            self.refused += 1

    @property
    def is_right(self) -> bool:
        return not (self.broken or self.lost or self.doubled)


class Page:
    """A Socket.IO client that counts the ends of what it asks."""

    def __init__(self, phase: Phase) -> None:
        self._phase = phase
        self._ends: dict[str, list[dict]] = {}
        self._ended: dict[str, asyncio.Event] = {}
        self.socket = socketio.AsyncClient(reconnection=False)
        self.socket.on("response", self._on_response)

    async def ask(self, name: str, payload: Any) -> None:
        """Ask one thing and count what comes of it."""
        id = uuid4().hex
        if isinstance(payload, dict):
            payload = {"id": id, **payload}
        # Where a payload names no id that can be used, the server makes one.
        wanted = payload.get("id") if isinstance(payload, dict) else None
        key = wanted if isinstance(wanted, str) and 0 < len(wanted) <= MAX_ID_CHARS else ""
        self._ends.setdefault(key, [])
        ended = self._ended[key] = asyncio.Event()
        self._phase.sent += 1
        try:
            await self.socket.emit(name, payload)
            await asyncio.wait_for(ended.wait(), ANSWER_TIMEOUT_S)
        except (TimeoutError, socketio.exceptions.SocketIOError):
            self._phase.lost += 1
            return
        self._phase.take(self._ends[key][-1].get("error"))

    def count_doubled(self) -> None:
        """Count who heard the end of one question twice."""
        self._phase.doubled += sum(len(ends) > 1 for key, ends in self._ends.items() if key)

    def _on_response(self, payload: dict) -> None:
        key = payload["id"] if payload["id"] in self._ends else ""
        self._ends.setdefault(key, []).append(payload)
        if key in self._ended:
            self._ended[key].set()


@asynccontextmanager
async def page(url: str, phase: Phase) -> AsyncIterator[Page]:
    client = Page(phase)
    await client.socket.connect(url, transports=["websocket"], retry=True)
    try:
        yield client
    finally:
        client.count_doubled()
        await client.socket.disconnect()


async def post(session: aiohttp.ClientSession, sent: Hostile, phase: Phase) -> None:
    """Post one thing and count what comes of it."""
    phase.sent += 1
    headers = {"Content-Type": sent.media_type} if sent.media_type else {}
    try:
        async with session.post(sent.path, data=sent.body, headers=headers) as reply:
            text = await reply.text()
            if reply.status < FIRST_ERROR:
                phase.take(None)
                return
            told = json.loads(text)
            error = told.get("error", told)
            assert error["message"], "an error has a sentence"
            phase.take({"code": error.get("code"), "message": error["message"]})
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, AssertionError) as error:
        phase.lost += 1
        phase.told.append(f"{sent.path}: {type(error).__name__}: {error}")
