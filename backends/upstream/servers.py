"""Who is there: the servers that were named, what models they have, and how they are asked."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx2

from protocol.errors import ModelFailed, UpstreamFailed
from protocol.formats.json_text import read_json
from protocol.formats.openai_answer import read_models
from protocol.hosts import parse_upstream
from protocol.status import ModelState, Status
from protocol.upstream import Abilities
from settings import Settings

KEY_NAME = "MOONSIGHT_UPSTREAM_KEY"
MAX_ABILITIES = 64
PROBE_S = 2.0

OnChange = Callable[[Status, ModelFailed | None], None]


class Servers:
    """On the model's loop only, but for its making. on_change: is told each new status."""

    def __init__(self, settings: Settings, status: Status, on_change: OnChange) -> None:
        self._addresses = [parse_upstream(url) for url in settings.upstream]
        self._status, self._on_change = status, on_change
        self._wanted = status.model
        self._failure: ModelFailed | None = None
        self._abilities: dict[str, Abilities] = {}
        key = os.environ.get(KEY_NAME)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx2.AsyncClient(headers=headers, follow_redirects=False)

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(address.host for address in self._addresses)

    @property
    def status(self) -> Status:
        return self._status

    async def watch(self) -> None:
        """Look again and again who is there and what they have."""
        while True:
            await self.refresh()
            await asyncio.sleep(PROBE_S)

    async def refresh(self) -> None:
        """Look once."""
        try:
            response = await self._client.get(f"{self._addresses[0].url}/models")
            response.raise_for_status()
            models = read_models(response.json())
        except (httpx2.HTTPError, ValueError):
            error = ModelFailed(f"No answer from {self.hosts[0]}. Is it running?")
            self._tell(state=ModelState.FAILED, error=error.message, failure=error)
            return
        assert self._status.upstream is not None
        model = self._wanted or next(iter(models), "")
        upstream = replace(self._status.upstream, models=models)
        self._tell(state=ModelState.READY, model=model, upstream=upstream, error=None, failure=None)

    def is_moonsight(self, model: str) -> bool:
        """Whether all that have a model speak Moonsight's own API, too."""
        return False

    def abilities(self, model: str) -> Abilities:
        """What is known of a model."""
        return self._abilities.get(model) or Abilities(model)

    def learn(self, abilities: Abilities) -> None:
        """Keep what was seen of a model, in the place of what was known; the status tells it."""
        self._abilities.pop(abilities.model, None)
        self._abilities[abilities.model] = abilities
        if len(self._abilities) > MAX_ABILITIES:
            del self._abilities[next(iter(self._abilities))]
        assert self._status.upstream is not None
        known = tuple(self._abilities.values())
        self._tell(upstream=replace(self._status.upstream, abilities=known), failure=self._failure)

    async def post(
        self, path: str, body: dict[str, Any], model: str
    ) -> AsyncIterator[dict[str, Any]]:
        """Ask; yields each JSON object that comes back, as it comes, whether streamed or whole.

        path: behind the version, such as /chat/completions. It ends when the server says that the
        answer is whole. Whoever leaves it early closes it, as `contextlib.aclosing` does.
        Raises UpstreamRefused when what was asked is not taken, UpstreamCut when the answer breaks
        off after its first object, else UpstreamFailed, Busy.
        """
        url = f"{self._addresses[0].url}{path}"
        async with self._client.stream("POST", url, json=body) as response:
            if response.status_code != 200:
                text = (await response.aread()).decode(errors="replace")
                raise UpstreamFailed(f"{self.hosts[0]} answered {response.status_code}: {text}")
            async for event in httpx2.EventSource(response):
                if event.data == "[DONE]":
                    return
                payload = read_json(event.data, "What came")
                assert isinstance(payload, dict)
                yield payload

    async def close(self) -> None:
        """End every connection."""
        await self._client.aclose()

    def _tell(self, *, failure: ModelFailed | None, **changes: Any) -> None:
        self._failure = failure
        status = replace(self._status, **changes)
        if status != self._status:
            self._status = status
            self._on_change(status, failure)
