"""A hub on this computer: the part of the Hugging Face HTTP API that a download meets.

It answers HEAD and GET of `/{repo}/resolve/{revision}/{file}` as the hub does: small files at once,
large ones by a redirect to another host, which holds them by checksum. It can be told to misbehave,
and remembers every request.
"""

import hashlib
import json
import random
import struct
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import unquote

MOONDREAM2, PUBLISHED = "vikhyatk/moondream2", "2025-06-21"
STARMIE = "moondream/starmie-v1"
COMMIT, STARMIE_COMMIT = "c0ffee" + "0" * 34, "5ca1ab1e" + "0" * 32
CONFIG = b'{"model_type": "moondream1", "torch_dtype": "bfloat16"}'
OLD_TOKENIZER, TOKENIZER = b'{"version": "gpt2"}', b'{"version": "starmie"}'


def make_weights(n_bytes: int = 2**20) -> bytes:
    """A well-formed safetensors file with one tensor of random bytes."""
    header = json.dumps({"x": {"dtype": "U8", "shape": [n_bytes], "data_offsets": [0, n_bytes]}})
    return struct.pack("<Q", len(header)) + header.encode() + random.Random(1).randbytes(n_bytes)


@dataclass(frozen=True)
class Seen:
    """One request. host: "hub" or "cdn"; range: the Range header; token: what it may read."""

    host: str
    method: str
    path: str
    range: str | None
    token: str | None


@dataclass
class Repository:
    """Files of one commit, and how the hub treats who asks for them."""

    commit: str
    revisions: tuple[str, ...]
    files: dict[str, bytes]
    refusal: tuple[int, str] | None = None
    announced_size: int | None = None


@dataclass
class FakeHub:
    """The hub and its file host.

    cuts: bytes after which the next connections for large files break off.
    stalls_after: bytes after which a large file stops coming, when asked for from its start.
    delivered: what is sent for every large file, whatever its checksum promises.
    is_portal: it answers everything with a page, as the network of a hotel does.
    prefix: the path under which everything lies, as on a mirror.
    refused_tokens: what it answers 401 to, whatever is asked for.
    n_bytes_sent: of large files.
    """

    repositories: dict[str, Repository] = field(default_factory=dict)
    requests: list[Seen] = field(default_factory=list)
    cuts: deque[int] = field(default_factory=deque)
    delivered: bytes | None = None
    stalls_after: int | None = None
    is_silent: bool = False
    is_portal: bool = False
    prefix: str = ""
    refused_tokens: tuple[str, ...] = ()
    knows_ranges: bool = True
    n_bytes_sent: int = 0
    url: str = ""
    file_url: str = ""
    closing: Event = field(default_factory=Event)

    @property
    def names_fetched(self) -> list[str]:
        """Files whose bytes were asked for, in order."""
        return [
            seen.path.rpartition("/")[2]
            for seen in self.requests
            if seen.method == "GET" and seen.host == "hub"
        ]

    @property
    def ranges(self) -> list[str | None]:
        """What was asked of the large files."""
        return [seen.range for seen in self.requests if seen.host == "cdn"]

    def blob(self, checksum: str) -> bytes:
        """Look a large file up by its SHA-256."""
        files = (data for each in self.repositories.values() for data in each.files.values())
        return next(data for data in files if hashlib.sha256(data).hexdigest() == checksum)


@contextmanager
def serve_hub() -> Iterator[FakeHub]:
    """A hub that offers moondream2 and its tokenizer, until the block ends."""
    hub = FakeHub()
    hub.repositories = {
        MOONDREAM2: Repository(
            COMMIT,
            (PUBLISHED,),
            {
                "config.json": CONFIG,
                "model.safetensors": make_weights(),
                "tokenizer.json": OLD_TOKENIZER,
            },
        ),
        STARMIE: Repository(STARMIE_COMMIT, ("main",), {"tokenizer.json": TOKENIZER}),
    }
    with _serve(HubHandler, hub) as hub.url, _serve(FileHandler, hub) as hub.file_url:
        try:
            yield hub
        finally:
            hub.closing.set()


