"""The pages of a running server, and who is let in."""

import pytest

from tests.server import connect, over_the_wire, serve

FOREIGN_HOSTS = ["evil.example", "evil.example:{port}", "localhost.evil.example", "localhost@evil"]
PATHS = ["/", "/healthz", "/socket.io/?EIO=4&transport=polling"]


@pytest.mark.parametrize("path", ["/", "/scenes"])
def test_page_is_served(server, path):
    status, headers, body = server.get(path)
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"Moonsight" in body


def test_health_check_says_ready_with_every_field(server):
    status, health = server.health()
    assert status == 200
    held = health.pop("memory_bytes")
    assert held is None or held > 10_000_000
    assert health == {
        "status": "ready",
        "model": "nonsense",
        "device": "cpu",
        "dtype": "float32",
        "revision": None,
        "max_running": 8,
        "progress": None,
        "is_demo": False,
        "notice": None,
        "error": None,
    }


@pytest.mark.parametrize("path", ["/", "/scenes", "/healthz", "/static/favicon.svg", "/nowhere"])
@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Content-Security-Policy", "default-src 'none'"),
        ("Content-Security-Policy", "frame-ancestors 'none'"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(self)"),
    ],
)
def test_security_header_is_on_every_answer(server, path, header, words):
    _, headers, _ = server.get(path)
    assert words in headers[header]


def test_content_policy_allows_nothing_inline(server):
    _, headers, _ = server.get("/")
    assert "unsafe" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_foreign_host_name_is_refused(server, path, host):
    """Another site's name that resolves to this machine could read the answers of this one."""
    status, _, _ = server.get(path, Host=host.format(port=server.port))
    assert status == 400


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "localhost:{port}", "127.0.0.1:1"])
def test_own_host_name_is_answered(server, path, host):
    status, _, _ = server.get(path, Host=host.format(port=server.port))
    assert status == 200


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "https://127.0.0.1:{port}"]
)
def test_foreign_origin_is_refused(server, transport, origin):
    headers = {"Origin": origin.format(port=server.port)}
    if transport == "websocket":
        headers |= {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        }
    status, _, _ = server.get(f"/socket.io/?EIO=4&transport={transport}", **headers)
    assert status == 400


@over_the_wire
async def test_own_origin_is_let_in(server):
    async with connect(server, Origin=server.url) as anna:
        await anna.wait_for("status")


@over_the_wire
async def test_program_without_an_origin_is_let_in(server):
    async with connect(server) as program:
        await program.wait_for("status")


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_origin_that_was_allowed_at_the_start_is_let_in(host):
    """On every address, the allowed origins were forgotten."""
    options = ("--host", host, "--cors-origin", "http://friend.example")
    with serve("--model", "demo", *options) as server:
        server.wait_until_open()
        path = "/socket.io/?EIO=4&transport=polling"
        status, headers, _ = server.get(path, Origin="http://friend.example")
        assert (status, headers["Access-Control-Allow-Origin"]) == (200, "http://friend.example")
        assert server.get(path, Origin="http://stranger.example")[0] == 400
