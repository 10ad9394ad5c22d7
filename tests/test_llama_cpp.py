"""A real llama.cpp with a real language model answers in the model's place.

Optional: 245 MB of weights. The model is no assistant and reads text only: it continues what it
reads, and so shows what a server of somebody else's does, not how good an answer is.
"""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from model import load_model
from protocol.request import SamplingParams
from settings import Settings
from tests.conftest import assert_quiet_end
from tests.llama_server import is_installed, llama_cpp
from tests.protocol.pictures import encoded
from tests.server import Server, connect, over_the_wire, serve

JPEG = encoded()
TEXT = "The capital of France is"

pytestmark = pytest.mark.skipif(
    not is_installed(),
    reason="llama.cpp is not installed here: pip install -r requirements-upstream.txt (300 MB)",
)


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    with llama_cpp() as address:
        yield address


@pytest.fixture(scope="module")
def before_llama(llama: str) -> Iterator[Server]:
    """Moonsight with llama.cpp as its model."""
    with serve("--upstream", llama) as server:
        yield server.wait_until_ready()
        assert_quiet_end(server)


@pytest.fixture
def client(before_llama: Server) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{before_llama.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def ask(client: OpenAI, **fields: Any) -> Any:
    messages = [{"role": "user", "content": TEXT}]
    return client.chat.completions.create(model="any", messages=messages, **fields)


def is_busy(llama: str) -> bool:
    """Whether llama.cpp is writing an answer."""
    with urllib.request.urlopen(f"{llama}/slots", timeout=10) as answer:
        return any(slot["is_processing"] for slot in json.load(answer))


def test_status_names_the_model_as_llama_cpp_does(before_llama: Server):
    status, told = before_llama.health()
    assert (status, told["status"]) == (200, "ready")
    assert told["model"] == told["upstream"]["models"][0]
    assert told["model"].endswith(".gguf")
    assert told["upstream"]["is_here"]


def test_words_come_one_by_one_with_what_they_took(client: OpenAI):
    chunks = list(ask(client, max_tokens=8, stream=True, stream_options={"include_usage": True}))
    words = [each.choices[0].delta.content or "" for each in chunks if each.choices]
    assert len([word for word in words if word]) > 1
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-1].usage.completion_tokens == 8
    assert chunks[-1].usage.prompt_tokens > 0
    assert "".join(words) == ask(client, max_tokens=8).choices[0].message.content


def test_stopped_answer_frees_llama_cpp(client: OpenAI, llama: str):
    stream = ask(client, max_tokens=900, stream=True)
    next(each for each in stream if each.choices[0].delta.content)
    assert is_busy(llama)
    stream.close()
    # It has one place: whoever asks next would wait for all of the long answer.
    assert ask(client, max_tokens=2).usage.completion_tokens == 2
    assert not is_busy(llama)


def test_python_stops_it_by_leaving_the_loop(llama: str):
    with load_model(Settings(upstream=(llama,))) as model:
        answer = model.query(None, TEXT, SamplingParams(max_tokens=900))
        assert next(answer)
        answer.close()
        assert list(model.query(None, TEXT, SamplingParams(max_tokens=2)))
    assert not is_busy(llama)


@over_the_wire
async def test_picture_is_refused_in_plain_words(before_llama: Server):
    """llama.cpp says so with a 500 and a hint at its own options."""
    async with connect(before_llama) as anna:
        response = await anna.ask(question="What is it?", image=JPEG)
    assert response["finish_reason"] == "error"
    assert "text only" in response["answer"]
    assert "mmproj" not in response["answer"].partition(".")[0]


@over_the_wire
async def test_that_it_reads_text_only_is_told_with_the_status_from_then_on(before_llama: Server):
    async with connect(before_llama) as anna:
        await anna.ask(question="What is it?", image=JPEG)
    upstream = before_llama.health()[1]["upstream"]
    assert [each["sees"] for each in upstream["abilities"]] == [False]
