"""`python -m deploy`."""

import re
import signal
import subprocess
import sys

import pytest

from tests.ray_cluster import ray_environment
from tests.server import EXIT_TIMEOUT_S, ROOT, Output, connect, over_the_wire, serve

pytestmark = pytest.mark.ray


@over_the_wire
async def test_one_machine_has_two_models_answer_until_it_is_stopped():
    command = [sys.executable, "-m", "deploy", "--model", "demo", "--replicas", "2"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=ray_environment(), stdout=subprocess.PIPE, text=True
    )
    said = Output(process.stdout)
    said.wait_for("The replicas are ready.")
    (where,) = re.findall(r"--ray (\S+)", said.text)
    assert where.startswith("127.0.0.2:")
    with serve("--ray", where) as server:
        server.wait_until_ready()
        async with connect(server) as anna:
            told = await anna.wait_for("status", status="ready")
            assert (told["cluster"]["n_replicas"], told["is_demo"]) == (2, True)
        process.send_signal(signal.SIGINT)
        assert process.wait(4 * EXIT_TIMEOUT_S) == 0
    said.close()


def test_what_is_deployed_can_be_taken_away(cluster, checkpoint):
    where = cluster.deploy("--model", str(checkpoint))
    assert len(cluster.replicas(where)) == 1
    cluster.remove(where)
    assert cluster.replicas(where) == []
