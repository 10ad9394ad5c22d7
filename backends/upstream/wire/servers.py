"""Who is there: the servers that were named, what models they have, and which of them is asked."""

import asyncio
import json
import os
import re
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from time import monotonic
from typing import Any

from backends.upstream.wire.limits import LIMITS, Limits
from backends.upstream.wire.server import MOONSIGHT, Server
from backends.upstream.wire.stream import Objects
from backends.upstream.wire.verdicts import Again
from protocol.errors import ModelFailed, StartRefused
from protocol.hosts import parse_upstream
from protocol.status import ModelState, Status
from protocol.upstream import KEY_NAME, Abilities
from settings import Settings

MAX_ABILITIES = 64
# Of a body's texts, in characters; to hand it to another thread and back takes as long as this.
MAX_SHORT = 2**19

_KEY = re.compile(r"[\x21-\x7e]*")

OnChange = Callable[[Status, ModelFailed | None], None]


class Servers:
    """On the model's loop only, but for its making. on_change: is told each new status."""

    def __init__(
        self, settings: Settings, status: Status, on_change: OnChange, limits: Limits = LIMITS
    ) -> None:
        """Raises StartRefused when this computer cannot send, or not such a key."""
        key = read_key(os.environ.get(KEY_NAME, ""))
        addresses = {address.url: address for address in map(parse_upstream, settings.upstream)}
        self._servers = [Server(address, key, limits) for address in addresses.values()]
        self._limits, self._on_change = limits, on_change
        self._status, self._wanted = status, status.model
        self._failure: ModelFailed | None = None
        self._abilities: dict[str, Abilities] = {}
        # Whether it is known who is there.
        self._is_known = asyncio.Event()

    @property
    def hosts(self) -> tuple[str, ...]:
        assert self._status.upstream is not None
        return self._status.upstream.hosts

    @property
    def status(self) -> Status:
        return self._status

    async def watch(self) -> None:
        """Look again and again who is there and what they have: often for one that is not."""
        await asyncio.gather(*map(self._watch, self._servers))

    async def refresh(self) -> None:
        """Look once."""
        await asyncio.gather(*map(self._look, self._servers))

    def is_moonsight(self, model: str) -> bool:
        """Whether all that have a model speak Moonsight's own API, too."""
        owners = {each.models[model] for each in self._servers if model in each.models}
        return owners == {MOONSIGHT}

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
        self._tell(self._failure, upstream=replace(self._status.upstream, abilities=known))

    async def post(self, path: str, body: dict[str, Any], model: str) -> Objects:
        """Ask; yields each JSON object that comes back, as it comes, whether streamed or whole.

        path: behind the version, such as /chat/completions. It ends when the server says that the
        answer is whole. Whoever leaves it early closes it, as `contextlib.aclosing` does.
        Raises UpstreamRefused when what was asked is not taken, UpstreamCut when the answer breaks
        off after its first object, else UpstreamFailed, Busy.
        """
        content = await _written(body)
        await self._is_known.wait()
        tried: list[Server] = []
        pauses = _Pauses(self._limits)
        while True:
            server = self._least_busy(model, tried)
            try:
                async with aclosing(server.ask(path, content, model)) as payloads:
                    async for payload in payloads:
                        yield payload
                return
            except Again as failed:
                again = failed
            tried.append(server)
            if not self._others(model, tried):
                tried.clear()
                await asyncio.sleep(pauses.after(again))

    async def close(self) -> None:
        """End every connection."""
        await asyncio.gather(*(server.close() for server in self._servers))

    def _least_busy(self, model: str, tried: list[Server]) -> Server:
        return min(self._others(model, tried), key=lambda server: server.n_running)

    def _others(self, model: str, tried: list[Server]) -> list[Server]:
        """Those that may be asked: of the well ones those that have the model, if there are any."""
        well = [server for server in self._servers if server.is_well]
        fitting = [server for server in well if model in server.models]
        return [each for each in fitting or well or self._servers if each not in tried]

    async def _watch(self, server: Server) -> None:
        n_away = 0
        while True:
            await self._look(server)
            # One without a model may be about to get one.
            is_useful = server.is_well and (server.models or self._wanted)
            n_away = 0 if is_useful else n_away + 1
            away_s = self._limits.away_s
            wait_s = away_s[min(n_away, len(away_s)) - 1] if n_away else self._limits.every_s
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await server.is_missed.wait()
                    self._tell_who_is_there()
            server.is_missed.clear()

    async def _look(self, server: Server) -> None:
        await server.look()
        self._tell_who_is_there()

    def _tell_who_is_there(self) -> None:
        well = [server for server in self._servers if server.is_well]
        if not well:
            self._tell_that_nobody_is()
            return
        self._is_known.set()
        assert self._status.upstream is not None
        models = tuple(dict.fromkeys(id for server in well for id in server.models))
        upstream = replace(self._status.upstream, models=models)
        model = self._wanted or next(iter(models), "")
        if model:
            self._tell(None, state=ModelState.READY, model=model, upstream=upstream)
        else:
            self._fail(f"{well[0].host} lists no models. Name one with --model, start again.")

    def _tell_that_nobody_is(self) -> None:
        if not all(server.was_looked_for for server in self._servers):
            return
        self._is_known.set()
        faults = [server.fault for server in self._servers if server.fault]
        if len(faults) == len(self._servers):
            self._fail(" ".join(dict.fromkeys(faults)))
        else:
            self._tell(None, state=ModelState.LOADING)

    def _fail(self, sentence: str) -> None:
        self._tell(ModelFailed(sentence), state=ModelState.FAILED)

    def _tell(self, failure: ModelFailed | None, **changes: Any) -> None:
        """Tell the status where it is another; none fails without a reason."""
        self._failure = failure
        error = None if failure is None else failure.message
        status = replace(self._status, **changes, error=error)
        if status != self._status:
            self._status = status
            self._on_change(status, failure)


def read_key(text: str) -> str:
    """A key as it can be sent. Raises StartRefused, without the key."""
    key = text.strip()
    if not _KEY.fullmatch(key):
        raise StartRefused(
            f"{KEY_NAME} cannot be sent: it holds something other than plain letters, digits and"
            " signs. Copy the key again."
        )
    return key


async def _written(body: dict[str, Any]) -> bytes:
    """As JSON; many pictures are written on another thread, as it takes milliseconds."""
    return await asyncio.to_thread(_dumps, body) if _n_chars(body) > MAX_SHORT else _dumps(body)


def _dumps(body: dict[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def _n_chars(value: object) -> int:
    match value:
        case str():
            return len(value)
        case dict():
            return sum(map(_n_chars, value.values()))
        case list():
            return sum(map(_n_chars, value))
    return 1


class _Pauses:
    """How long one request waits before each further attempt, until it makes none."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._left = limits, iter(limits.pauses_s)
        self._loads_until = monotonic() + limits.loading_s

    def after(self, again: Again) -> float:
        """In seconds. Raises the error of the last attempt when it was the last."""
        if again.is_loading and monotonic() < self._loads_until:
            return min(again.after_s or self._limits.loads_s, self._limits.retry_after_s)
        pause_s = next(self._left, None)
        if pause_s is None or (again.after_s or 0) > self._limits.retry_after_s:
            raise again.error
        return pause_s if again.after_s is None else again.after_s
