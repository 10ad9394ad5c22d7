"""The pages of a running server, and who is let in."""

import json
import re
import shutil
from types import SimpleNamespace

import pytest
from flask import Flask
from PIL import Image

from protocol.frame import FrameLimits
from protocol.status import Cluster, ModelState, Status
from protocol.upstream import Upstream
from tests.server import ROOT, connect, over_the_wire, serve
from web.page import add_pages
from web.page_files import FOREVER, MEDIA_TYPES

FOREIGN_HOSTS = ["evil.example", "evil.example:{port}", "localhost.evil.example", "localhost@evil"]
FOREIGN_HOSTS += [
    "[::2]",
    "127.0.0.2",
    "localhost..",
    "localhost,evil.example",
    "localhost:http",
    "[::1",
    "\xff",
]
OWN_HOSTS = ["localhost", "127.0.0.1", "localhost:{port}", "127.0.0.1:1", "LOCALHOST:{port}"]
OWN_HOSTS += [
    "localhost.",
    "localhost.:{port}",
    "[::1]",
    "[::1]:{port}",
    "[0:0:0:0:0:0:0:1]:{port}",
]
POLLING = "/socket.io/?EIO=4&transport=polling"
PATHS = ["/", "/healthz", POLLING]


@pytest.mark.parametrize("path", ["/", "/scenes"])
def test_page_is_served(server, path):
    status, headers, body = server.get(path)
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"Moonsight" in body


def page_of(
    host: str = "",
    *,
    is_here: bool = True,
    has_frames: bool = False,
    goes_to: Upstream | Cluster | None = None,
) -> str:
    """The page of a server whose alerts go to a host, and its pictures to others, if any."""
    app = Flask("moonsight", root_path=str(ROOT))
    model = SimpleNamespace(status=Status(ModelState.READY, "demo"))
    hook = SimpleNamespace(host=host, is_here=is_here, has_frames=has_frames) if host else None
    add_pages(app, model, FrameLimits(1, 1), hook, goes_to)
    return app.test_client().get("/").text


NOTHING_LEAVES, NOWHERE_ELSE = "Nothing leaves this computer", "goes nowhere else."


@pytest.mark.parametrize("fields", [{}, {"host": "localhost:81", "has_frames": True}])
def test_page_promises_that_nothing_leaves_where_nothing_does(fields: dict):
    page = page_of(**fields)
    assert NOTHING_LEAVES in page
    assert NOWHERE_ELSE in page
    assert f'data-alert-host="{fields.get("host", "")}"' in page
    assert f'data-alert-frames="{"true" if fields else "false"}"' in page


@pytest.mark.parametrize("has_frames", [False, True])
def test_page_says_where_alerts_go_when_that_is_another_computer(has_frames: bool):
    page = page_of("hooks.example", is_here=False, has_frames=has_frames)
    assert NOTHING_LEAVES not in page
    assert 'Alerts go to <span translate="no">hooks.example</span>' in page
    assert (NOWHERE_ELSE in page) == (not has_frames)
    assert f'data-alert-frames="{str(has_frames).lower()}"' in page


AWAY = Upstream(("api.example.com",), is_here=False)
AWAY_TWICE = Upstream(("a.example", "b.example"), is_here=False)
HERE = Upstream(("localhost:8080",), is_here=True)
CLUSTER = Cluster("10.0.0.5:6379", is_here=False)
LONG_HOST = "inference.eu-central.example.com:8443"


@pytest.mark.parametrize(
    ("goes_to", "where"),
    [
        (AWAY, "api.example.com"),
        (AWAY_TWICE, "a.example and b.example"),
        (Upstream(("a:1", "b:2", "c:3"), is_here=False), "a:1, b:2 and c:3"),
        (Upstream((LONG_HOST,), is_here=False), LONG_HOST),
        (HERE, "another program on this computer"),
        (CLUSTER, "10.0.0.5:6379"),
    ],
)
def test_page_says_where_pictures_go_when_others_answer(goes_to: Upstream | Cluster, where: str):
    """One on this computer may send them on: it is never promised that nothing leaves."""
    page = without_marks(page_of(goes_to=goes_to))
    is_long = len(where) > 32
    assert page.count(f"Pictures go to {where}<") == 1 + (not is_long), "also below, on a phone"
    assert ("promise--long" in page) == is_long
    assert f"Each picture you ask about goes to {where}." in page
    assert NOTHING_LEAVES not in page
    assert NOWHERE_ELSE not in page
    assert "looked at on this computer" not in page


