"""Servers asked from a test, one thing after the other, on a loop that stands still in between."""

import asyncio
from collections.abc import Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from typing import Any, TypeVar

from backends.first_status import first_status
from backends.upstream.wire.limits import Limits
from backends.upstream.wire.servers import Servers
from protocol.errors import ModelFailed
from protocol.formats.openai_client import read_delta
from protocol.status import Status
from settings import Settings
from tests.scripted_server import WAIT_S

# Nothing waits but for what a test sends; asking again costs no time.
QUICK = Limits(pauses_s=(0.0, 0.0), away_s=(0.001,), loads_s=0.0, linger_s=WAIT_S)
CHAT = "/chat/completions"

T = TypeVar("T")


class Wire:
    """The servers of a model. told: each status that they told, with why it failed."""

    def __init__(self, *urls: str, limits: Limits = QUICK, model: str = Settings.model) -> None:
        settings = Settings(upstream=urls, model=model)
        self.told: list[tuple[Status, ModelFailed | None]] = []
        # Playwright leaves a loop of its own running in the main thread.
        self._thread, self._runner = ThreadPoolExecutor(1), asyncio.Runner()
        self.servers = Servers(
            settings, first_status(settings), lambda *told: self.told.append(told), limits
        )

    @property
    def status(self) -> Status:
        return self.servers.status

    def run(self, work: Awaitable[T]) -> T:
        async def bounded() -> T:
            async with asyncio.timeout(WAIT_S):
                return await work

        return self._thread.submit(self._runner.run, bounded()).result()

    def refresh(self) -> None:
        self.run(self.servers.refresh())

    def ask(self, model: str = "gemma", body: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """All objects of one answer."""
        return self.run(self.asking([], model, body))

    async def asking(
        self,
        objects: list[dict[str, Any]],
        model: str = "gemma",
        body: dict[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """The same, for a loop that runs already; `objects` gets what comes as it comes."""
        async with aclosing(self.servers.post(CHAT, body or {"model": model}, model)) as payloads:
            async for payload in payloads:
                objects.append(payload)
        return objects

    def text(self, model: str = "gemma") -> str:
        """What one answer says."""
        return "".join(read_delta(payload).text for payload in self.ask(model))

    def keep_to(self, limits: Limits) -> None:
        """From now on."""
        for server in self.servers._servers:
            server._limits = limits

    def close(self) -> None:
        self.run(self.servers.close())
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()


@contextmanager
def connected(*urls: str, **options: Any) -> Iterator[Wire]:
    """To servers that were looked for once."""
    wire = Wire(*urls, **options)
    try:
        wire.refresh()
        yield wire
    finally:
        wire.close()
