"""What is answered is what OpenAI's own types promise, whole and piece by piece."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from protocol.answer import AnswerEvent, Finished, FinishReason, Timings, Usage
from protocol.errors import (
    BadImage,
    BadRequest,
    Busy,
    Internal,
    ModelFailed,
    OutOfMemory,
    RequestError,
    Unsupported,
)
from protocol.formats.openai_answer import (
    Completion,
    error_payload,
    model_payload,
    models_payload,
)
from protocol.pieces import Reasoned, TextDelta
from protocol.request import QueryResult

COMPLETION = Completion("chatcmpl-1", 1_700_000_000, "demo", includes_usage=False)
THOUGHT = Reasoned("1", "It is round.", ())
FINISHED = Finished(
    "1",
    FinishReason.STOP,
    QueryResult("A red circle."),
    Timings(queue_ms=1.26, first_token_ms=None, total_ms=9.04),
    Usage(prompt_tokens=70, completion_tokens=4),
)


def streamed(
    events: Iterable[AnswerEvent], completion: Completion = COMPLETION
) -> list[dict[str, Any]]:
    """The payloads of a stream, whose last is told by None."""
    lines = list(completion.stream(events))
    assert all(line.startswith("data: ") and line.endswith("\n\n") for line in lines)
    told = [line.removeprefix("data: ").strip() for line in lines]
    return [None if each == "[DONE]" else json.loads(each) for each in told]


def deltas(payloads: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [payload["choices"][0]["delta"] for payload in payloads if payload]


def test_answer_is_a_completion_of_openais_types():
    completion = ChatCompletion.model_validate(COMPLETION.whole(FINISHED), strict=True)
    assert completion.choices[0].message.content == "A red circle."
    assert completion.choices[0].message.role == "assistant"
    assert completion.choices[0].finish_reason == "stop"
    assert (completion.id, completion.model) == ("chatcmpl-1", "demo")
    assert completion.created == 1_700_000_000
    assert completion.usage.total_tokens == 74


def test_answer_tells_its_timings_in_milliseconds():
    timings = COMPLETION.whole(FINISHED)["timings"]
    assert (timings["queue_ms"], timings["first_token_ms"], timings["total_ms"]) == (1.3, None, 9.0)


def test_answer_that_ran_out_of_tokens_says_so():
    finished = replace(FINISHED, reason=FinishReason.LENGTH)
    assert COMPLETION.whole(finished)["choices"][0]["finish_reason"] == "length"
    assert streamed([finished])[1]["choices"][0]["finish_reason"] == "length"


def test_answer_tells_its_reasoning_only_where_there_is_some():
    assert "reasoning_content" not in COMPLETION.whole(FINISHED)["choices"][0]["message"]
    thought = replace(FINISHED, result=QueryResult("A ball.", THOUGHT))
    message = COMPLETION.whole(thought)["choices"][0]["message"]
    assert message["reasoning_content"] == "It is round."


@given(texts=st.lists(st.text(), max_size=5), includes_usage=st.booleans())
def test_stream_is_of_openais_types_and_its_pieces_are_the_answer(
    texts: list[str], includes_usage: bool
):
    completion = replace(COMPLETION, includes_usage=includes_usage)
    pieces = [TextDelta("1", text) for text in texts]
    *chunks, done = streamed([*pieces, FINISHED], completion)
    assert done is None
    read = [ChatCompletionChunk.model_validate(chunk, strict=True) for chunk in chunks]
    contents = [chunk.choices[0].delta.content or "" for chunk in read if chunk.choices]
    assert "".join(contents) == "".join(texts)
    assert len({chunk.id for chunk in read}) == 1


def test_stream_begins_with_who_speaks_and_ends_with_why_it_ends():
    *chunks, done = streamed([TextDelta("1", "Red"), FINISHED])
    assert deltas(chunks) == [{"role": "assistant", "content": ""}, {"content": "Red"}, {}]
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
    assert reasons == [None, None, "stop"]
    assert done is None


def test_stream_tells_its_reasoning_before_its_words():
    chunks = streamed([THOUGHT, TextDelta("1", "Red"), FINISHED])
    assert deltas(chunks)[1:3] == [{"reasoning_content": "It is round."}, {"content": "Red"}]


def test_stream_tells_its_timings_at_its_end():
    *others, last, _ = streamed([TextDelta("1", "Red"), FINISHED])
    assert last["timings"]["total_ms"] == 9.0
    assert not [chunk for chunk in others if "timings" in chunk]


def test_stream_tells_its_usage_last_of_all_when_it_is_asked_for():
    *others, usage, _ = streamed([FINISHED], replace(COMPLETION, includes_usage=True))
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens"] == 4
    assert [chunk["usage"] for chunk in others] == [None, None]


def test_stream_says_nothing_of_usage_when_it_is_not_asked_for():
    assert not [chunk for chunk in streamed([FINISHED])[:-1] if "usage" in chunk]


@pytest.mark.parametrize(
    ("finished", "code"),
    [
        (replace(FINISHED, reason=FinishReason.ERROR, error=OutOfMemory("No.")), "out_of_memory"),
        (replace(FINISHED, reason=FinishReason.CANCELLED), "model_failed"),
    ],
)
def test_stream_that_breaks_off_ends_with_its_error(finished: Finished, code: str):
    *_, last = streamed([TextDelta("1", "Red"), finished])
    assert last["error"]["code"] == code


def test_stream_is_one_line_an_event_whatever_is_written():
    lines = list(COMPLETION.stream([TextDelta("1", "a\nb\r\n\u2028c"), FINISHED]))
    assert all(len(line.rstrip("\n").splitlines()) == 1 for line in lines)


def test_models_are_those_that_are_here_as_openais_types_have_it():
    listed = models_payload(["demo"], 1_700_000_000)
    assert listed == {"object": "list", "data": [model_payload("demo", 1_700_000_000)]}
    model = Model.model_validate(listed["data"][0], strict=True)
    assert (model.id, model.created, model.owned_by) == ("demo", 1_700_000_000, "moonsight")


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (BadRequest("No."), "invalid_request_error", "bad_request"),
        (BadImage("No."), "invalid_request_error", "bad_image"),
        (Busy("No."), "rate_limit_error", "busy"),
        (Unsupported("No."), "not_supported_error", "unsupported"),
        (ModelFailed("No."), "server_error", "model_failed"),
        (Internal(), "server_error", "internal"),
    ],
)
def test_error_has_openais_form_and_our_code(error: RequestError, kind: str, code: str):
    told = error_payload(error)["error"]
    assert told == {"message": error.message, "type": kind, "param": None, "code": code}


def test_error_names_the_field_that_its_sentence_begins_with():
    error = BadRequest("`a[0].b` must be `c`.")
    assert error_payload(error)["error"]["param"] == "a[0].b"
    assert error_payload(BadRequest("Write `c`."))["error"]["param"] is None
