"""Servers that many tests share: starting one takes seconds, because it imports torch."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hypothesis
import pytest

from tests.ray_cluster import RayCluster, ray_cluster
from tests.server import Server, make_checkpoint, serve

# From options of a model to those of a program that answers with it.
Place = Callable[..., tuple[str, ...]]

# Two processes test side by side; a small network gains nothing from a second thread anyhow.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine makes an example slow, not wrong.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    words = "Have so many replicas on a Ray cluster answer where a model of its own would."
    parser.addoption("--replicas", type=int, default=0, help=words)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--replicas"):
        items[:] = [each for each in items if each.get_closest_marker("ray") is None]
        return
    # What does not come to the cluster is tested without it.
    items[:] = [
        each
        for each in items
        if each.get_closest_marker("ray") or "cluster" in getattr(each, "fixturenames", ())
    ]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Give a test that runs a loop a thread of its own: Playwright leaves one of its own running in
    the main thread.
    """
    if pyfuncitem.get_closest_marker("apart") is None:
        return None
    names = pyfuncitem._fixtureinfo.argnames
    given = {name: pyfuncitem.funcargs[name] for name in names}
    with ThreadPoolExecutor(1) as thread:
        thread.submit(pyfuncitem.obj, **given).result()
    return True


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that answers nonsense, reliably; see `make_checkpoint`."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoints") / "nonsense")


@pytest.fixture(scope="session")
def long_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with room for answers during which a lot can happen."""
    folder = tmp_path_factory.mktemp("checkpoints") / "nonsense"
    return make_checkpoint(folder, max_context=4000)


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[RayCluster | None]:
    """With --replicas a cluster that many tests share, without none."""
    if not pytestconfig.getoption("--replicas"):
        yield None
        return
    with ray_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def placed(pytestconfig: pytest.Config, cluster: RayCluster | None) -> Place:
    """Where a model is: in the program itself, or on the cluster."""

    def place(*options: str, replicas: int | None = None) -> tuple[str, ...]:
        if cluster is None:
            return options
        n_replicas = replicas or pytestconfig.getoption("--replicas")
        where = cluster.deploy(*options, "--replicas", str(n_replicas))
        return (*options, "--ray", where)

    return place


@pytest.fixture(scope="session")
def server(checkpoint: Path, placed: Place) -> Iterator[Server]:
    """A ready server with room for everybody and a low limit on frames."""
    limits = ("--max-frame-bytes", "1000000", "--max-frame-pixels", "2000000")
    with serve(*placed("--model", str(checkpoint), *limits)) as server:
        yield server.wait_until_ready()
        assert_quiet_end(server)


@pytest.fixture(scope="session")
def demo_server(placed: Place) -> Iterator[Server]:
    """A ready server whose model knows coloured shapes; with a low limit on frames."""
    with serve(*placed("--model", "demo", "--max-frame-bytes", "1000000")) as server:
        yield server.wait_until_ready()
        assert_quiet_end(server)


@pytest.fixture(scope="session")
def narrow_server(long_checkpoint: Path, placed: Place) -> Iterator[Server]:
    """A ready server that answers one request at a time and lets few wait."""
    limits = ("--max-running", "1", "--max-waiting", "4", "--max-waiting-per-client", "3")
    with serve(*placed("--model", str(long_checkpoint), *limits, replicas=1)) as server:
        yield server.wait_until_ready()
        assert_quiet_end(server)


def assert_quiet_end(server: Server) -> None:
    """Whatever the tests sent, the server ends as ever and had nothing to complain about."""
    assert server.end() == 0
    assert "Traceback" not in server.stderr.text
