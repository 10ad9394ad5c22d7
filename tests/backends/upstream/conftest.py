"""Models that answer through other servers."""

from collections.abc import Iterator

import pytest

from model import Model, load_model
from settings import Settings
from tests.backends.upstream.chat_server import ChatServer, chat_server
from tests.server import Server


@pytest.fixture(scope="module")
def far_model(demo_server: Server) -> Iterator[Model]:
    """Another Moonsight, with the demo model, as the model."""
    with load_model(Settings(upstream=(demo_server.url,))) as model:
        yield model


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    """A server whose model says what a test wants."""
    with chat_server() as server:
        yield server


@pytest.fixture
def model(chat: ChatServer) -> Iterator[Model]:
    """That server, as the model."""
    with load_model(Settings(upstream=(chat.url,))) as model:
        yield model
