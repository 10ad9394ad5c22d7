"""Models that answer through other servers."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from backends.upstream.model import UpstreamModel
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
def backend(chat: ChatServer) -> Iterator[UpstreamModel]:
    """That server, as the model."""
    with closing(UpstreamModel(Settings(upstream=(chat.url,)))) as backend:
        yield backend


@pytest.fixture
def model(backend: UpstreamModel) -> Model:
    """The same, as scripts have it."""
    return Model(backend, Settings().frame_limits)
