"""What OpenAI's API answers: completions, whole or in chunks, its models, its errors.

Source: platform.openai.com/docs/api-reference/chat; for `reasoning_content` and `timings`, which it
does not have, the servers of DeepSeek and llama.cpp.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from protocol.answer import AnswerEvent, Finished, FinishReason, Usage
from protocol.chat import Role
from protocol.errors import Closing, RequestError
from protocol.formats.json_text import event_line
from protocol.formats.skills import timings_payload
from protocol.pieces import Reasoned, TextDelta
from protocol.request import QueryResult

MODELS_PATH = "/v1/models"
STOP, LENGTH = "stop", "length"
DONE = "[DONE]"

# A sentence that is about one field begins with its path.
_PATH = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Completion:
    """Writes one answer. created: seconds since 1970; model: the one that answers."""

    id: str
    created: int
    model: str
    includes_usage: bool

    def whole(self, finished: Finished) -> dict[str, Any]:
        """An answer that has ended well."""
        assert isinstance(finished.result, QueryResult), "every chat is a query"
        reasoning = finished.result.reasoning
        message = {
            "role": Role.ASSISTANT,
            "content": finished.result.answer,
            "refusal": None,
            **({} if reasoning is None else {"reasoning_content": reasoning.text}),
        }
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": _finish_reason(finished),
        }
        return {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": _usage(finished.usage),
            "timings": timings_payload(finished.timings),
        }

    def stream(self, events: Iterable[AnswerEvent]) -> Iterator[str]:
        """The same as server-sent events, each as soon as its piece is there.

        One that fails ends with its error instead of DONE.
        """
        yield event_line(self._chunk({"role": Role.ASSISTANT, "content": ""}))
        for event in events:
            match event:
                case TextDelta(text=text):
                    yield event_line(self._chunk({"content": text}))
                case Reasoned(text=text):
                    yield event_line(self._chunk({"reasoning_content": text}))
                case Finished():
                    yield from self._end(event)

    def _end(self, finished: Finished) -> Iterator[str]:
        if (error := _failure(finished)) is not None:
            yield event_line(error_payload(error))
            return
        yield event_line(
            self._chunk({}, _finish_reason(finished))
            | {"timings": timings_payload(finished.timings)}
        )
        if self.includes_usage:
            yield event_line(self._chunk_head() | {"choices": [], "usage": _usage(finished.usage)})
        yield f"data: {DONE}\n\n"

    def _chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._chunk_head() | {"choices": [choice]}

    def _chunk_head(self) -> dict[str, Any]:
        usage = {"usage": None} if self.includes_usage else {}
        return self._head("chat.completion.chunk") | usage

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def model_payload(model: str, created: int) -> dict[str, Any]:
    """One model. created: seconds since 1970."""
    return {"id": model, "object": "model", "created": created, "owned_by": "moonsight"}


def models_payload(models: Iterable[str], created: int) -> dict[str, Any]:
    """All models that can answer."""
    return {"object": "list", "data": [model_payload(each, created) for each in models]}


def error_payload(error: RequestError) -> dict[str, Any]:
    """An error, with the path of the field that it is about."""
    path = _PATH.match(error.message)
    told = {
        "message": error.message,
        "type": _error_type(error.http_status),
        "param": path[1] if path else None,
        "code": error.code,
    }
    return {"error": told}


def _failure(finished: Finished) -> RequestError | None:
    """Why an answer did not end as it should; one that was stopped from here has no reason."""
    if finished.error is None and finished.reason is FinishReason.CANCELLED:
        return Closing()
    return finished.error


def _finish_reason(finished: Finished) -> str:
    return LENGTH if finished.reason is FinishReason.LENGTH else STOP


def _usage(usage: Usage) -> dict[str, int]:
    return asdict(usage) | {"total_tokens": usage.prompt_tokens + usage.completion_tokens}


def _error_type(http_status: int) -> str:
    if http_status == 501:
        return "not_supported_error"
    if http_status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if http_status < 500 else "server_error"
