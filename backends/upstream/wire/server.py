"""One server that speaks OpenAI's API: whether it is there, what it has, one attempt to ask it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx2

from backends.upstream.wire.limits import Limits
from backends.upstream.wire.stream import (
    Broken,
    Objects,
    ToldError,
    parse_json,
    read_objects,
    read_whole,
)
from backends.upstream.wire.verdicts import (
    Again,
    is_about_key,
    judge,
    read_retry_after,
    refuse_key,
    refuse_redirect,
)
from outgoing import FAILURES, NOT_REACHED, REFUSED, open_client, why
from protocol.errors import RequestError, UpstreamCut, UpstreamFailed
from protocol.formats.openai_client import read_error, read_error_code, read_models, without
from protocol.hosts import WebAddress

HEADERS = {
    "Accept": "text/event-stream, application/json",
    # What is compressed may be a thousand times as large as what was counted.
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
}
MAX_KEPT = 8
MAX_LISTED_VALUES = 400_000

# Of servers that answer and list no models.
_NO_LIST = (404, 405, 501)
MOONSIGHT = "moonsight"


class Server:
    """On the model's loop only, but for its making. key: sent there and nowhere else, "" for none.

    models: by id, with who owns each. is_well: it answered when it was last looked for; fault: why
    it did not; neither before it was looked for, and while it loads. n_running: answers under way.
    is_missed: set when somebody found it away.
    """

    def __init__(self, address: WebAddress, key: str, limits: Limits) -> None:
        """Raises StartRefused when this computer cannot send."""
        self.host = address.host
        self._url, self._key, self._limits = address.url, key, limits
        headers = {**HEADERS, **({"Authorization": f"Bearer {key}"} if key else {})}
        self._client = open_client(
            "picture",
            is_here=address.is_here,
            headers=headers,
            connect_s=limits.connect_s,
            n_kept=MAX_KEPT,
        )
        self.models: dict[str, str] = {}
        self.is_well = self.was_looked_for = False
        self.fault: str | None = None
        self.n_running = 0
        self.is_missed = asyncio.Event()

    async def look(self) -> None:
        """See whether it is there and what it has."""
        is_well, fault = False, None
        try:
            async with asyncio.timeout(self._limits.look_s):
                self.models = await self._list()
            is_well = True
        except Again as again:
            fault = None if again.is_loading else again.error.message
        except Broken as broken:
            fault = self._away() if broken.is_away else f"{self.host} {broken.words}"
        except RequestError as error:
            fault = error.message
        except TimeoutError:
            fault = self._away()
        self.was_looked_for = True
        # One that is busy with our own answers may have no time to be looked at.
        if is_well or not (self.is_well and self.n_running):
            self.is_well, self.fault = is_well, fault

    async def ask(self, path: str, content: bytes, model: str) -> Objects:
        """Ask once; yields each object that comes.

        Raises Again before the first object, where another attempt may succeed, else what
        `Servers.post` raises.
        """
        has_begun = False
        self.n_running += 1
        try:
            async with self._open("POST", path, content) as response:
                if response.status_code != httpx2.codes.OK:
                    raise await self._refusal(response, model)
                async with aclosing(read_objects(response, self._limits)) as payloads:
                    async for payload in payloads:
                        has_begun = True
                        yield payload
        except ToldError as told:
            error = self._told(told.payload, model)
            raise _cut(error) if has_begun else error from None
        except Broken as broken:
            raise self._broken(broken, has_begun) from None
        finally:
            self.n_running -= 1

    async def close(self) -> None:
        """End every connection."""
        await self._client.aclose()

    async def _list(self) -> dict[str, str]:
        async with self._open("GET", "/models") as response:
            if response.status_code in _NO_LIST:
                return {}
            if response.status_code != httpx2.codes.OK:
                raise await self._refusal(response)
            content = await read_whole(response, self._limits, self._limits.max_models_bytes)
        if content.lstrip().startswith(b"<"):
            raise Broken("answered with a web page, not with OpenAI's API. Is the address right?")
        payload = await parse_json(content, MAX_LISTED_VALUES)
        try:
            models = read_models(payload)
        except ValueError:
            raise Broken("lists no models, as OpenAI's API does. Is the address right?") from None
        return {id: owner for id, owner in models.items() if without(self._key, id) == id}

    @asynccontextmanager
    async def _open(
        self, method: str, path: str, content: bytes | None = None
    ) -> AsyncIterator[httpx2.Response]:
        """What is answered, once its head is there. Raises Broken."""
        request = self._client.build_request(method, f"{self._url}{path}", content=content)
        wait_s = self._limits.first_byte_s
        try:
            async with asyncio.timeout(wait_s):
                response = await self._client.send(request, stream=True)
        except TimeoutError:
            raise Broken(f"sent nothing for {wait_s:g} s.") from None
        except FAILURES as error:
            words = why(error)
            is_away = words in (REFUSED, NOT_REACHED)
            raise Broken(f"{words}.", may_pass=True, is_away=is_away) from None
        try:
            yield response
        finally:
            await response.aclose()
            # Nothing of one request goes into another.
            self._client.cookies.clear()

    async def _refusal(self, response: httpx2.Response, model: str = "") -> Exception:
        status = response.status_code
        if response.has_redirect_location:
            return refuse_redirect(self.host, response.headers["Location"], self._key)
        try:
            async with asyncio.timeout(self._limits.look_s):
                content = await read_whole(response, self._limits, self._limits.max_error_bytes)
            told = read_error(await parse_json(content), self._key)
        except (Broken, TimeoutError):
            told = None
        if is_about_key(status, told):
            return refuse_key(self.host, status, told, has_key=bool(self._key))
        after_s = read_retry_after(response.headers.get("Retry-After"))
        return judge(self.host, status, told, model, after_s)

    def _told(self, payload: dict[str, Any], model: str) -> Exception:
        """What an error means that came in an answer which had begun well."""
        code = read_error_code(payload)
        status = code if isinstance(code, int) and 400 <= code < 600 else 500
        return judge(self.host, status, read_error(payload, self._key), model)

    def _broken(self, broken: Broken, has_begun: bool) -> Exception:
        sentence = f"{self.host} {broken.words}"
        if has_begun:
            # Whether it is gone altogether is worth knowing now.
            self.is_missed.set()
            return UpstreamCut(sentence)
        if broken.is_away:
            self.is_well, self.fault = False, self._away()
            self.is_missed.set()
            sentence = self.fault
        error = UpstreamFailed(sentence)
        return Again(error) if broken.may_pass else error

    def _away(self) -> str:
        return f"No answer from {self.host}. Is it running?"


def _cut(error: Exception) -> UpstreamCut:
    """The same, of an answer that had begun."""
    told = error.error if isinstance(error, Again) else error
    return UpstreamCut(str(told))