@contextmanager
def _serve(handler: type["_Handler"], hub: FakeHub) -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), type(handler.__name__, (handler,), {"hub": hub}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A client that keeps its connection open must not hold the end of a test.
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that stops in the middle is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    """Remembers each request; every answer says how long it is."""

    hub: FakeHub
    host: str
    protocol_version = "HTTP/1.1"
    # Head and body are two small writes, and the second must not wait for an acknowledgement.
    disable_nagle_algorithm = True

    def log_message(self, *args: object) -> None:
        """The terminal belongs to the tests."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        token = self.headers.get("Authorization")
        asked_range = self.headers.get("Range")
        self.hub.requests.append(Seen(self.host, self.command, self.path, asked_range, token))
        if self.hub.is_silent:
            self.hub.closing.wait()
            self.close_connection = True
            return
        self.answer()

    def answer(self) -> None:
        raise NotImplementedError

    def say(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


class HubHandler(_Handler):
    """Knows repositories and revisions; holds small files only."""

    host = "hub"

    def answer(self) -> None:
        if self.hub.is_portal:
            return self.say(200, {"Content-Type": "text/html"}, b"<h1>Welcome to our hotel</h1>")
        if (self.headers.get("Authorization") or "").removeprefix(
            "Bearer "
        ) in self.hub.refused_tokens:
            message = "Invalid credentials in Authorization header"
            return self.say(401, {"X-Error-Message": message})
        if not self.path.startswith(self.hub.prefix):
            return self.say(404, {})
        path = self.path.removeprefix(self.hub.prefix)
        repo, _, rest = path.lstrip("/").partition("/resolve/")
        revision, _, name = map(unquote, rest.partition("/"))
        repository = self.hub.repositories.get(repo)
        if repository is None:
            return self.say(404, {"X-Error-Code": "RepoNotFound"})
        if repository.refusal is not None:
            status, code = repository.refusal
            return self.say(status, {"X-Error-Code": code})
        if revision not in (*repository.revisions, repository.commit):
            return self.say(404, {"X-Error-Code": "RevisionNotFound"})
        if name not in repository.files:
            headers = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": repository.commit}
            return self.say(404, headers)
        return self._offer(repository, repository.files[name], is_large=name.endswith("tensors"))

    def _offer(self, repository: Repository, data: bytes, is_large: bool) -> None:
        headers = {"X-Repo-Commit": repository.commit}
        if not is_large:
            checksum = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            return self.say(200, {**headers, "ETag": f'"{checksum}"'}, data)
        checksum = hashlib.sha256(data).hexdigest()
        headers["X-Linked-Size"] = str(repository.announced_size or len(data))
        headers["X-Linked-ETag"] = f'"{checksum}"'
        return self.say(302, {**headers, "Location": f"{self.hub.file_url}/{checksum}"})


class FileHandler(_Handler):
    """Holds large files by checksum; sends them, or parts of them, or less than it promised."""

    host = "cdn"

    def answer(self) -> None:
        hub = self.hub
        data = self.hub.blob(self.path.lstrip("/")) if hub.delivered is None else hub.delivered
        first, status, headers = 0, 200, {}
        if self.headers.get("Range") and hub.knows_ranges:
            first, status = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")), 206
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        if first >= len(data):
            return self.say(416, {"Content-Range": f"bytes */{len(data)}"})
        if hub.cuts:
            return self._break_off(status, headers, data[first:], hub.cuts.popleft())
        if hub.stalls_after is not None and not first:
            self._break_off(status, headers, data, hub.stalls_after)
            hub.closing.wait()
            return None
        hub.n_bytes_sent += len(data) - first
        return self.say(status, headers, data[first:])

    def _break_off(self, status: int, headers: dict[str, str], rest: bytes, n_bytes: int) -> None:
        self.hub.n_bytes_sent += n_bytes
        self.say(status, {**headers, "Content-Length": str(len(rest))}, rest[:n_bytes])
        self.close_connection = True