@pytest.mark.parametrize("goes_to", [AWAY, HERE, CLUSTER])
@pytest.mark.parametrize("has_frames", [False, True])
def test_page_says_where_pictures_and_where_alerts_go(
    goes_to: Upstream | Cluster, has_frames: bool
):
    page = page_of("hooks.example", is_here=False, has_frames=has_frames, goes_to=goes_to)
    page = without_marks(page)
    assert ", alerts to hooks.example<" in page
    assert (", and with an alert to hooks.example." in page) == has_frames


def without_marks(page: str) -> str:
    """With the names that are kept from translation as part of their sentences."""
    return re.sub(r'<span translate="no">(.*?)</span>', r"\1", page)


def test_health_check_says_ready_with_every_field(server):
    status, health = server.health()
    assert status == 200
    held = health.pop("memory_bytes")
    assert health.pop("cache_bytes") > 1_000_000
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
        "gpu_fault": None,
        "upstream": None,
        "cluster": None,
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


def test_page_names_the_version_of_its_files(server):
    _, _, body = server.get("/")
    addresses = re.findall(rb'(?:src|href)="(/static/[^"]+)"', body)
    assert addresses
    # The one that says where the page begins, seen from itself.
    for address in {each.decode() for each in addresses} - {"/static/manifest.webmanifest"}:
        assert address.startswith("/static/v/")
        assert server.get(address)[1]["Cache-Control"] == FOREVER


@pytest.mark.parametrize(
    ("path", "coding"),
    [
        *[("/", "br"), ("/offline", "br"), ("/service_worker.js", "br")],
        *[("/static/js/main.js", "br"), ("/static/favicon.svg", "br")],
        *[("/healthz", None), ("/metrics", None), ("/v1/models", None)],
        *[("/static/scenes/red-circle.png", None), (POLLING, None)],
    ],
)
def test_what_is_the_same_for_everybody_is_compressed_and_nothing_else(server, path, coding):
    _, headers, _ = server.get(path, **{"Accept-Encoding": "gzip, deflate, br, zstd"})
    assert headers.get("Content-Encoding") == coding
    assert ("Accept-Encoding" in headers.get("Vary", "")) == (coding is not None)


