"""Whatever dies or misbehaves between a page and its answer, every request has one end."""

import asyncio
import shutil
import signal
from base64 import b64encode
from contextlib import AsyncExitStack
from secrets import token_hex

import aiohttp
import pytest

from protocol.hosts import parse_cluster
from tests.backends.replicas.asking import (
    BROKE_OFF,
    JPEG,
    LIMITS,
    LONG,
    N_ASKERS,
    ROWS,
    SHORT,
    answered,
    assert_one_end,
    begin,
    clients,
    tier,
)
from tests.ray_cluster import HEAD_IP, ray_cluster
from tests.redis_server import redis_server
from tests.server import connect, end_of, free_port, over_the_wire, serve

pytestmark = pytest.mark.ray


@over_the_wire
async def test_replica_that_is_killed_costs_its_answers_one_error_and_the_others_nothing(
    cluster, where, server
):
    """Whatever they were at: in the middle of an answer, in line, or on their way."""
    async with AsyncExitStack() as stack:
        askers = await clients(stack, server, N_ASKERS)
        await asyncio.gather(*(begin(each) for each in askers))
        for each in askers:
            for id in ("in line", "too"):
                await each.send(id=id, question="And?", image=JPEG, settings={"max_tokens": 200})
        while await asyncio.to_thread(server.n_open) < 2 * N_ASKERS:
            pass
        sent_last = askers[:6]
        for each in sent_last:
            await each.send(id="on its way", question="And?", image=JPEG, settings=SHORT)
        killed = cluster.replicas(where)[0]
        killed.kill()
        ends = [end_of(await each.response("long")) for each in askers]
        assert set(ends) == {BROKE_OFF, "length"}
        # Whoever asks at once is answered by the other.
        assert [await answered(each) for each in askers] == ["length"] * len(askers)
        for each in askers:
            for id in ("long", "in line", "too", *(["on its way"] if each in sent_last else [])):
                assert end_of(await each.response(id)) in (BROKE_OFF, "length")
                assert_one_end(each, id)
        await askers[0].wait_for("status", max_running=ROWS)


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
        await askers[0].wait_for("status", max_running=ROWS)
        # It would be given a minute to end.
        silent.kill()


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
async def test_redeploy_and_scaling_down_end_no_answer(cluster, long_checkpoint, where, server):
    async with AsyncExitStack() as stack:
        askers = await clients(stack, server, 16)
        for each in askers:
            asked = {"question": "Tell me all.", "image": JPEG, "settings": {"max_tokens": 1024}}
            await each.send(id="long", **asked)
        await askers[0].wait_for("token", "long")
        name = parse_cluster(where).name
        options = "--model", str(long_checkpoint), *LIMITS, "--max-prefix-bytes", "1000000"
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
async def test_node_that_vanishes_costs_its_answers_one_error(cluster, long_checkpoint):
    node = cluster.add_node("127.0.0.3", n_cpus=4)
    options = "--replicas", "2", "--cpus", "4", "--model", str(long_checkpoint), *LIMITS
    where = await asyncio.to_thread(cluster.deploy, *options)
    with tier(where) as server:
        async with AsyncExitStack() as stack:
            askers = await clients(stack, server, N_ASKERS)
            processes = await asyncio.to_thread(node.processes)
            for each in askers:
                await each.send(id="long", question="Tell me all.", image=JPEG, settings=LONG)
            await asyncio.gather(*(each.wait_for("started", "long") for each in askers))
            await asyncio.to_thread(node.kill, processes)
            ends = [end_of(await each.response("long")) for each in askers]
            assert set(ends) <= {BROKE_OFF, "length"}
            assert BROKE_OFF in ends
            for each in askers:
                assert_one_end(each, "long")
            assert await answered(askers[0]) == "length"
    await asyncio.to_thread(cluster.remove, where)


@over_the_wire
async def test_tier_with_another_token_says_so(where):
    """Ray's own way, twenty tries before it says anything, looks as if there was no cluster."""
    with serve("--ray", where, RAY_AUTH_TOKEN=token_hex(32), RAY_NUM_REDIS_GET_RETRIES="1") as tier:
        tier.wait_until_open()
        async with connect(tier) as anna:
            told = await anna.wait_for("status", status="failed")
            assert "asks for a token" in told["error"]
            refused = await anna.ask(question="And?", image=JPEG)
            assert refused["error"]["message"] == told["error"]


@over_the_wire
async def test_cluster_that_comes_later_is_waited_for_and_a_lost_one_joined_anew(long_checkpoint):
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
                    options = "--model", str(long_checkpoint), *LIMITS
                    await asyncio.to_thread(cluster.deploy, *options, name="late")
                    assert end_of(await anna.response(early)) == "length"
                    await anna.wait_for("status", status="ready")
                    assert server.health()[0] == 200
                    await begin(anna)
                    await asyncio.to_thread(cluster.head.kill)
                    assert end_of(await anna.response("long")) == BROKE_OFF
                    assert_one_end(anna, "long")


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")
@over_the_wire
async def test_head_with_a_memory_that_is_started_again_costs_nobody_anything(long_checkpoint):
    port = free_port()
    with (
        redis_server(port),
        ray_cluster(RAY_REDIS_ADDRESS=f"127.0.0.1:{port}") as cluster,
    ):
        options = "--model", str(long_checkpoint), *LIMITS
        with tier(await asyncio.to_thread(cluster.deploy, *options)) as server:
            async with connect(server) as anna:
                await begin(anna)
                with cluster.without_head():
                    assert end_of(await anna.response("long")) == "length"
                    assert await answered(anna, "meanwhile") == "length"
                assert await answered(anna, "afterwards") == "length"
                # It knows what it had: more can be deployed there.
                await asyncio.to_thread(cluster.deploy, *options)
                assert await answered(anna, "last") == "length"
