"""A server that knows what it sees."""

from collections.abc import Iterator

import pytest

from tests.conftest import assert_quiet_end
from tests.server import Server, serve


@pytest.fixture(scope="session")
def demo_server() -> Iterator[Server]:
    """A ready server whose model knows coloured shapes; with a low limit on frames."""
    with serve("--model", "demo", "--max-frame-bytes", "1000000") as server:
        yield server.wait_until_ready()
        assert_quiet_end(server)
