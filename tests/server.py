"""Moonsight as a person starts it, one process, and clients that speak to it over the wire."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import partial, wraps
from itertools import islice
from pathlib import Path
from threading import Condition, Thread
from typing import IO, Any

import aiohttp
import psutil
import socketio

from bench.memory import held_bytes, model_processes, processes_of
from tests.checkpoint_folders import copy_reference

ROOT = Path(__file__).parent.parent

# Bounds for what hangs; nothing here takes as long when all is well, even on a busy machine.
LINE_TIMEOUT_S = 180
EVENT_TIMEOUT_S = 60
TEST_TIMEOUT_S = 180
EXIT_TIMEOUT_S = 5

Payload = dict[str, Any]


def over_the_wire(test: Callable) -> Callable:
    """Run an `async def` test to its end, in bounded time."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        run_async(lambda: test(*args, **kwargs))

    return run


def run_async(start: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine to its end on a thread of its own and return what it returns.

    The browser tests' Playwright keeps an event loop running on the main thread.
    """

    async def bounded() -> Any:
        return await asyncio.wait_for(start(), TEST_TIMEOUT_S)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, bounded()).result()


def make_checkpoint(folder: Path, max_context: int = 600) -> Path:
    """Write a network of random weights that starts fast, knows nothing and never stops by itself.

    Its answers are the same every time, mean nothing, and last for as many tokens as are asked for,
    so that a test decides how long a request runs.
    """
    copy_reference(folder)
    config = json.loads((folder / "config.json").read_text())
    config["text"]["max_context"] = max_context
    (folder / "config.json").write_text(json.dumps(config))
    weights = bytearray((folder / "model.safetensors").read_bytes())
    _never_choose(weights, config["tokenizer"]["eos_id"])
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def _never_choose(weights: bytearray, token_id: int) -> None:
    """Give one token a bias of minus a billion, in the bytes of a safetensors file."""
    n_header_bytes = int.from_bytes(weights[:8], "little")
    header = json.loads(weights[8 : 8 + n_header_bytes])
    start = 8 + n_header_bytes + header["model.text.lm_head.bias"]["data_offsets"][0]
    # bfloat16 is the upper half of a float32, and both are stored little end first.
    bias = struct.pack("<f", -1e9)[2:]
    weights[start + 2 * token_id : start + 2 * token_id + 2] = bias


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Output:
    """The lines of one stream of a process, as they come."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._is_closed = False
        self._changed = Condition()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        with self._changed:
            return "".join(self._lines)

    def wait_for(self, words: str) -> None:
        """Wait for a line with these words; fails when the stream ends before."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_closed or any(words in line for line in self._lines),
                LINE_TIMEOUT_S,
            )
        assert words in self.text, f"never said {words!r}, but:\n{self.text}"

    def close(self) -> None:
        """Read to the end of a process that has ended."""
        self._reader.join(EXIT_TIMEOUT_S)
        self._stream.close()

    def _read(self) -> None:
        for line in self._stream:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()


class Server:
    """One `python app.py`. `stdout` and `stderr` are what it has said so far."""

    def __init__(
        self,
        *options: str,
        port: int | None = None,
        in_own_group: bool = False,
        **environment: str,
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(self.port), *options],
            cwd=ROOT,
            env=clean_environment() | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=in_own_group,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.stdout = Output(self.process.stdout)
        self.stderr = Output(self.process.stderr)

    def wait_until_open(self) -> "Server":
        self.stdout.wait_for("Moonsight is open")
        return self

    def wait_until_ready(self) -> "Server":
        self.stdout.wait_for("is ready")
        return self

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """GET a page; returns its status, headers and body."""
        request = urllib.request.Request(
            self.url + path, headers={name.replace("_", "-"): v for name, v in headers.items()}
        )
        try:
            with urllib.request.urlopen(request, timeout=EVENT_TIMEOUT_S) as response:
                return response.status, dict(response.headers), response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()

    def health(self) -> tuple[int, Payload]:
        """GET the health check; returns its status and what it tells."""
        status, _, body = self.get("/healthz")
        return status, json.loads(body)

    def n_open(self) -> int:
        """How many requests wait or run."""
        [count] = re.findall(rb"^moonsight_requests_open ([0-9.]+)$", self.get("/metrics")[2], re.M)
        return int(float(count))

    def memory_mb(self) -> float:
        """Resident memory of all its processes."""
        return held_bytes(processes_of(self.process.pid)) / 2**20

    def model_process(self) -> psutil.Process:
        """The process in which the model lives, once it has started."""
        return model_processes(self.process.pid)[0]

    def end(self, signum: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code; fails when it takes too long."""
        self.process.send_signal(signum)
        return self.wait(EXIT_TIMEOUT_S)

    def wait(self, timeout_s: float = LINE_TIMEOUT_S) -> int:
        """Wait for the exit code."""
        exit_code = self.process.wait(timeout_s)
        self.stdout.close()
        self.stderr.close()
        return exit_code

    def close(self) -> None:
        """End it at once with all its processes: a model that still loads would do so in vain."""
        if self.process.poll() is None:
            # The program first: it would start a model anew that it saw breaking off.
            for each in processes_of(self.process.pid):
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
        self.wait()


@contextmanager
def serve(*options: str, in_own_group: bool = False, **environment: str) -> Iterator[Server]:
    """A server for one test, gone at its end however it ends.

    in_own_group: signals can be sent to it and all its processes, as a terminal does.
    """
    server = Server(*options, in_own_group=in_own_group, **environment)
    try:
        yield server
    finally:
        server.close()


def clean_environment() -> dict[str, str]:
    """The environment without options of somebody who runs the tests."""
    kept = {name: v for name, v in os.environ.items() if not name.startswith("MOONSIGHT_")}
    # Two servers may run beside each other; each with one thread is faster than both with all.
    return kept | {"OMP_NUM_THREADS": "1"}


class Client:
    """One connection, as the page has one. `events` is everything it heard, in order.

    reconnects: whether it connects again when it was disconnected; it
    then hears a "connect" each time.
    session: in which the page was opened, with its cookies.
    """

    def __init__(
        self, reconnects: bool = False, session: aiohttp.ClientSession | None = None
    ) -> None:
        self.events: list[tuple[str, Any]] = []
        self._socket = socketio.AsyncClient(
            reconnection=reconnects,
            reconnection_delay=0.2,
            request_timeout=EVENT_TIMEOUT_S,
            http_session=session,
        )
        self._heard = asyncio.Condition()
        self._socket.on("*", self._hear)
        if reconnects:
            self._socket.on("connect", partial(self._hear, "connect"))
        self._n_asked, self._n_heard = 0, Counter[str]()

    async def connect(self, url: str, *transports: str, **headers: str) -> None:
        await self._socket.connect(
            url,
            transports=transports or ("websocket",),
            headers=headers,
            wait_timeout=EVENT_TIMEOUT_S,
        )

    async def close(self) -> None:
        await self._socket.disconnect()

    @property
    def is_connected(self) -> bool:
        return self._socket.connected

    @property
    def sid(self) -> str:
        """As which the server knows it."""
        return self._socket.get_sid()

    async def emit(self, name: str, payload: Any) -> None:
        await self.emit_all(name, payload)

    async def emit_all(self, name: str, *arguments: Any) -> None:
        """Send an event with any number of arguments, none included."""
        await self._socket.emit(name, arguments)

    async def send(self, skill: str = "query", **payload: Any) -> str:
        """Send a request, under an id of its own unless it has one; returns the id."""
        self._n_asked += 1
        payload = {"id": f"request-{self._n_asked}"} | payload
        await self.emit(skill, payload)
        return payload["id"]

    async def ask(self, skill: str = "query", **payload: Any) -> Payload:
        """Send a request and wait for its response."""
        return await self.response(await self.send(skill, **payload))

    async def response(self, id: str) -> Payload:
        return await self.wait_for("response", id)

    async def wait_for(self, name: str, id: str | None = None, **fields: Any) -> Payload:
        """The first event of that name with that id and those fields, heard already or to come."""
        wanted = fields if id is None else {"id": id} | fields
        n_seen = 0
        try:
            async with asyncio.timeout(EVENT_TIMEOUT_S), self._heard:
                while True:
                    for event, payload in islice(self.events, n_seen, None):
                        if event == name and wanted.items() <= payload.items():
                            return payload
                    n_seen = len(self.events)
                    await self._heard.wait()
        except TimeoutError:
            raise AssertionError(f"no {name} with {wanted} among {self.events[-20:]}") from None

    async def count(self, name: str, n: int) -> list[Payload]:
        """Wait until `n` events of that name came; returns them."""
        async with asyncio.timeout(TEST_TIMEOUT_S), self._heard:
            await self._heard.wait_for(lambda: self._n_heard[name] >= n)
        return [payload for event, payload in self.events if event == name]

    def story(self, id: str) -> list[tuple[str, Payload]]:
        """What happened to one request, in order."""
        return [(name, payload) for name, payload in self.events if payload.get("id") == id]

    async def _hear(self, name: str, *arguments: Any) -> None:
        async with self._heard:
            self.events.append((name, arguments[0] if arguments else {}))
            self._n_heard[name] += 1
            self._heard.notify_all()


def end_of(response: Payload) -> str:
    """Why an answer ended, or the code of its error."""
    return response.get("error", {}).get("code", response["finish_reason"])


@asynccontextmanager
async def connect(
    server: Server, transport: str = "websocket", **headers: str
) -> AsyncIterator[Client]:
    """A client that is connected to the server and leaves at the end."""
    client = Client()
    await client.connect(server.url, transport, **headers)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def raw_websocket(server: Server) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A WebSocket that was let in and says whatever a test wants, right or wrong."""
    url = f"{server.url}/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as websocket:
        await websocket.receive()
        await websocket.send_str("40")
        with contextlib.suppress(TimeoutError):
            while not (await websocket.receive_str()).startswith("40"):
                pass
        yield websocket