def test_content_policy_allows_nothing_inline(server):
    _, headers, _ = server.get("/")
    assert "unsafe" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_foreign_host_name_is_refused(server, path, host):
    """Another site's name that resolves to this machine could read the answers of this one."""
    status, headers, body = server.get(path, Host=host.format(port=server.port))
    assert (status, headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert body == f"Open this page as http://localhost:{server.port}\n".encode()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", OWN_HOSTS)
def test_own_host_name_is_answered(server, path, host):
    """`[::1]` was refused, and so was every spelling but one."""
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


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost", "[::1]"])
@over_the_wire
async def test_own_origin_is_let_in(server, host):
    own = {"Host": f"{host}:{server.port}", "Origin": f"http://{host.lower()}:{server.port}"}
    async with connect(server, **own) as anna:
        await anna.wait_for("status")


@over_the_wire
async def test_program_without_an_origin_is_let_in(server):
    async with connect(server) as program:
        await program.wait_for("status")


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_origin_that_was_allowed_at_the_start_is_let_in(host):
    """On every address, the allowed origins were forgotten; with a slash, they let nobody in."""
    allowed = (
        "--cors-origin",
        "http://friend.example/",
        "--cors-origin",
        "HTTP://Other.Example:80",
    )
    with serve("--model", "demo", "--host", host, *allowed) as server:
        server.wait_until_open()
        path = "/socket.io/?EIO=4&transport=polling"
        for origin in ("http://friend.example", "http://other.example"):
            status, headers, _ = server.get(path, Origin=origin)
            assert (status, headers["Access-Control-Allow-Origin"]) == (200, origin)
        for origin in (
            "http://stranger.example",
            "https://friend.example",
            "null",
            "*",
            "http://[",
        ):
            assert server.get(path, Origin=origin)[0] == 400


@pytest.mark.parametrize("host", ["0.0.0.0"])
def test_every_name_is_answered_on_every_address_and_nothing_that_is_none(host):
    with serve("--model", "demo", "--host", host) as server:
        server.wait_until_open()
        for name in ("cam.example", "192.168.0.7:1", "[fe80::1]", "LOCALHOST."):
            assert server.get("/", Host=name)[0] == 200
        for name in ("[::1", "a b", "evil@", "x:y"):
            assert server.get("/", Host=name)[0] == 400


STATIC = ROOT / "static"
HOSTILE_TABLE = "text/plain js mjs css svg png\napplication/x-evil json html woff2 webmanifest\n"


@pytest.fixture(scope="module")
def odd_computer(tmp_path_factory):
    """A server on a computer whose table of types knows nothing of the web."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "mime.types").write_text(HOSTILE_TABLE)
    (folder / "sitecustomize.py").write_text(
        f"import mimetypes\nmimetypes.knownfiles.append({str(folder / 'mime.types')!r})\n"
    )
    with serve("--model", "demo", PYTHONPATH=str(folder)) as server:
        yield server.wait_until_open()


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("js/main.js", "text/javascript; charset=utf-8"),
        ("css/base.css", "text/css; charset=utf-8"),
        ("favicon.svg", "image/svg+xml; charset=utf-8"),
        ("scenes/red-circle.png", "image/png"),
        ("scenes/scenes.json", "application/json"),
        ("manifest.webmanifest", "application/manifest+json"),
    ],
)
def test_types_of_files_do_not_depend_on_the_computer(odd_computer, path, media_type):
    """Where some program had made .js text/plain, browsers refused every script of the page."""
    assert odd_computer.get(f"/static/{path}")[1]["Content-Type"] == media_type


def test_icons_of_the_installed_page_are_as_large_as_it_says():
    for icon in json.loads((STATIC / "manifest.webmanifest").read_bytes())["icons"]:
        with Image.open(STATIC / icon["src"]) as image:
            assert "x".join(map(str, image.size)) == icon["sizes"]
            # Systems cut their own shape out of one that may be cut, and of no other.
            is_opaque = image.convert("RGBA").getextrema()[3][0] == 255
            assert is_opaque == (icon["purpose"] == "maskable")


def test_browser_is_given_all_that_it_shows_while_the_server_is_away(server):
    _, headers, body = server.get("/service_worker.js")
    script, page = body.decode(), server.get("/offline")[2].decode()
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["Cache-Control"] == "no-cache"
    loaded = set(re.findall(r'(?:src|href)="(/[^"]+)"', page))
    sheets = re.findall(r'"(\w+)"', re.search(r"const SHEETS = \[(.*)\]", script)[1])
    kept = {f"/static/css/{sheet}.css" for sheet in sheets} | set(re.findall(r'"(/[^"]+)"', script))
    assert kept == loaded | {"/offline"}
    assert all(server.get(path)[0] == 200 for path in kept)


def test_every_change_to_a_file_of_the_page_is_told_to_browsers(tmp_path):
    line = tmp_path / "static" / "js" / "line"
    line.mkdir(parents=True)
    shutil.copy(STATIC / "js" / "line" / "service_worker.js", line)

    def worker() -> str:
        app = Flask("moonsight", root_path=str(tmp_path))
        model = SimpleNamespace(status=Status(ModelState.READY, "demo"))
        add_pages(app, model, FrameLimits(1, 1))
        return app.test_client().get("/service_worker.js").text

    before = worker()
    assert before == worker()
    (tmp_path / "static" / "favicon.svg").write_text("<svg/>")
    assert before != worker()


def test_every_file_of_the_page_has_a_type():
    suffixes = {path.suffix for path in STATIC.rglob("*") if path.is_file()}
    assert suffixes <= MEDIA_TYPES.keys()


PUBLIC = "https://cam.example"
# As whatever ends TLS in front of it asks, on behalf of a page of that address.
FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "cam.example"}


def test_page_with_another_name_and_tls_in_front_may_ask():
    with serve("--model", "demo", "--public-url", f"{PUBLIC}/") as server:
        server.wait_until_open()
        server.stdout.wait_for(f"People find it at {PUBLIC}")
        for host in ("cam.example", "localhost"):
            assert server.get(POLLING, Host=host, Origin=PUBLIC)[0] == 200
            assert server.get(POLLING, Host=host, Origin="http://evil.example")[0] == 400
        status, _, body = server.get("/", Host="evil.example")
        assert (status, body) == (400, f"Open this page as {PUBLIC}\n".encode())


@pytest.mark.parametrize(("proxy", "status"), [("127.0.0.0/8", 200), ("10.0.0.5", 400)])
def test_only_a_trusted_proxy_says_at_which_address_it_was_asked(proxy: str, status: int):
    with serve("--model", "demo", "--host", "0.0.0.0", "--trusted-proxy", proxy) as server:
        server.wait_until_open()
        assert server.get(POLLING, Origin=PUBLIC, **FORWARDED)[0] == status
        assert server.get(POLLING, Origin=PUBLIC)[0] == 400
