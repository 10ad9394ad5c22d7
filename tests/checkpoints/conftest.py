"""A hub on this computer, and a person who asks it from a cache of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import close_session, constants

from checkpoints.hub import Hub
from protocol.status import Progress
from tests.checkpoints.fake_hub import FakeHub, serve_hub

WAIT_S = 10


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    for name in ("HF_TOKEN", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    # The library's statistics ask the real hub for a list.
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    with serve_hub() as server:
        yield server
        close_session()


@pytest.fixture
def hub(fake: FakeHub, tmp_path: Path) -> Hub:
    return Hub(fake.url, tmp_path / "hub", stall_timeout_s=WAIT_S, retry_delays_s=(0, 0))


@pytest.fixture
def told() -> list[Progress]:
    """What the person is told while the files come."""
    return []
