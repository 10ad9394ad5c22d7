"""Whatever comes in at the port: a page, a plain refusal, or the end, and no word here."""

import http.client
import socket
import ssl
from contextlib import closing, suppress

import pytest

from tests.server import EVENT_TIMEOUT_S, connect, over_the_wire


def cookie(n_bytes: int) -> str:
    """Cookies of that many bytes in all, as several programs leave them."""
    return "; ".join(f"c{i}={'x' * 3900}" for i in range(n_bytes // 3900 + 1))[:n_bytes]


def ask(server, *lines: str, host: str = "127.0.0.1") -> bytes:
    """Send a request as it stands and read to the end of the connection."""
    with socket.create_connection((host, server.port), timeout=EVENT_TIMEOUT_S) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        return read_to_the_end(connection)


def read_to_the_end(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(2**16), b""))


@pytest.mark.parametrize("path", ["/", "/static/js/main.js", "/socket.io/?EIO=4&transport=polling"])
@pytest.mark.parametrize("n_bytes", [9_000, 60_000])
def test_page_is_served_beside_the_cookies_of_other_programs(server, path, n_bytes):
    """9,000 bytes of them, which every program on localhost adds to, made the page an empty 400."""
    assert server.get(path, Cookie=cookie(n_bytes))[0] == 200


def test_page_is_served_to_many_lines_of_cookies(server):
    lines = [f"Cookie: c{i}={'x' * 600}" for i in range(90)]
    told = ask(server, "GET / HTTP/1.1", "Host: localhost", "Connection: close", *lines)
    assert told.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@over_the_wire
async def test_connection_opens_beside_the_cookies_of_other_programs(server, transport):
    async with connect(server, transport, Cookie=cookie(60_000)) as anna:
        await anna.wait_for("status")


@pytest.mark.parametrize(
    ("lines", "status", "words"),
    [
        ([f"Cookie: {'x' * 70_000}"], 431, b"cookies"),
        ([f"Cookie: {'x' * 3_000_000}"], 431, b"cookies"),
        ([f"X-{i}: {'x' * 1000}" for i in range(80)], 431, b"65,536 bytes"),
        ([f"X-{i}: x" for i in range(200)], 431, b"headers"),
    ],
)
def test_headers_that_are_too_large_are_refused_in_words(server, lines, status, words):
    told = ask(server, "GET / HTTP/1.1", "Host: localhost", *lines)
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert words in body


def test_request_of_an_old_program_without_a_host_is_answered(server):
    assert b" 200 " in ask(server, "GET /health HTTP/1.0")


def test_request_without_a_host_is_refused_where_one_belongs(server):
    head, _, body = ask(server, "GET /health HTTP/1.1").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert body == b"The request names no host.\n"


@pytest.mark.parametrize("n_tries", [3])
def test_tls_ends_at_once(server, n_tries):
    """It waited for the end of a line that never came, or wrote its bytes into the terminal."""
    for _ in range(n_tries):
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=EVENT_TIMEOUT_S) as plain,
            pytest.raises((ssl.SSLError, ConnectionError)),
        ):
            ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
    assert server.stderr.text == ""


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\n\n\n\n",
        b"\x00" * 20_000,
        b"\xff\xfe\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1.1\r\n\r\n",
        b"GET / HTTP/1.x\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /%ff%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /\xff?\xfe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nno header\r\n: x\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        b"Connection: close\r\n\r\nxyz\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"\r\n\r\n",
        b"GET / HT",
        b"",
    ],
)
def test_what_is_no_request_ends_without_a_word_in_the_terminal(server, data):
    with closing(socket.create_connection(("127.0.0.1", server.port), EVENT_TIMEOUT_S)) as stranger:
        stranger.sendall(data)
        # The server may have been the first to hang up.
        with suppress(OSError):
            stranger.shutdown(socket.SHUT_WR)
        told = read_to_the_end(stranger)
    assert b"Traceback" not in told
    assert b" 500 " not in told.partition(b"\r\n")[0]
    assert server.get("/health")[0] == 200
    assert server.stderr.text == ""


def test_connection_that_is_kept_serves_many_pages(server):
    with closing(http.client.HTTPConnection("localhost", server.port)) as kept:
        for _ in range(3):
            kept.request("GET", "/health")
            response = kept.getresponse()
            response.read()
            assert (response.status, response.will_close) == (200, False)
