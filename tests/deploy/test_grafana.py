"""The dashboard shows what there is to be seen: ours, and the cluster's own."""

import json
import re
from pathlib import Path
from time import monotonic
from urllib.request import urlopen

import pytest
from prometheus_client import generate_latest

from tests.fakes import ReadyModel
from tests.protocol.pictures import encoded
from tests.server import EVENT_TIMEOUT_S, connect, over_the_wire
from web.metrics import Metrics

DASHBOARD = json.loads((Path(__file__).parents[2] / "deploy" / "grafana.json").read_text())
ASKED = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
NAMES = {name for expr in ASKED for name in re.findall(r"\b(?:moonsight|ray)_\w+", expr)}
# As Ray's documents call them: there is no card here.
OF_CARDS = {"ray_node_gpus_utilization", "ray_node_gram_used"}
# Told once there was an error, or a health check that failed.
OF_FAULTS = {
    "ray_serve_deployment_error_counter_total",
    "ray_serve_health_check_failures_total",
}


def families(text: str) -> set[str]:
    """Names of what Prometheus is told, of each part of a histogram, too."""
    told = re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M)
    return {name + ("_bucket" if kind == "histogram" else "") for name, kind in told}


def test_every_number_of_ours_is_one_that_is_told():
    registry = Metrics(ReadyModel())._registry
    told = families(generate_latest(registry).decode())
    ours = {name for name in NAMES if name.startswith("moonsight_")}
    assert len(ours) > 5
    assert ours <= told


@pytest.mark.ray
@over_the_wire
async def test_every_number_of_the_cluster_is_one_that_it_tells(cluster, server):
    wanted = {name for name in NAMES if name.startswith("ray_")} - OF_CARDS - OF_FAULTS
    assert len(wanted) > 5
    async with connect(server) as anna:
        await anna.ask(question="And?", image=encoded(), settings={"max_tokens": 3})
    until = monotonic() + EVENT_TIMEOUT_S
    told: set[str] = set()
    while not wanted <= told:
        assert monotonic() < until, wanted - told
        with urlopen(cluster.metrics_url) as response:
            told = families(response.read().decode())
