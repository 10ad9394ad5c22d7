"""How the tests of a cluster ask: clients of a web tier, and what becomes of their requests."""

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

from tests.protocol.pictures import encoded
from tests.server import Client, Server, connect, end_of, serve

# As many as ask: none waits, whichever replica it comes to.
ROWS = N_ASKERS = 10
N_REPLICAS = 2
LIMITS = ("--max-running", str(ROWS), "--max-waiting", "16")
# As long as the network's room: half a second at least.
LONG = {"max_tokens": 2048}
SHORT = {"max_tokens": 3}
JPEG = encoded()
BROKE_OFF = "model_failed"


@contextmanager
def tier(where: str, *options: str) -> Iterator[Server]:
    with serve("--ray", where, *LIMITS, *options) as server:
        yield server.wait_until_ready()


async def begin(client: Client, settings: dict = LONG) -> None:
    """Ask for a long answer under the id "long", and wait for its first word."""
    await client.send(id="long", question="Tell me all.", image=JPEG, settings=settings)
    await client.wait_for("token", "long")


async def answered(client: Client, id: str = "short") -> str:
    """Ask something; returns how it ended."""
    response = await client.ask(id=id, question="And?", image=JPEG, settings=SHORT)
    return end_of(response)


async def clients(stack: AsyncExitStack, server: Server, n: int) -> list[Client]:
    """So many, once all replicas are there."""
    joined = [await stack.enter_async_context(connect(server)) for _ in range(n)]
    await joined[0].wait_for("status", max_running=N_REPLICAS * ROWS)
    return joined


def assert_one_end(client: Client, id: str) -> None:
    names = [name for name, _ in client.story(id)]
    assert names.count("response") == 1
    assert names[-1] == "response"
