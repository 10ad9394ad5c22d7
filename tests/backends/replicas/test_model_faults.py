"""Whatever dies or misbehaves between a page and its answer, every request has one end."""

import asyncio
import signal
from base64 import b64encode
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import aiohttp
import pytest

from protocol.hosts import parse_cluster
from tests.protocol.pictures import encoded
from tests.ray_cluster import HEAD_IP, RayCluster, ray_cluster
from tests.server import (
    Client,
    Server,
    connect,
    free_port,
    make_checkpoint,
    over_the_wire,
    serve,
)

pytestmark = pytest.mark.ray

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


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network whose answers are long enough for something to happen meanwhile."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoints") / "nonsense", max_context=4000)


@pytest.fixture(scope="module")
def where(cluster: RayCluster, checkpoint: Path) -> str:
    return cluster.deploy("--model", str(checkpoint), "--replicas", "2", *LIMITS)


@pytest.fixture(scope="module")
def server(where: str) -> Iterator[Server]:
    with tier(where) as server:
        yield server


async def begin(client: Client, id: str = "long") -> None:
    await client.send(id=id, question="Tell me all.", image=JPEG, settings=LONG)
    await client.wait_for("token", id)


async def answered(client: Client, id: str = "short") -> str:
    """Ask something; returns how it ended."""
    response = await client.ask(id=id, question="And?", image=JPEG, settings=SHORT)
    return end_of(response)


def end_of(response: dict) -> str:
    return response.get("error", {}).get("code") or response["finish_reason"]


async def clients(stack: AsyncExitStack, server: Server, n: int) -> list[Client]:
    """So many, once all replicas are there."""
    joined = [await stack.enter_async_context(connect(server)) for _ in range(n)]
    await joined[0].wait_for("status", max_running=N_REPLICAS * ROWS)
    return joined


def assert_one_end(client: Client, id: str) -> None:
    names = [name for name, _ in client.story(id)]
    assert names.count("response") == 1
    assert names[-1] == "response"


@over_the_wire
async def test_replica_that_is_killed_costs_its_answers_one_error_and_the_others_nothing(
    cluster, where, server
):
    async with AsyncExitStack() as stack:
        askers = await clients(stack, server, N_ASKERS)
        await asyncio.gather(*(begin(each) for each in askers))
        killed = cluster.replicas(where)[0]
        killed.kill()
        ends = [end_of(await each.response("long")) for each in askers]
        assert set(ends) == {BROKE_OFF, "length"}
        for each in askers:
            assert_one_end(each, "long")
        # Whoever asks at once is answered by the other.
        assert [await answered(each) for each in askers] == ["length"] * len(askers)


@over_the_wire
async def test_replica_that_hangs_is_given_up_and_replaced(cluster, where, server):
    async with AsyncExitStack() as stack:
        askers = await clients(stack, server, N_ASKERS)
        await asyncio.gather(*(begin(each) for each in askers))
        silent = cluster.replicas(where)[0]
        silent.send_signal(signal.SIGSTOP)
        ends = [end_of(await each.response("long")) for each in askers]
        assert set(ends) == {BROKE_OFF, "length"}
        # The cluster ends it and starts another, to which those who ask meanwhile go.
        assert [await answered(each) for each in askers] == ["length"] * len(askers)


@over_the_wire
async def test_answers_of_a_tier_that_was_killed_end(cluster, where, server):
    async with connect(server) as witness:
        with tier(where) as other:
            async with AsyncExitStack() as stack:
                askers = await clients(stack, other, N_ASKERS)
                await asyncio.gather(*(begin(each) for each in askers))
                other.close()
        # Else this would wait for all of those to be written to nobody.
        assert await answered(witness) == "length"


@over_the_wire
async def test_model_process_that_breaks_off_costs_one_error_and_comes_back(where):
    """Before anybody was answered, too: a lost cluster may end it."""
    with tier(where) as server:
        async with connect(server) as anna:
            server.model_process().kill()
            await anna.wait_for("status", status="loading")
            assert await answered(anna) == "length"
            await begin(anna)
            server.model_process().kill()
            assert end_of(await anna.response("long")) == BROKE_OFF
            assert_one_end(anna, "long")
            assert await answered(anna, "again") == "length"


