"""What every HTTP API has in common: who may ask, what is refused, and that nobody else notices."""

import asyncio
import json
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

import psutil
import pytest

from app import create_app
from bench.hostile import BODIES, DATA_URL, JPEG, hostile_posts
from protocol.errors import Busy
from settings import Settings
from tests.fakes import ReadyModel
from tests.server import Server, connect, over_the_wire, serve
from tests.web.forms import CONTENT_TYPE, form, picture
from tests.web.http_client import Told, chunk, open_socket, post, raw_request
from web.loop.calls import Bridge
from web.programs import PATIENCE_S

PATHS = sorted(BODIES)
NAMED = "http://cam.example"
TOO_LARGE = b"x" * 30_000_000


@pytest.fixture(scope="module")
def open_server() -> Iterator[Server]:
    """One that pages of another site and pages from a file may ask."""
    with serve("--model", "demo", "--cors-origin", NAMED, "--cors-origin", "null") as server:
        yield server.wait_until_ready()


def options(server: Server, path: str, origin: str, **headers: str) -> Told:
    """Ask as a browser does before it lets a page ask."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = [f"OPTIONS {path} HTTP/1.1", "Host: localhost", f"Origin: {origin}", *lines]
    return exchange(server, "\r\n".join([*head, "Connection: close", "", ""]).encode())


def exchange(server: Server, sent: bytes) -> Told:
    """Send bytes and read one answer to the end of the connection."""
    with open_socket(server) as connection:
        # A server that refuses may hang up before it has heard all.
        with suppress(OSError):
            connection.sendall(sent)
        return told(b"".join(iter(lambda: connection.recv(2**16), b"")))


def told(data: bytes) -> Told:
    head, _, body = data.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Told(int(status_line.split()[1]), headers, body)


def error_of(answer: Told) -> dict:
    """The error in an answer, whichever API it is of."""
    return answer.json.get("error", answer.json)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "application/json", 400),
        (b'{"messages": [], "messages": []}', "application/json", 400),
        (b'{"question": NaN}', "application/json", 400),
        (b"{}", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (TOO_LARGE, "application/json", 413),
    ],
    ids=[
        *("nothing", "half", "a list", "nested deep", "doubled", "no number", "no fields"),
        *("text", "no type", "a web form", "too large"),
    ],
)
def test_body_that_cannot_be_meant_is_refused_in_words(
    demo_server, path, body, content_type, status
):
    answer = post(demo_server, path, body, content_type)
    assert answer.status == status
    assert len(error_of(answer)["message"]) > 10
    assert len(answer.body) < 1000


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/a.jpg", "https://example.com/a.jpg", "file:///etc/passwd", "ftp://x/y"],
)
def test_picture_that_lies_elsewhere_is_never_fetched(demo_server, path, url):
    body = json.loads(json.dumps(BODIES[path]).replace(DATA_URL, url))
    answer = post(demo_server, path, body)
    assert answer.status == 400
    assert error_of(answer)["code"] == "bad_image"


@pytest.mark.parametrize("path", [*PATHS, "/predict"])
def test_wrong_method_is_refused_with_the_right_one(demo_server, path):
    status, headers, body = demo_server.get(path)
    assert (status, json.loads(body)["error"]["code"]) == (405, "wrong_method")
    assert "POST" in headers["Allow"]


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/", "/v1/../../etc/passwd", "/v1/%2e%2e/%00"])
def test_path_that_is_not_there_is_told_in_words(demo_server, path):
    status, _, body = demo_server.get(path)
    assert (status, json.loads(body)["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", PATHS)
def test_doubled_slashes_are_one(demo_server, path):
    assert post(demo_server, path.replace("/v1/", "//v1//"), BODIES[path]).status == 200


@pytest.mark.parametrize("path", [*PATHS, "/predict"])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost"])
def test_page_of_another_site_is_refused(demo_server, path, origin):
    answer = post(demo_server, path, BODIES.get(path, {}), Origin=origin)
    assert answer.status == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_simple_form_of_another_site_is_refused_before_it_is_read(demo_server):
    """A browser sends such a form without asking first."""
    answer = post(demo_server, "/predict", form(picture(JPEG)), CONTENT_TYPE, Origin="http://a.b")
    assert answer.status == 403


@pytest.mark.parametrize("origin", [NAMED, "null"])
def test_page_of_a_named_site_may_ask_and_read(open_server, origin):
    answer = post(open_server, "/v1/query", BODIES["/v1/query"], Origin=origin)
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "Origin" in answer.headers["Vary"]


def test_page_of_a_named_site_may_read_why_it_was_refused(open_server):
    answer = post(open_server, "/v1/query", b"{", Origin=NAMED)
    assert answer.status == 400
    assert answer.headers["Access-Control-Allow-Origin"] == NAMED


def test_browser_is_told_what_a_named_site_may_send(open_server):
    wanted = {"Access_Control_Request_Method": "POST"}
    wanted["Access_Control_Request_Headers"] = "content-type"
    answer = options(open_server, "/v1/chat/completions", "null", **wanted)
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "null"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type"


def test_browser_is_not_told_that_another_site_may_send(open_server):
    answer = options(open_server, "/v1/query", "http://evil.example")
    assert answer.status == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_no_answer_is_kept_by_anybody_on_the_way(demo_server):
    answer = post(demo_server, "/v1/query", BODIES["/v1/query"])
    assert answer.headers["Cache-Control"] == "no-store"


def test_every_request_has_a_name(demo_server):
    first, second = (post(demo_server, "/v1/query", BODIES["/v1/query"]) for _ in "12")
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


QUERY = json.dumps(BODIES["/v1/query"]).encode()
JSON = "application/json"


def test_body_may_come_in_chunks(demo_server):
    head = raw_request("/v1/query", b"", JSON, "Transfer-Encoding: chunked")
    cut = len(QUERY) // 3
    body = chunk(QUERY[:cut]) + chunk(QUERY[cut:]) + chunk(b"")
    assert exchange(demo_server, head + body).status == 200


@pytest.mark.parametrize("line", [b"nothing\r\n", b"zz\r\n", b"9" * 5000, b"5\r\nab"])
def test_chunks_that_are_none_are_refused(demo_server, line):
    sent = raw_request("/v1/query", line, JSON, "Transfer-Encoding: chunked")
    with open_socket(demo_server) as connection:
        connection.sendall(sent)
        connection.shutdown(1)
        assert connection.recv(2**16).startswith(b"HTTP/1.1 400 ")


def test_chunks_without_end_are_refused_once_they_are_too_many(demo_server):
    head = raw_request("/v1/query", b"", JSON, "Transfer-Encoding: chunked")
    with open_socket(demo_server) as connection:
        connection.sendall(head)
        with suppress(OSError):
            for _ in range(1000):
                connection.sendall(chunk(bytes(100_000)))
        assert connection.recv(2**16).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("encoding", ["gzip, chunked", "identity", "chunked, chunked"])
def test_body_that_is_wrapped_in_an_unknown_way_is_refused(demo_server, encoding):
    sent = raw_request("/v1/query", QUERY, JSON, f"Transfer-Encoding: {encoding}")
    assert exchange(demo_server, sent).status == 501


@pytest.mark.parametrize("length", ["-1", "x", "1" * 30])
def test_length_that_is_none_is_refused(demo_server, length):
    sent = raw_request("/v1/query", QUERY, JSON, f"Content-Length: {length}")
    assert exchange(demo_server, sent).status in (400, 413)


def test_body_that_breaks_off_is_refused(demo_server):
    sent = raw_request("/v1/query", QUERY[:100], JSON, f"Content-Length: {len(QUERY)}")
    with open_socket(demo_server) as connection:
        connection.sendall(sent)
        connection.shutdown(1)
        assert connection.recv(2**16).startswith(b"HTTP/1.1 400 ")


def test_body_is_waited_for_when_its_sender_waits_to_be_asked(demo_server):
    head = raw_request(
        "/v1/query", b"", JSON, f"Content-Length: {len(QUERY)}", "Expect: 100-continue"
    )
    with open_socket(demo_server) as connection:
        connection.sendall(head)
        assert connection.recv(2**16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(QUERY)
        assert connection.recv(2**16).startswith(b"HTTP/1.1 200 ")


def test_body_that_is_too_large_is_not_asked_for(demo_server):
    head = raw_request("/v1/query", b"", JSON, "Content-Length: 99999999", "Expect: 100-continue")
    assert exchange(demo_server, head).status == 413


def test_program_of_http_1_0_is_answered(demo_server):
    sent = raw_request("/v1/query", QUERY, JSON).replace(b"HTTP/1.1", b"HTTP/1.0")
    answer = exchange(demo_server, sent)
    assert (answer.status, "answer" in answer.json) == (200, True)


def test_two_requests_in_one_packet_are_answered_in_order(demo_server):
    last = raw_request("/v1/query", QUERY, JSON)
    first = raw_request("/v1/segment", b"", JSON).replace(b"Connection: close\r\n", b"")
    with open_socket(demo_server) as connection:
        connection.sendall(first + last)
        data = b"".join(iter(lambda: connection.recv(2**16), b""))
    assert data.index(b"HTTP/1.1 501") < data.index(b"HTTP/1.1 200")


def test_foreign_host_is_refused(demo_server):
    sent = raw_request("/v1/query", QUERY, JSON).replace(b"Host: localhost", b"Host: evil.example")
    assert exchange(demo_server, sent).status == 400


def test_reader_that_reads_nothing_holds_nobody_up(demo_server):
    body = json.dumps({**BODIES["/v1/caption"], "stream": True}).encode()
    with open_socket(demo_server) as connection:
        connection.sendall(raw_request("/v1/caption", body, JSON))
        assert post(demo_server, "/v1/query", BODIES["/v1/query"]).status == 200


def test_hostile_requests_leave_a_server_that_answers(demo_server):
    for sent in islice(hostile_posts(seed=2), 120):
        answer = post(demo_server, sent.path, sent.body, sent.media_type)
        assert (
            answer.status == 200
            or error_of(answer)["code" if "error" in answer.json else "message"]
        )
        assert answer.status != 500
    assert post(demo_server, "/v1/query", BODIES["/v1/query"]).status == 200


LONG = {"max_tokens": 2048}


async def stand_in_line(server: Server, n_programs: int) -> list[asyncio.Task[Told]]:
    """Let so many programs ask while somebody is answered, and wait until they stand in line."""
    body = {"question": "And?", "settings": {"max_tokens": 5}}
    n_open = server.n_open()
    asking = [
        asyncio.create_task(asyncio.to_thread(post, server, "/v1/query", body))
        for _ in range(n_programs)
    ]
    while server.n_open() < n_open + n_programs:
        await asyncio.sleep(0)
    return asking


@over_the_wire
async def test_question_of_a_page_waits_for_one_answer_of_programs_at_most(narrow_server):
    async with connect(narrow_server) as anna, connect(narrow_server) as bert:
        await anna.send(id="long", question="Tell me all.", image=JPEG, settings=LONG)
        await anna.wait_for("token", "long")
        programs = await stand_in_line(narrow_server, 2)
        await bert.send(id="question", question="And?", image=JPEG, settings={"max_tokens": 5})
        assert (await bert.wait_for("waiting", "question"))["position"] == 2
        await anna.emit("cancel", {"id": "long"})
        await bert.response("question")
        assert [(await each).status for each in programs] == [200, 200]


@over_the_wire
async def test_programs_leave_a_page_its_places_and_are_told_when_to_come_back(narrow_server):
    async with connect(narrow_server) as anna:
        await anna.send(id="long", question="Tell me all.", image=JPEG, settings=LONG)
        await anna.wait_for("token", "long")
        programs = await stand_in_line(narrow_server, 2)
        refused = await asyncio.to_thread(post, narrow_server, "/v1/query", {"question": "And?"})
        assert (refused.status, error_of(refused)["code"]) == (429, "busy")
        assert int(refused.headers["Retry-After"]) >= 1
        await anna.send(id="next", question="And?", image=JPEG, settings={"max_tokens": 5})
        assert await anna.wait_for("waiting", "next")
        await anna.emit("cancel", {"id": "long"})
        assert (await anna.response("next"))["finish_reason"] == "length"
        assert [(await each).status for each in programs] == [200, 200]


@over_the_wire
async def test_program_that_hangs_up_leaves_the_line(narrow_server):
    async with connect(narrow_server) as anna:
        await anna.send(id="long", question="Tell me all.", image=JPEG, settings=LONG)
        await anna.wait_for("token", "long")
        body = json.dumps({"question": "And?"}).encode()
        with open_socket(narrow_server) as connection:
            connection.sendall(raw_request("/v1/query", body, JSON))
            while narrow_server.n_open() < 2:
                await asyncio.sleep(0)
        while narrow_server.n_open() > 1:
            await asyncio.sleep(0)
        await anna.emit("cancel", {"id": "long"})
        await anna.response("long")


def test_connection_that_breaks_off_is_closed_at_once(demo_server):
    """Those that broke off in the middle of their headers stayed open until the garbage was
    collected, which took hours.
    """
    process = psutil.Process(demo_server.process.pid)
    demo_server.get("/health")
    n_before = process.num_fds()
    reset = struct.pack("ii", 1, 0)
    for _ in range(40):
        with open_socket(demo_server) as connection:
            connection.sendall(b"POST /v1/query HTTP/1.1\r\nHost: local")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    while process.num_fds() > n_before:
        demo_server.get("/health")


class BusyModel(ReadyModel):
    """Has no place for anybody."""

    def submit(self, request: object, sink: object) -> None:
        raise Busy("There is no place.")


@pytest.mark.apart
def test_program_that_asks_too_much_is_told_so_after_a_moment(monkeypatch):
    """64 that asked again at once took the loop's time: a page waited 140 ms instead of 20."""
    pauses: list[float] = []
    monkeypatch.setattr("web.programs.pause", pauses.append)
    client = create_app(Settings(), BusyModel(), Bridge()).test_client()
    assert client.post("/v1/query", json={}).status_code == 400
    assert pauses == []
    assert client.post("/v1/query", json={"question": "What?"}).status_code == 429
    assert pauses == [PATIENCE_S]
