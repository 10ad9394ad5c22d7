"""Servers that many tests share: starting one takes seconds, because it imports torch."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hypothesis
import pytest

from tests.server import Server, make_checkpoint, serve

# Two processes test side by side; a small network gains nothing from a second thread anyhow.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine makes an example slow, not wrong.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


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
def server(checkpoint: Path) -> Iterator[Server]:
    """A ready server with room for everybody and a low limit on frames."""
    limits = ("--max-frame-bytes", "1000000", "--max-frame-pixels", "2000000")
    with serve("--model", str(checkpoint), *limits) as server:
        yield server.wait_until_ready()
        assert_quiet_end(server)


@pytest.fixture(scope="session")
def demo_server() -> Iterator[Server]:
    """A ready server whose model knows coloured shapes; with a low limit on frames."""
    with serve("--model", "demo", "--max-frame-bytes", "1000000") as server:
        yield server.wait_until_ready()
        assert_quiet_end(server)


@pytest.fixture(scope="session")
def narrow_server(checkpoint: Path) -> Iterator[Server]:
    """A ready server that answers one request at a time and lets few wait."""
    limits = ("--max-running", "1", "--max-waiting", "4", "--max-waiting-per-client", "3")
    with serve("--model", str(checkpoint), *limits) as server:
        yield server.wait_until_ready()
        assert_quiet_end(server)


def assert_quiet_end(server: Server) -> None:
    """Whatever the tests sent, the server ends as ever and had nothing to complain about."""
    assert server.end() == 0
    assert "Traceback" not in server.stderr.text
