"""Programs written for OpenAI's API get the models of the server that answers."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.backends.upstream.chat_server import ChatServer, chat_server, pictures_of
from tests.conftest import assert_quiet_end
from tests.protocol.pictures import data_url, encoded
from tests.server import Server, serve


@pytest.fixture(scope="module")
def chat() -> Iterator[ChatServer]:
    with chat_server("gemma", "llava") as chat:
        yield chat


@pytest.fixture(scope="module")
def front(chat: ChatServer) -> Iterator[Server]:
    """A Moonsight in front of that server."""
    with serve("--upstream", chat.url) as server:
        yield server.wait_until_ready()
        assert_quiet_end(server)


@pytest.fixture
def client(front: Server) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{front.url}/v1", api_key="EMPTY", max_retries=0) as client:
        yield client


def test_all_models_are_listed_and_told(client: OpenAI):
    assert [model.id for model in client.models.list()] == ["gemma", "llava"]
    assert client.models.retrieve("llava").id == "llava"
    assert client.models.retrieve("gpt-4o").id == "gemma"


@pytest.mark.parametrize(("wanted", "answering"), [("llava", "llava"), ("gpt-4o", "gemma")])
def test_model_that_is_named_answers_if_it_is_there(
    client: OpenAI, chat: ChatServer, wanted: str, answering: str
):
    message = {"role": "user", "content": "What is it?"}
    answer = client.chat.completions.create(model=wanted, messages=[message])
    assert answer.choices[0].message.content == "A mug."
    assert answer.model == chat.bodies[-1]["model"] == answering


def test_picture_and_words_reach_the_model(client: OpenAI, chat: ChatServer):
    picture = {"type": "image_url", "image_url": {"url": data_url(encoded())}}
    content = [{"type": "text", "text": "What is it?"}, picture]
    messages = [{"role": "user", "content": content}]
    with client.chat.completions.create(model="llava", messages=messages, stream=True) as chunks:
        words = [each.choices[0].delta.content for each in chunks if each.choices]
    assert "".join(each or "" for each in words) == "A mug."
    assert chat.asked == "What is it?"
    assert len(pictures_of(chat.bodies[-1])) == 1
