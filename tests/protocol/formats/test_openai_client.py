"""What we write we read; what strangers write is read as far as it says something."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.answer import Finished, FinishReason, Timings, Usage
from protocol.errors import Busy, RequestError
from protocol.formats.openai_answer import Completion, error_payload, models_payload
from protocol.formats.openai_client import (
    MAX_MODELS,
    MAX_TOLD_CHARS,
    Delta,
    read_delta,
    read_error,
    read_error_code,
    read_models,
)
from protocol.pieces import Reasoned, TextDelta
from protocol.request import QueryResult

COMPLETION = Completion("chatcmpl-1", 1_700_000_000, "demo", includes_usage=True)
# Without halves of characters, of which no text is made.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
COUNTS = st.integers(0, 2**20)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def finished(text: str, thought: str | None, usage: Usage) -> Finished:
    reasoned = None if thought is None else Reasoned("1", thought, ())
    result = QueryResult(text, reasoned)
    return Finished("1", FinishReason.STOP, result, Timings(1.0), usage)


def in_chunk(**said: object) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": said, "finish_reason": None}]}


@given(TEXTS, st.none() | TEXTS, st.builds(Usage, COUNTS, COUNTS))
def test_whole_answer_that_we_write_is_read(text: str, thought: str | None, usage: Usage):
    payload = json.loads(json.dumps(COMPLETION.whole(finished(text, thought, usage))))
    assert read_delta(payload) == Delta(text, thought or "", "stop", usage)


@given(st.lists(TEXTS, max_size=4), TEXTS, st.builds(Usage, COUNTS, COUNTS))
def test_stream_that_we_write_is_read(texts: list[str], thought: str, usage: Usage):
    pieces = [Reasoned("1", thought, ()), *(TextDelta("1", text) for text in texts)]
    *lines, done = COMPLETION.stream([*pieces, finished("".join(texts), thought, usage)])
    deltas = [read_delta(json.loads(line.removeprefix("data: "))) for line in lines]
    assert done == "data: [DONE]\n\n"
    assert "".join(delta.text for delta in deltas) == "".join(texts)
    assert "".join(delta.reasoning for delta in deltas) == thought
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == ["stop"]
    assert [delta.usage for delta in deltas if delta.usage] == [usage]


@given(st.sampled_from(["choices", "delta", "content", "usage", "logprobs"]), ANYTHING)
def test_anything_is_read_and_what_it_says_can_be_sent_on(name: str, value: Any):
    payloads = [
        {name: value},
        {"choices": [{name: value}]},
        {"choices": [{"delta": {name: value}}]},
        {"choices": [{"logprobs": {"content": [{"token": "a", "top_logprobs": [value]}]}}]},
        {"usage": {"prompt_tokens": value, "completion_tokens": value}},
    ]
    for payload in payloads:
        delta = read_delta(payload)
        assert (delta.text + delta.reasoning).encode().decode() == delta.text + delta.reasoning
        assert delta.usage is None or 0 <= delta.usage.prompt_tokens <= 2**31


@pytest.mark.parametrize(
    ("payload", "delta"),
    [
        ({}, Delta()),
        ({"choices": []}, Delta()),
        ({"choices": None, "usage": None}, Delta()),
        ({"choices": [None]}, Delta()),
        ({"choices": {"0": {}}}, Delta()),
        (in_chunk(content=None, role="assistant"), Delta()),
        (in_chunk(content=12), Delta()),
        (in_chunk(content="Red"), Delta("Red")),
        (in_chunk(content=[{"type": "text", "text": "Red"}, {"text": " ball"}]), Delta("Red ball")),
        (in_chunk(content=["Red", None, {"type": "image_url"}]), Delta()),
        (in_chunk(content="a\ud83d", reasoning="\ude00"), Delta("a\ufffd", "\ufffd")),
        (in_chunk(reasoning_content="Round."), Delta(reasoning="Round.")),
        (in_chunk(reasoning="Round.", content=""), Delta(reasoning="Round.")),
        ({"choices": [{"text": "Red", "finish_reason": ""}]}, Delta("Red")),
        ({"choices": [{"delta": {}, "finish_reason": 3}]}, Delta()),
        ({"choices": [{"message": {"content": "Red"}}]}, Delta("Red")),
        ({"usage": {"prompt_tokens": 7}}, Delta(usage=Usage(7, 0))),
        (
            {"usage": {"prompt_tokens": -1, "completion_tokens": float("nan")}},
            Delta(usage=Usage(0, 0)),
        ),
        (
            {"usage": {"prompt_tokens": 10**400, "completion_tokens": 1e300}},
            Delta(usage=Usage(0, 0)),
        ),
        ({"usage": [7]}, Delta()),
        ({"timings": {"prompt_ms": "soon"}}, Delta()),
    ],
)
def test_what_is_odd_says_nothing(payload: dict[str, Any], delta: Delta):
    assert read_delta(payload) == delta


def likely(*told: object) -> dict[str, Any]:
    content = [{"token": "Yes", "logprob": -0.5, "top_logprobs": list(told)}]
    return {"choices": [{"delta": {"content": "Yes"}, "logprobs": {"content": content}}]}


def test_likeliest_tokens_are_read_and_odd_ones_left_out():
    told = [
        {"token": "Yes", "logprob": -0.5},
        {"token": "No", "logprob": -1},
        {"token": "Nan", "logprob": float("nan")},
        {"token": "Least", "logprob": -3.4e38},
        {"token": "More", "logprob": 0.1},
        {"token": "Huge", "logprob": -(10**400)},
        {"token": 7, "logprob": -1.0},
        {"token": "True", "logprob": False},
        None,
    ]
    assert read_delta(likely(*told)).top == (("Yes", -0.5), ("No", -1.0))


def test_token_without_others_is_the_likeliest():
    assert read_delta(likely()).top == (("Yes", -0.5),)


def test_likeliest_tokens_are_bounded():
    told = [{"token": "a", "logprob": -1.0}] * 10_000
    assert len(read_delta(likely(*told)).top) <= 64


@pytest.mark.parametrize(
    ("payload", "models"),
    [
        (models_payload(["demo"], 1_700_000_000), {"demo": "moonsight"}),
        ({"object": "list", "data": [{"id": "b"}, {"id": "a"}]}, {"b": "", "a": ""}),
        ({"models": [{"name": "llava:7b", "model": "llava:7b"}]}, {"llava:7b": ""}),
        ({"models": [{"model": "gemma"}], "data": [{"id": "/m.gguf"}]}, {"/m.gguf": ""}),
        ({"models": [{"model": "gemma"}], "data": None}, {"gemma": ""}),
        ([{"id": "a", "owned_by": "me"}, "b"], {"a": "me", "b": ""}),
        ({"data": []}, {}),
        ([], {}),
    ],
)
def test_models_are_read_in_the_shapes_in_which_servers_list_them(payload, models):
    read = read_models(payload)
    assert (read, list(read)) == (models, list(models))


@pytest.mark.parametrize(
    "id", ["", " ", " a", "a\n", "a\x00", "\ud800", "x" * 201, None, 7, ["a"], {}, True]
)
def test_model_that_nobody_could_name_is_left_out(id: object):
    assert read_models({"data": [{"id": id}, id, {"id": "good", "owned_by": id}]}) == {"good": ""}


def test_models_are_bounded():
    assert len(read_models([f"{number}" for number in range(MAX_MODELS + 1)])) == MAX_MODELS


@pytest.mark.parametrize("payload", [None, {}, "models", 7, {"data": {"id": "a"}}, {"models": 7}])
def test_what_lists_no_models_is_refused(payload: object):
    with pytest.raises(ValueError, match="no list"):
        read_models(payload)


@given(ANYTHING)
def test_anything_lists_models_or_is_refused(payload: Any):
    for each in (payload, {"data": payload}, {"error": payload}, {"detail": payload}):
        read_error(each)
        read_error_code(each)
        try:
            assert all(id.encode() for id in read_models(each))
        except ValueError as refused:
            assert str(refused) == "There is no list of models."  # noqa: PT017


@pytest.mark.parametrize("error", [Busy("Too much waits."), RequestError("`a` must be b.")])
def test_error_that_we_write_is_read(error: RequestError):
    payload = error_payload(error)
    assert (read_error(payload), read_error_code(payload)) == (error.message, error.code)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (
            {"error": {"code": 503, "message": "Loading model", "type": "unavailable"}},
            "Loading model",
        ),
        ({"error": "model not found"}, "model not found"),
        ({"object": "error", "message": "No.", "code": 400}, "No."),
        ({"detail": [{"loc": ["body"], "msg": "Field required"}]}, "Field required"),
        ({"detail": "Not Found"}, "Not Found"),
        ({"error": {"metadata": {}, "code": 502}}, "502"),
        ({"error": {"message": {"detail": "deep"}}}, "deep"),
        ({"error": {"message": " a\n\tb\x00\u2028c "}}, "a b c"),
        ({"error": {"message": "a\ud800"}}, "a\ufffd"),
        ({"error": {}}, ""),
        ({"error": None, "choices": []}, None),
        ({"message": "of an answer", "choices": []}, None),
        ({}, None),
        (["error"], None),
    ],
)
def test_error_is_read_in_the_shapes_in_which_servers_tell_it(payload, words):
    assert read_error(payload) == words


def test_error_is_told_shortly():
    assert len(read_error({"error": "a " * 10**6})) == MAX_TOLD_CHARS + 1
