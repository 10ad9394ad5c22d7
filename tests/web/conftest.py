"""A server that knows what it sees."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import assert_quiet_end
from tests.server import Server, serve


@pytest.fixture(scope="session")
def demo_server() -> Iterator[Server]:
    """A ready server whose model knows coloured shapes; with a low limit on frames."""
    with serve("--model", "demo", "--max-frame-bytes", "1000000") as server:
        yield server.wait_until_ready()
        assert_quiet_end(server)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Keep eventlet out of the main thread, where Playwright switches between greenlets, too:
    a run of all tests never came back from it.
    """
    if pyfuncitem.get_closest_marker("apart") is None:
        return None
    names = pyfuncitem._fixtureinfo.argnames
    given = {name: pyfuncitem.funcargs[name] for name in names}
    with ThreadPoolExecutor(1) as thread:
        thread.submit(pyfuncitem.obj, **given).result()
    return True
