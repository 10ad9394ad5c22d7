"""Programs written for OpenAI's API ask a real server by its own client, and by none."""

import asyncio
import json
import signal
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import jsonschema
import moondream
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion

from tests.protocol.pictures import data_url, encoded
from tests.ray_cluster import RayCluster
from tests.server import EVENT_TIMEOUT_S, ROOT, Server, make_checkpoint, over_the_wire, serve

SCENES = ROOT / "static" / "scenes"
JPEG = encoded()
# Long enough for the words not to leave all at once, however busy the computer.
LONG = 400


@pytest.fixture(scope="module")
def demo_server() -> Iterator[Server]:
    with serve("--model", "demo") as server:
        yield server.wait_until_ready()
        assert server.end() == 0
        assert "Traceback" not in server.stderr.text


@pytest.fixture
def client(demo_server: Server) -> Iterator[OpenAI]:
    """Asks the demo model, which knows coloured shapes."""
    with client_of(demo_server) as client:
        yield client


@pytest.fixture
def nonsense(server: Server) -> Iterator[OpenAI]:
    """Asks a model whose answers are as long as is asked for."""
    with client_of(server) as client:
        yield client


def client_of(server: Server) -> OpenAI:
    return OpenAI(base_url=f"{server.url}/v1", api_key="EMPTY", max_retries=0)


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def image(data: bytes = JPEG) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": data_url(data)}}


def scene(name: str) -> dict[str, Any]:
    return image((SCENES / f"{name}.png").read_bytes())


