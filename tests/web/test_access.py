"""Who may enter: a table of doors and keys, and what becomes of somebody who guesses."""

from collections.abc import Iterator
from urllib.error import HTTPError

import moondream
import pytest
import socketio
from openai import AuthenticationError, OpenAI
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from tests.server import Server, over_the_wire, serve
from web import access
from web.access import ALL_BURST, BURST, Access

TOKEN = "open-sesame"
ADDRESS = {"REMOTE_ADDR": "192.0.2.7"}
PAGE = {"Accept": "text/html"}
WAYS = {
    "in the address": {"query_string": {"token": TOKEN}},
    "as a Bearer token": {"headers": {"Authorization": f"Bearer {TOKEN}"}},
    "as Moondream's clients send it": {"headers": {"X-Moondream-Auth": TOKEN}},
}
WRONG = {
    "none": {},
    "an empty one": {"query_string": {"token": ""}},
    "another": {"headers": {"Authorization": "Bearer open-sesamf"}},
    "a part of it": {"headers": {"X-Moondream-Auth": TOKEN[:-1]}},
    "more than it": {"query_string": {"token": f"{TOKEN}!"}},
    "one of a million characters": {"query_string": {"token": "a" * 10**6}},
    "it twice, once wrong": {"query_string": f"token={TOKEN}&token=open-sesamf"},
    "it, and another in a header": {
        "query_string": {"token": TOKEN},
        "headers": {"Authorization": "Bearer another-one"},
    },
    "it as a password": {"headers": {"Authorization": f"Basic {TOKEN}"}},
    "it without a scheme": {"headers": {"Authorization": TOKEN}},
    "it under another name": {"query_string": {"key": TOKEN}},
    "it as a cookie": {"headers": {"Cookie": f"token={TOKEN}"}},
    "signs of another alphabet": {"query_string": {"token": "öpen-sesame"}},
}


@Request.application
def everything(request: Request) -> Response:
    return Response(f"answered {request.full_path}")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(clock: Clock) -> Client:
    return Client(Access(TOKEN, clock).guard(everything), use_cookies=True)


def status(client: Client, **asked) -> int:
    return client.get("/v1/models", environ_base=ADDRESS, **asked).status_code


@pytest.mark.parametrize("way", WAYS)
def test_token_opens(client: Client, way: str):
    assert status(client, **WAYS[way]) == 200


@pytest.mark.parametrize("what", WRONG)
def test_nothing_else_does(client: Client, what: str):
    assert status(client, **WRONG[what]) == 401


