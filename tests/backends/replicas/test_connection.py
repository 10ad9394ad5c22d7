"""How a web tier reaches replicas: who is there, and what is said of one that is not."""

import asyncio

import pytest

pytest.importorskip("ray")

from backends.replicas import connection
from backends.replicas.connection import ClusterAway, Connection, OtherVersion
from protocol.answer import Finished
from protocol.hosts import parse_cluster
from protocol.request import SamplingParams
from tests.fakes import make_request
from tests.ray_cluster import RayCluster

pytestmark = [pytest.mark.ray, pytest.mark.apart]

FEW, MANY = SamplingParams(max_tokens=3), SamplingParams(max_tokens=500)


@pytest.fixture(scope="module")
def where(cluster: RayCluster, checkpoint) -> str:
    return cluster.deploy("--model", str(checkpoint), "--replicas", "2", "--max-running", "2")


async def join(where: str) -> Connection:
    joined = Connection(parse_cluster(where))
    await joined.connect()
    return joined


def test_replicas_tell_how_they_are_and_answer_without_a_picture(where):
    async def tell() -> None:
        joined = await join(where)
        reports = await joined.reports("tier")
        assert [(each.n_open, each.n_elsewhere) for each in reports] == [(0, 0)] * 2
        assert {each.status.max_running for each in reports} == {2}
        asked = make_request(frame=None, sampling=FEW)
        events = [event async for events in joined.answer(asked, "tier") for event in events]
        assert isinstance(events[-1], Finished)
        assert events[-1].error is None

    asyncio.run(tell())


def test_a_clients_requests_come_to_one_replica_and_many_clients_to_all(where):
    async def tell() -> None:
        joined = await join(where)
        counts = {}
        for client in ("ann", "bert", "cy", "dora", "eve", "fay", "gus", "hal"):
            answers = [
                joined.answer(make_request(f"{number}", client, sampling=MANY), "tier")
                for number in range(3)
            ]
            for each in answers:
                await anext(each)
            counts[client] = [each.n_open for each in await joined.reports("tier")]
            for each in answers:
                await each.aclose()
            while any(each.n_open for each in await joined.reports("tier")):
                await asyncio.sleep(0.01)
        homes = [sorted(each) for each in counts.values()]
        assert homes == [[0, 3]] * len(counts)
        assert len({tuple(each) for each in counts.values()}) == 2

    asyncio.run(tell())


def test_sources_of_another_version_are_found_out(where, monkeypatch):
    monkeypatch.setattr(connection, "version", lambda: "another")

    async def tell() -> None:
        with pytest.raises(OtherVersion):
            await (await join(where)).reports("tier")

    asyncio.run(tell())


def test_name_of_which_nothing_is_deployed_is_told(cluster):
    with pytest.raises(ClusterAway):
        asyncio.run(join(f"{cluster.address}/nothing"))