def user(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


def ask(client: OpenAI, *parts: dict[str, Any], **fields: Any) -> ChatCompletion:
    return client.chat.completions.create(model="gpt-4o", messages=user(*parts), **fields)


def said(completion: ChatCompletion) -> str | None:
    return completion.choices[0].message.content


def post(server: Server, body: object, content_type: str = "application/json") -> tuple[int, dict]:
    """POST a body as no client of anybody's would; returns the status and what is answered."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": content_type}
    request = urllib.request.Request(f"{server.url}/v1/chat/completions", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=EVENT_TIMEOUT_S) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_question_about_a_picture_is_answered(client: OpenAI):
    completion = ask(client, text("What colour is the circle?"), scene("red-circle"))
    assert said(completion) == "The circle is red."
    assert completion.choices[0].finish_reason == "stop"
    usage = completion.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 65


def test_answer_names_the_model_that_answers_whatever_was_asked(client: OpenAI):
    assert ask(client, text("Hello")).model == "demo"
    assert [model.id for model in client.models.list()] == ["demo"]
    assert client.models.retrieve("vendor/large-model").id == "demo"


def test_question_without_a_picture_is_answered(client: OpenAI):
    assert said(ask(client, text("ping"), max_tokens=5))


def test_picture_without_a_question_is_described(client: OpenAI):
    assert "red circle" in said(ask(client, scene("red-circle")))


def test_several_pictures_are_seen_side_by_side(client: OpenAI):
    pictures = scene("red-circle"), scene("blue-square")
    assert said(ask(client, text("How many shapes are there?"), *pictures)) == (
        "There are two shapes."
    )
    assert said(ask(client, *pictures, text("What colour is the square?"))) == (
        "The square is blue."
    )


def test_answer_keeps_to_a_schema(client: OpenAI):
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 9}},
        "required": ["n"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": schema}}
    completion = ask(
        client, text("How many shapes are there?"), scene("red-circle"), response_format=wanted
    )
    jsonschema.validate(json.loads(said(completion)), schema)


def test_answer_stops_before_a_stop_text(client: OpenAI):
    parts = text("What colour is the circle?"), scene("red-circle")
    completion = ask(client, *parts, stop=[" is"])
    assert (said(completion), completion.choices[0].finish_reason) == ("The circle", "stop")


def test_answer_of_a_seed_is_the_same_again(nonsense: OpenAI):
    answers = [
        said(
            ask(nonsense, text("What?"), image(), max_tokens=20, temperature=1, top_p=1, seed=seed)
        )
        for seed in (-1, -1, 2)
    ]
    assert answers[0] == answers[1] != answers[2]


def test_answer_that_ran_out_of_tokens_says_so(nonsense: OpenAI):
    completion = ask(nonsense, text("What?"), image(), max_completion_tokens=7)
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage.completion_tokens == 7


def test_model_thinks_before_it_answers_when_it_is_asked_to(nonsense: OpenAI):
    thinking = {"max_tokens": 20, "reasoning_effort": "low"}
    message = ask(nonsense, text("What?"), image(), **thinking).choices[0].message
    chunks = list(ask(nonsense, text("What?"), image(), stream=True, **thinking))
    deltas = [chunk.choices[0].delta.to_dict() for chunk in chunks]
    first = next(each for each in deltas if each.keys() & {"reasoning_content"})
    assert message.reasoning_content == first["reasoning_content"]
    assert "".join(each.get("content", "") for each in deltas) == message.content


def test_words_leave_one_by_one(nonsense: OpenAI, cluster: RayCluster | None):
    """All of them at the end, or in lumps of four kilobytes, is what servers do by themselves.

    From a cluster those come together that were written within 20 ms; from a server that stood
    still for a moment, on a busy machine, those that were written meanwhile: it may try again.
    """
    n_least = 50 if cluster is None else 10
    for _ in range(3):
        began, arrivals, words = monotonic(), [], []
        stream = ask(nonsense, text("What?"), image(), max_tokens=LONG, stream=True)
        for chunk in stream:
            arrivals.append(monotonic() - began)
            words.append(chunk.choices[0].delta.content or "")
        if len(words) > n_least:
            break
    assert len(words) > n_least
    assert arrivals[1] < arrivals[-1] / 2
    again = ask(nonsense, text("What?"), image(), max_tokens=LONG)
    assert "".join(words) == said(again)


def test_stream_ends_with_its_usage_when_it_is_asked_for(client: OpenAI):
    parts = text("What colour is the circle?"), scene("red-circle")
    chunks = list(ask(client, *parts, stream=True, stream_options={"include_usage": True}))
    whole = ask(client, *parts)
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)
    assert chunks[-2].choices[0].finish_reason == "stop"


@over_the_wire
async def test_several_ask_at_once(demo_server: Server):
    client = AsyncOpenAI(base_url=f"{demo_server.url}/v1", api_key="EMPTY", max_retries=0)
    async with client:

        async def ask_one(question: str) -> str:
            messages = user(text(question), scene("red-circle-blue-square"))
            stream = await client.chat.completions.create(model="x", messages=messages, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

        answers = await asyncio.gather(
            ask_one("What colour is the circle?"), ask_one("What colour is the square?")
        )
    assert answers == ["The circle is red.", "The square is blue."]


def test_model_stops_when_its_reader_leaves(server: Server, nonsense: OpenAI):
    def n_cancelled() -> int:
        name = 'moonsight_requests_total{door="openai",outcome="cancelled",skill="query"}'
        lines = server.get("/metrics")[2].decode().splitlines()
        return next((int(float(line.split()[-1])) for line in lines if line.startswith(name)), 0)

    before = n_cancelled()
    with ask(nonsense, text("What?"), image(), max_tokens=LONG, stream=True) as stream:
        next(iter(stream))
    deadline = monotonic() + EVENT_TIMEOUT_S
    while n_cancelled() == before and monotonic() < deadline:
        pass
    assert n_cancelled() == before + 1


def test_stream_that_the_end_of_the_server_cuts_off_says_so(checkpoint: Path):
    with serve("--model", str(checkpoint)) as server, client_of(server.wait_until_ready()) as anna:
        stream = iter(ask(anna, text("What?"), image(), max_tokens=500, stream=True))
        next(stream)
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(openai.APIError, match="Moonsight is closing"):
            list(stream)


@pytest.mark.parametrize(
    ("fields", "sentence", "path"),
    [
        ({"n": 2}, "`n` must be 1", "n"),
        ({"temperature": 3}, "`temperature` must be a number from 0 to 2", "temperature"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "calls none", "tools"),
        ({"logprobs": True}, "`logprobs` must be false", "logprobs"),
    ],
)
def test_error_is_told_in_openais_form(
    client: OpenAI, fields: dict[str, Any], sentence: str, path: str
):
    with pytest.raises(openai.BadRequestError, match=sentence) as refused:
        ask(client, text("Hello"), **fields)
    error = refused.value
    assert (error.param, error.code, error.type) == (path, "bad_request", "invalid_request_error")


@over_the_wire
async def test_who_asks_too_much_at_once_is_told_when_to_try_again(narrow_server: Server):
    client = AsyncOpenAI(base_url=f"{narrow_server.url}/v1", api_key="EMPTY", max_retries=0)
    async with client:
        one = partial(client.chat.completions.create, model="x", messages=user(image()))
        asking = [one(max_tokens=50) for _ in range(8)]
        told = await asyncio.gather(*asking, return_exceptions=True)
    refused = [each for each in told if isinstance(each, openai.RateLimitError)]
    answered = [each for each in told if isinstance(each, ChatCompletion)]
    assert len(refused) + len(answered) == 8
    assert refused
    assert answered
    assert {each.code for each in refused} == {"busy"}
    assert {each.type for each in refused} == {"rate_limit_error"}
    assert {each.response.headers["Retry-After"] for each in refused} == {"1"}


def test_picture_that_lies_elsewhere_is_refused(client: OpenAI):
    remote = {"type": "image_url", "image_url": {"url": "https://example.com/cat.jpg"}}
    with pytest.raises(openai.BadRequestError, match="is not fetched") as refused:
        ask(client, text("What?"), remote)
    assert refused.value.param == "messages[0].content[1].image_url.url"


def test_damaged_picture_of_several_is_named(client: OpenAI):
    damaged = (SCENES / "red-circle.png").read_bytes()[:200]
    with pytest.raises(
        openai.BadRequestError, match="Picture B: The picture is damaged"
    ) as refused:
        ask(client, text("What?"), scene("red-circle"), image(damaged), stream=True)
    assert refused.value.code == "bad_image"


def test_picture_that_is_too_large_is_refused(nonsense: OpenAI):
    large = image(encoded("PNG", size=(2000, 1001)))
    with pytest.raises(openai.APIStatusError, match="2000x1001 pixels") as refused:
        ask(nonsense, text("What?"), large)
    assert (refused.value.status_code, refused.value.code) == (413, "image_too_large")


def test_what_the_model_cannot_do_is_not_tried_again(tmp_path: Path):
    folder = make_checkpoint(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["tokenizer"]["templates"]["query"] = None
    (folder / "config.json").write_text(json.dumps(config))
    with serve("--model", str(folder)) as server:
        patient = client_of(server.wait_until_ready()).with_options(max_retries=2)
        with patient, pytest.raises(openai.InternalServerError) as refused:
            ask(patient, text("What?"), image())
    assert (refused.value.status_code, refused.value.type) == (501, "not_supported_error")
    assert refused.value.response.request.headers["x-stainless-retry-count"] == "0"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"messages": [], "messages": []}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"{}", "text/plain", 415),
    ],
    ids=["cut short", "no object", "doubled", "deep", "no json"],
)
def test_body_that_is_none_is_refused_in_openais_form(
    demo_server: Server, body: bytes, content_type: str, status: int
):
    told_status, told = post(demo_server, body, content_type)
    assert told_status == status
    assert told["error"].keys() == {"message", "type", "param", "code"}
    assert told["error"]["type"] == "invalid_request_error"


# What other programs' pages send, word for word.
URL = "data:image/png;base64," + b64encode((SCENES / "red-circle.png").read_bytes()).decode()
SEEN = {"type": "image_url", "image_url": {"url": URL}}
BODIES = {
    "RealTime-VLM": {
        "model": "demo",
        "max_tokens": 100,
        "temperature": 0.2,
        "messages": user(text("What colour is the circle?"), SEEN),
    },
    "RealTime-VLM without a model": {
        "max_tokens": 100,
        "temperature": 0.2,
        "messages": user(text("What colour is the circle?"), SEEN),
    },
    "smolvlm-realtime-webcam": {
        "max_tokens": 100,
        "messages": user(text("What colour is the circle?"), SEEN),
    },
    "live-vlm-webui": {
        "model": "demo",
        "messages": user(text("What colour is the circle?"), SEEN),
        "max_tokens": 512,
        "temperature": 0.7,
    },
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_other_programs_are_answered(demo_server: Server, body: dict[str, Any]):
    status, told = post(demo_server, body)
    assert status == 200
    assert told["choices"][0]["message"]["content"] == "The circle is red."


def test_realtime_vlm_finds_the_api_by_asking_without_a_picture(demo_server: Server):
    body = {"model": "demo", "max_tokens": 5, "messages": user(text("ping"))}
    status, told = post(demo_server, body)
    assert status == 200
    assert isinstance(told["choices"][0]["message"]["content"], str)


@pytest.mark.parametrize("is_streamed", [False, True])
def test_moondreams_own_client_chats(demo_server: Server, is_streamed: bool):
    client = moondream.vl(endpoint=f"{demo_server.url}/v1")
    messages = user(text("What colour is the circle?"), SEEN)
    settings = {"temperature": 0.0, "max_tokens": 50}
    message = client.chat(messages, stream=is_streamed, settings=settings)["message"]
    answer = "".join(message) if is_streamed else message["content"]
    assert answer == "The circle is red."
