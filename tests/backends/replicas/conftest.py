"""One deployment of two replicas, and a web tier before it, for all tests of what may happen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.replicas.asking import LIMITS, tier
from tests.ray_cluster import RayCluster
from tests.server import Server


@pytest.fixture(scope="package")
def where(cluster: RayCluster, long_checkpoint: Path) -> Iterator[str]:
    with cluster.deployed("--model", str(long_checkpoint), "--replicas", "2", *LIMITS) as where:
        yield where


@pytest.fixture(scope="package")
def server(where: str) -> Iterator[Server]:
    with tier(where) as server:
        yield server
