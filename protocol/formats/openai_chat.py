"""What OpenAI's API speaks: a chat becomes one question, its answer a completion, whole or in chunks.

Fields that are not named here are ignored. What is not said is as ever with Moonsight: greedy
(OpenAI samples at temperature 1), at most 768 tokens.

Source: platform.openai.com/docs/api-reference/chat, and for `reasoning_content` and `timings` the
servers of DeepSeek and llama.cpp.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from protocol.answer import AnswerEvent, Finished, FinishReason, Usage
from protocol.chat import Role, Turn, one_question
from protocol.errors import BadImage, BadRequest, Closing, ImageTooLarge, RequestError
from protocol.formats.data_url import is_data_url
from protocol.formats.fields import Fields, readable
from protocol.frame import Frame, FrameLimits
from protocol.pieces import Reasoned, TextDelta
from protocol.request import MAX_QUESTION_CHARS, QueryRequest, QueryResult, SamplingParams
from protocol.tiled import MAX_PICTURES, tile

MODELS_PATH = "/v1/models"
CHAT_PATH = "/v1/chat/completions"

# A system is called developer, too.
DEVELOPER = "developer"
ROLES = (*Role, DEVELOPER)
TEXT, IMAGE_URL = PART_TYPES = ("text", "image_url")
# More than a question of MAX_QUESTION_CHARS can be made of.
MAX_MESSAGES, MAX_PARTS = 256, 64

STOP, LENGTH = FINISH_REASONS = ("stop", "length")
DONE = "[DONE]"

# Of the efforts to think that can be asked for, those that are none.
NO_EFFORTS = ("none", "minimal")
EFFORTS = (*NO_EFFORTS, "low", "medium", "high", "xhigh", "max")

JSON_OBJECT, JSON_SCHEMA = "json_object", "json_schema"
ANY_OBJECT = '{"type":"object"}'

# Programs send what other models can write, and any number as a seed.
MAX_TOKENS, MAX_WHOLE = 2048, 2**63 - 1

_REMEDY, _TEXT_OF_ALL = "say what you want to know", "The text of all messages together"

# A sentence that is about one field begins with its path.
_PATH = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Chat:
    """What a program asks for: one question, and how it wants its answer."""

    asked: QueryRequest
    is_streamed: bool
    includes_usage: bool


def parse_chat(fields: Fields, *, limits: FrameLimits, **common: Any) -> Chat:
    """Check the body of a request for a completion.

    common: `id`, `client` and `arrived_at` of the question. Raises BadRequest, BadImage or
    ImageTooLarge with the sentence to show.
    """
    _refuse_what_is_not_done(fields)
    turns, frames = _turns(fields, limits)
    asked = QueryRequest(
        **common,
        frame=tile(frames, limits) if frames else None,
        question=_question(turns),
        is_reasoning=_is_reasoning(fields),
        json_schema=_json_schema(fields),
        sampling=_sampling(fields),
    )
    includes_usage = fields.inner("stream_options").flag("include_usage")
    return Chat(asked, fields.flag("stream"), includes_usage)


@dataclass(frozen=True)
class Completion:
    """Writes one answer. created: seconds since 1970; model: the one that answers."""

    id: str
    created: int
    model: str
    chat: Chat

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
            "timings": _timings(finished),
        }

    def stream(self, events: Iterable[AnswerEvent]) -> Iterator[str]:
        """The same as server-sent events, each as soon as its piece is there.

        One that fails ends with its error instead of DONE.
        """
        yield _event(self._chunk({"role": Role.ASSISTANT, "content": ""}))
        for event in events:
            match event:
                case TextDelta(text=text):
                    yield _event(self._chunk({"content": text}))
                case Reasoned(text=text):
                    yield _event(self._chunk({"reasoning_content": text}))
                case Finished():
                    yield from self._end(event)

    def _end(self, finished: Finished) -> Iterator[str]:
        if (error := _failure(finished)) is not None:
            yield _event(error_payload(error))
            return
        yield _event(
            self._chunk({}, _finish_reason(finished)) | {"timings": _timings(finished)}
        )
        if self.chat.includes_usage:
            yield _event(self._chunk_head() | {"choices": [], "usage": _usage(finished.usage)})
        yield f"data: {DONE}\n\n"

    def _chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._chunk_head() | {"choices": [choice]}

    def _chunk_head(self) -> dict[str, Any]:
        usage = {"usage": None} if self.chat.includes_usage else {}
        return self._head("chat.completion.chunk") | usage

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def model_payload(model: str, created: int) -> dict[str, Any]:
    """One model. created: seconds since 1970."""
    return {"id": model, "object": "model", "created": created, "owned_by": "moonsight"}


def models_payload(model: str, created: int) -> dict[str, Any]:
    """All models: the one that answers whatever a program calls it."""
    return {"object": "list", "data": [model_payload(model, created)]}


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


def _refuse_what_is_not_done(fields: Fields) -> None:
    if (n := fields.get("n")) is not None and (type(n) is not int or n != 1):
        raise BadRequest("`n` must be 1: one answer is written for each request.")
    for name, choice in (("tools", "tool_choice"), ("functions", "function_call")):
        if fields.get(name) and fields.get(choice) != "none":
            raise BadRequest(f"`{name}` must be left out: this model calls none.")
    if fields.get("audio") is not None:
        raise BadRequest("`audio` must be left out: answers are text.")
    if fields.get("modalities") not in (None, [TEXT]):
        raise BadRequest(f'`modalities` must be ["{TEXT}"]: answers are text.')
    if fields.flag("logprobs"):
        raise BadRequest("`logprobs` must be false: they are not told.")


def _turns(fields: Fields, limits: FrameLimits) -> tuple[list[Turn], list[Frame]]:
    frames: list[Frame] = []
    turns = [
        Turn(_role(message), tuple(_pieces(message, limits, frames)))
        for message in fields.each("messages", MAX_MESSAGES)
    ]
    return turns, frames


def _role(message: Fields) -> Role:
    role = message.choice("role", ROLES)
    return Role.SYSTEM if role == DEVELOPER else Role(role)


def _pieces(message: Fields, limits: FrameLimits, frames: list[Frame]) -> Iterator[str | int]:
    """The texts of a message, and the numbers of its pictures, which join `frames`."""
    content = message.get("content")
    if isinstance(content, str):
        yield content
    if content is None or isinstance(content, str):
        # Of an assistant that called a tool there is no text.
        return
    if not isinstance(content, list):
        raise BadRequest(f"`{message.path('content')}` must be a text or a list of parts.")
    for part in message.each("content", MAX_PARTS):
        if part.choice("type", PART_TYPES) == TEXT:
            yield _text(part)
        elif len(frames) == MAX_PICTURES:
            raise BadRequest(
                f"`{part.path(IMAGE_URL)}` is one picture too many: at most {MAX_PICTURES} are"
                " accepted."
            )
        else:
            frames.append(_picture(part, limits))
            yield len(frames) - 1


def _text(part: Fields) -> str:
    text = part.get(TEXT)
    if not isinstance(text, str):
        raise BadRequest(f"`{part.path(TEXT)}` must be a text.")
    return text


def _picture(part: Fields, limits: FrameLimits) -> Frame:
    """A picture that a part brings with it; one that lies elsewhere is never fetched."""
    holder, name = part, IMAGE_URL
    if not isinstance(part.get(IMAGE_URL), str):
        holder, name = part.inner(IMAGE_URL), "url"
    path, url = holder.path(name), holder.get(name)
    if not isinstance(url, str) or not is_data_url(url):
        raise BadImage(
            f"`{path}` must be a data URL (data:image/jpeg;base64,…): a picture that lies"
            " elsewhere is not fetched."
        )
    try:
        return holder.picture(name, limits)
    except (BadImage, ImageTooLarge) as error:
        raise type(error)(f"`{path}`: {error}") from error


def _question(turns: Sequence[Turn]) -> str:
    """The whole chat as one text, if there is something of the user to answer."""
    spoken = [index for index, turn in enumerate(turns) if turn.role is not Role.SYSTEM]
    if not spoken:
        raise BadRequest(f"`messages` holds nothing of the user: {_REMEDY}.")
    last = spoken[-1]
    if turns[last].role is not Role.USER:
        raise BadRequest(f"`messages[{last}].role` must be user, as it is the last: {_REMEDY}.")
    if turns[last].is_silent:
        raise BadRequest(f"`messages[{last}].content` is empty: {_REMEDY}.")
    return readable(_TEXT_OF_ALL, one_question(turns), MAX_QUESTION_CHARS, _REMEDY)


def _is_reasoning(fields: Fields) -> bool:
    effort = fields.choice("reasoning_effort", EFFORTS, NO_EFFORTS[0])
    return fields.flag("reasoning") or effort not in NO_EFFORTS


def _json_schema(fields: Fields) -> str | None:
    """The schema that the answer keeps to; other servers take one with `json_object`, too."""
    wanted = fields.inner("response_format")
    kind = wanted.choice("type", (TEXT, JSON_OBJECT, JSON_SCHEMA), TEXT)
    if kind == JSON_OBJECT:
        return wanted.json_schema("schema") or ANY_OBJECT
    if kind == TEXT:
        return None
    named = wanted.inner(JSON_SCHEMA)
    schema = named.json_schema("schema")
    if schema is None:
        raise BadRequest(f"`{named.path('schema')}` is missing: send the schema to keep to.")
    return schema


def _sampling(fields: Fields) -> SamplingParams:
    default = SamplingParams()
    max_tokens = fields.whole("max_tokens", default.max_tokens, 1, MAX_WHOLE)
    max_tokens = fields.whole("max_completion_tokens", max_tokens, 1, MAX_WHOLE)
    seed = fields.get("seed")
    if seed is not None:
        # Any whole number is accepted; of two that are far apart, some are the same.
        seed = fields.whole("seed", 0, -MAX_WHOLE - 1, MAX_WHOLE) & MAX_WHOLE
    return SamplingParams(
        max_tokens=min(max_tokens, MAX_TOKENS),
        temperature=fields.number("temperature", default.temperature, 0, 2),
        top_p=fields.number("top_p", default.top_p, 0, 1),
        seed=seed,
        stop=fields.stops("stop"),
    )


def _failure(finished: Finished) -> RequestError | None:
    """Why an answer did not end as it should; one that was stopped from here has no reason."""
    if finished.error is None and finished.reason is FinishReason.CANCELLED:
        return Closing()
    return finished.error


def _finish_reason(finished: Finished) -> str:
    return LENGTH if finished.reason is FinishReason.LENGTH else STOP


def _usage(usage: Usage) -> dict[str, int]:
    return asdict(usage) | {"total_tokens": usage.prompt_tokens + usage.completion_tokens}


def _timings(finished: Finished) -> dict[str, float | None]:
    """Milliseconds, as Socket.IO tells them."""
    timings: dict[str, float | None] = asdict(finished.timings)
    return {name: value if value is None else round(value, 1) for name, value in timings.items()}


def _error_type(http_status: int) -> str:
    if http_status == 501:
        return "not_supported_error"
    if http_status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if http_status < 500 else "server_error"


def _event(payload: dict[str, Any]) -> str:
    return f"data: {json.dumps(payload, ensure_ascii=False, separators=(',', ':'))}\n\n"
