"""A Firefox, driven by WebDriver BiDi: it needs no program beside it."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("firefox-esr", "firefox")
START_LIMIT_S = 60
LISTENS = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")


def find() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


class Tab:
    """One page; `evaluate` gives what a script's promise resolves to."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._numbers, self._context = socket, count(), ""

    async def open(self) -> None:
        await self._send("session.new", {"capabilities": {}})
        told = await self._send("browsingContext.create", {"type": "tab"})
        self._context = told["context"]

    async def goto(self, url: str) -> None:
        asked = {"context": self._context, "url": url, "wait": "complete"}
        await self._send("browsingContext.navigate", asked)

    async def evaluate(self, function: str, argument: Any) -> Any:
        """Call a function with one argument; both ways it travels as JSON."""
        call = f"({function})({json.dumps(argument)})"
        asked = {
            "expression": f"Promise.resolve({call}).then((value) => JSON.stringify(value ?? null))",
            "target": {"context": self._context},
            "awaitPromise": True,
        }
        told = await self._send("script.evaluate", asked)
        assert told["type"] == "success", told["exceptionDetails"]["text"]
        return json.loads(told["result"]["value"])

    async def _send(self, method: str, params: dict) -> dict:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while True:
            told = await self._socket.receive_json()
            if told.get("id") == number:
                assert told["type"] == "success", told
                return told["result"]


@asynccontextmanager
async def launch(profile: Path) -> AsyncIterator[Tab]:
    """Start the computer's Firefox as a new person."""
    process = await asyncio.create_subprocess_exec(
        *(find() or "", "--headless", "--remote-debugging-port=0", "--profile", str(profile)),
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(START_LIMIT_S):
            address = await _address_of(process.stderr)
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{address}/session", max_msg_size=0) as socket,
        ):
            tab = Tab(socket)
            await tab.open()
            yield tab
    finally:
        process.terminate()
        await process.wait()


async def _address_of(told: asyncio.StreamReader | None) -> str:
    assert told is not None
    async for line in told:
        if found := LISTENS.search(line):
            return found[1].decode()
    raise AssertionError("Firefox ended while starting.")