def test_page_gets_a_cookie_and_an_address_without_the_token(client: Client):
    came = client.get(f"/scenes?a=1&token={TOKEN}&b=<", headers=PAGE, environ_base=ADDRESS)
    cookie = came.headers["Set-Cookie"]
    assert all(each in cookie for each in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert TOKEN not in came.text + cookie
    assert "url=/scenes?a=1&amp;b=%3C" in came.text
    assert status(client) == 200
    assert came.headers["Cache-Control"] == "no-store"


def test_link_leads_to_no_other_site(client: Client):
    elsewhere = {"PATH_INFO": "//evil.example"}
    came = client.get(f"/?token={TOKEN}", headers=PAGE, environ_overrides=elsewhere)
    assert 'url=/evil.example"' in came.text


def test_cookie_is_sent_through_tls_alone_where_it_came_through_tls(client: Client):
    came = client.get(f"/?token={TOKEN}", base_url="https://host", headers=PAGE)
    assert "Secure" in came.headers["Set-Cookie"]


def test_cookie_of_another_token_opens_nothing(client: Client):
    client.get(f"/?token={TOKEN}", headers=PAGE, environ_base=ADDRESS)
    cookies = {each.key: each.value for each in client._cookies.values()}
    renewed = Client(Access("another-token").guard(everything), use_cookies=True)
    for name, value in cookies.items():
        renewed.set_cookie(name, value)
        # Nor under the name that the new one has.
        renewed.set_cookie(Access("another-token")._cookie_name, value)
    assert status(renewed) == 401


def test_person_reads_a_sentence_and_a_program_what_it_knows(client: Client):
    person = client.get("/", headers=PAGE)
    assert person.text.startswith("This Moonsight asks for its token.")
    assert person.mimetype == "text/plain"
    program = client.get("/v1/models")
    assert program.json["error"]["code"] == "unauthorized"
    assert program.headers["WWW-Authenticate"].startswith("Bearer")


def test_browser_may_ask_whether_it_may_ask(client: Client):
    """It sends no token with that, to any server."""
    assert client.options("/v1/models").status_code == 200


def test_ten_thousand_guesses_are_not_read_and_told_once_without_the_token(
    client: Client, clock: Clock, caplog: pytest.LogCaptureFixture
):
    guesses = [status(client, query_string={"token": f"guess-{n}"}) for n in range(10_000)]
    assert guesses.count(401) == BURST
    assert set(guesses) == {401, 429}
    # Nor is the right one, from there, for a while.
    assert status(client, query_string={"token": TOKEN}) == 429
    told = [record.getMessage() for record in caplog.records]
    assert told == ["192.0.2.7 sent too many wrong tokens; more are not read"]
    clock.now += 60
    assert status(client, query_string={"token": TOKEN}) == 200


def test_many_addresses_guess_no_more_than_one_and_lock_nobody_out(client: Client):
    me = {"REMOTE_ADDR": "198.51.100.1"}
    right = {"query_string": {"token": TOKEN}, "environ_base": me}
    assert client.get("/v1/models", **right).status_code == 200
    read = 0
    for n in range(1000):
        from_there = {"REMOTE_ADDR": f"10.0.{n // 250}.{n % 250}"}
        asked = client.get("/v1/models?token=wrong-one", environ_base=from_there)
        read += asked.status_code == 401
    assert read == ALL_BURST
    assert client.get("/v1/models", **right).status_code == 200


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_device_with_many_addresses_is_one(address: str, counted_as: str):
    assert access._address({"REMOTE_ADDR": address}) == counted_as


def test_addresses_are_forgotten_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(access, "MAX_ADDRESSES", 3)
    door = Access(TOKEN)
    client = Client(door.guard(everything))
    for n in range(10):
        client.get(f"/?token={TOKEN}", environ_base={"REMOTE_ADDR": f"10.0.0.{n}"})
    assert len(door._allowances) == len(door._known) == 3


DOORS = (
    *("/", "/scenes", "/offline", "/service_worker.js", "/static/js/main.js"),
    *("/static/manifest.webmanifest", "/health", "/healthz", "/metrics", "/openapi.json"),
    *("/v1/models", "/predict", "/nothing", "/../etc/passwd", "//"),
)


@pytest.fixture(scope="module")
def locked(checkpoint) -> Iterator[Server]:
    with serve("--model", str(checkpoint), MOONSIGHT_TOKEN=TOKEN) as server:
        yield server.wait_until_ready()
        assert server.end() == 0
        assert TOKEN not in server.stdout.text + server.stderr.text


@pytest.mark.parametrize("door", DOORS)
def test_every_door_of_the_program_is_behind_it(locked: Server, door: str):
    without, _, _ = locked.get(door)
    with_token, _, _ = locked.get(door, Authorization=f"Bearer {TOKEN}")
    assert without == 401
    assert with_token != 401


def test_clients_of_both_apis_send_it_as_their_key(locked: Server):
    with OpenAI(base_url=f"{locked.url}/v1", api_key=TOKEN, max_retries=0) as client:
        assert client.models.list().data
    guessing = OpenAI(base_url=f"{locked.url}/v1", api_key="another-one", max_retries=0)
    with guessing, pytest.raises(AuthenticationError, match="asks for its token"):
        guessing.models.list()
    seeing = moondream.vl(endpoint=f"{locked.url}/v1", api_key=TOKEN)
    assert "answer" in seeing.query(question="What is it?", settings={"max_tokens": 2})
    with pytest.raises(HTTPError, match="401"):
        moondream.vl(endpoint=f"{locked.url}/v1").query(question="What is it?")


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@over_the_wire
async def test_connection_says_the_token_of_itself(locked: Server, transport: str):
    async with socketio.AsyncSimpleClient() as client:
        await client.connect(locked.url, transports=[transport], auth={"token": TOKEN})
        assert (await client.receive(timeout=10))[0] == "status"


@pytest.mark.parametrize(
    "auth", [None, {}, {"token": "wrong-one"}, {"token": 7}, {"token": ""}, "open-sesame", [TOKEN]]
)
@over_the_wire
async def test_connection_without_it_hears_nothing_but_why(locked: Server, auth: object):
    client, told = socketio.AsyncClient(reconnection=False), []
    client.on("*", lambda *heard: told.append(heard))
    client.on("connect_error", lambda why: told.append(why))
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(locked.url, transports=["websocket"], auth=auth)
    assert [why["data"]["code"] for why in told] == ["unauthorized"]
