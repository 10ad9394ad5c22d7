"""How a web tier reaches replicas: who is there, and what is said of one that is not."""

import asyncio
from collections.abc import Iterator

import pytest

pytest.importorskip("ray")

from ray.serve._private.router import SingletonThreadRouter

from backends.replicas import connection
from backends.replicas.connection import OTHER_VERSION, ClusterAway, Connection
from protocol.answer import Finished
from protocol.errors import ModelFailed
from protocol.hosts import parse_cluster
from protocol.request import SamplingParams
from tests.fakes import make_request
from tests.ray_cluster import RayCluster
from tests.server import over_the_wire

pytestmark = pytest.mark.ray

FEW, MANY = SamplingParams(max_tokens=3), SamplingParams(max_tokens=500)


@pytest.fixture(scope="module")
def where(cluster: RayCluster, checkpoint) -> Iterator[str]:
    options = "--replicas", "2", "--max-running", "2"
    with cluster.deployed("--model", str(checkpoint), *options) as where:
        yield where
        asyncio.run(Connection(parse_cluster(where)).leave())


async def join(where: str) -> Connection:
    joined = Connection(parse_cluster(where))
    await joined.connect()
    return joined


@over_the_wire
async def test_replicas_tell_how_they_are_and_answer_without_a_picture(where):
    joined = await join(where)
    reports = await joined.reports("tier")
    assert [(each.n_open, each.n_elsewhere) for each in reports] == [(0, 0)] * 2
    assert {each.status.max_running for each in reports} == {2}
    asked = make_request(frame=None, sampling=FEW)
    events = [event async for events in joined.answer(asked, "tier") for event in events]
    assert isinstance(events[-1], Finished)
    assert events[-1].error is None


@over_the_wire
async def test_a_clients_requests_come_to_one_replica_and_many_clients_to_all(where):
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


@over_the_wire
async def test_sources_of_another_version_are_found_out(where, monkeypatch):
    monkeypatch.setattr(connection, "version", lambda: "another")
    with pytest.raises(ModelFailed, match=OTHER_VERSION):
        await (await join(where)).reports("tier")


@over_the_wire
async def test_name_of_which_nothing_is_deployed_is_told(cluster):
    with pytest.raises(ClusterAway):
        await join(f"{cluster.address}/nothing")


def reports_itself() -> bool:
    """Whether tasks of Ray's own tell the cluster of this process."""
    tasks = asyncio.all_tasks(SingletonThreadRouter._asyncio_loop)
    return any("metrics_task" in str(each) for each in tasks)


@over_the_wire
async def test_whoever_leaves_reports_no_more(where):
    """What went on reporting found no cluster any more: a traceback came to the terminal."""
    joined = await join(where)
    while not reports_itself():
        await joined.reports("tier")
    await joined.leave()
    assert not reports_itself()