@over_the_wire
async def test_redeploy_and_scaling_down_end_no_answer(cluster, checkpoint, where, server):
    async with AsyncExitStack() as stack:
        askers = await clients(stack, server, 16)
        for each in askers:
            await each.send(id="long", question="Tell me all.", image=JPEG, settings=LONG)
        await askers[0].wait_for("token", "long")
        name = parse_cluster(where).name
        options = "--model", str(checkpoint), *LIMITS, "--max-prefix-bytes", "1000000"
        for n_replicas in "12":
            deploy = cluster.deploy, *options, "--replicas", n_replicas
            await asyncio.to_thread(*deploy, name=name)
        ends = [end_of(await each.response("long")) for each in askers]
        assert ends == ["length"] * 16


@over_the_wire
async def test_cancel_right_behind_its_request_ends_it_and_none_is_left_running(server):
    async with connect(server) as anna:
        for number in range(300):
            await anna.send(id=f"{number}", question="And?", image=JPEG, settings=LONG)
            await anna.emit("cancel", {"id": f"{number}"})
        ends = [end_of(await anna.response(f"{number}")) for number in range(300)]
        assert set(ends) <= {"cancelled", "busy"}
        # All rows are free: as many as there are begin at once.
        async with AsyncExitStack() as stack:
            askers = await clients(stack, server, N_ASKERS)
            await asyncio.gather(*(begin(each) for each in askers))


@over_the_wire
async def test_clients_of_one_name_at_two_tiers_are_two(where, server):
    """All programs of an address are one client, at each tier."""
    with tier(where) as other:
        async with aiohttp.ClientSession() as session:

            async def ask(url: str, n_tokens: int) -> str:
                asked = {"question": "And?", "stream": False, "max_tokens": n_tokens}
                asked["image_url"] = "data:image/jpeg;base64," + b64encode(JPEG).decode()
                async with session.post(f"{url}/v1/query", json=asked) as response:
                    return (await response.json())["finish_reason"]

            asked = [asyncio.create_task(ask(url, 300)) for url in (server.url, other.url)]
            ends = await asyncio.gather(*asked)
            assert set(ends) <= {"length", "stop"}


@over_the_wire
async def test_picture_of_eight_megabytes_is_answered(server):
    large = JPEG + bytes(8 * 2**20 - len(JPEG))
    async with connect(server) as anna:
        response = await anna.ask(id="1", question="And?", image=large, settings=SHORT)
        assert end_of(response) == "length"


@over_the_wire
async def test_node_that_vanishes_costs_its_answers_one_error(cluster, checkpoint):
    node = cluster.add_node("127.0.0.3", n_cpus=4)
    options = "--replicas", "2", "--cpus", "4", "--model", str(checkpoint), *LIMITS
    where = await asyncio.to_thread(cluster.deploy, *options)
    with tier(where) as server:
        async with AsyncExitStack() as stack:
            askers = await clients(stack, server, N_ASKERS)
            for each in askers:
                await each.send(id="long", question="Tell me all.", image=JPEG, settings=LONG)
            await asyncio.gather(*(each.wait_for("started", "long") for each in askers))
            await asyncio.to_thread(node.kill)
            ends = [end_of(await each.response("long")) for each in askers]
            assert set(ends) <= {BROKE_OFF, "length"}
            assert BROKE_OFF in ends
            for each in askers:
                assert_one_end(each, "long")
            assert await answered(askers[0]) == "length"


@over_the_wire
async def test_cluster_that_comes_later_is_waited_for_and_a_lost_one_joined_anew(checkpoint):
    port = free_port()
    address = f"{HEAD_IP}:{port}"
    away = {"address": address, "is_here": True, "is_reached": False, "n_replicas": 0}
    # A head may come back within a minute; here it is given up sooner.
    impatient = {"RAY_gcs_rpc_server_reconnect_timeout_s": "5"}
    with serve("--ray", f"{address}/late", *LIMITS, **impatient) as server:
        server.wait_until_open()
        for _ in range(2):
            # Before there is a cluster, and when it is lost.
            async with connect(server) as anna:
                await anna.wait_for("status", status="loading", cluster=away)
                assert server.health()[0] == 503
                early = await anna.send(question="And?", image=JPEG, settings=SHORT)
                with ray_cluster(port=port) as cluster:
                    options = "--model", str(checkpoint), *LIMITS
                    await asyncio.to_thread(cluster.deploy, *options, name="late")
                    assert end_of(await anna.response(early)) == "length"
                    assert server.health()[0] == 200
                    await begin(anna)
                    await asyncio.to_thread(cluster.head.kill)
                    assert end_of(await anna.response("long")) == BROKE_OFF
                    assert_one_end(anna, "long")
