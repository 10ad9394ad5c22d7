"""Pages of several servers are reached through one Redis, and are as ever without it."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from socketio import RedisManager

from tests.fakes import WAIT_S
from tests.protocol.pictures import encoded
from tests.redis_server import redis_server
from tests.server import Server, connect, free_port, over_the_wire, serve

redis = pytest.importorskip("redis")
if shutil.which("redis-server") is None:
    pytest.skip("redis-server is not installed", allow_module_level=True)

CHANNEL = "moonsight"


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def servers(checkpoint, port: int) -> Iterator[list[Server]]:
    """Two; there is no Redis yet."""
    options = ("--model", str(checkpoint), "--redis", url(port))
    with serve(*options) as first, serve(*options) as second:
        yield [each.wait_until_ready() for each in (first, second)]


def url(port: int) -> str:
    return f"redis://127.0.0.1:{port}"


@over_the_wire
async def test_page_is_answered_while_redis_is_away_and_it_is_said_once(servers):
    for server in servers:
        async with connect(server) as page:
            response = await page.ask(question="And?", image=encoded(), settings={"max_tokens": 3})
            assert response["finish_reason"] == "length"
        server.stderr.wait_for("Redis is away")
        assert server.stderr.text.count("Redis is away") == 1


@over_the_wire
async def test_what_is_told_through_redis_reaches_the_one_page_wherever_it_is(servers, port):
    with redis_server(port), redis.Redis(port=port) as client:
        # As soon as both listen again.
        while dict(client.pubsub_numsub(CHANNEL))[CHANNEL.encode()] < len(servers):
            pass
        teller = RedisManager(url(port), CHANNEL, write_only=True)
        with ExitStack() as stack:
            heard = stack.enter_context(client.pubsub())
            heard.subscribe(CHANNEL)
            assert heard.get_message(timeout=WAIT_S)["type"] == "subscribe"
            async with connect(servers[0]) as ann, connect(servers[1]) as bob:
                for n, page in enumerate((ann, bob)):
                    teller.emit("told", {"id": str(n)}, to=page.sid)
                    await page.wait_for("told", str(n))
                    assert heard.get_message(timeout=WAIT_S)["type"] == "message"
                await ann.ask(question="And?", image=encoded(), settings={"max_tokens": 3})
                assert not ann.story("1")
                assert not bob.story("0")
            # Answers go to their own connection alone, and never through Redis.
            assert heard.get_message() is None
