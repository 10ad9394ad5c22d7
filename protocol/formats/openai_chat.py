"""What programs send to OpenAI's chat API: a chat, which becomes one question; and a chat that we
send to another server.

Fields that are not named here are ignored. What is not said is as everywhere with Moonsight: greedy
(OpenAI samples at temperature 1), top_p 0.3 (OpenAI: 1), at most 768 tokens.

Source: platform.openai.com/docs/api-reference/chat.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from protocol.chat import Role, Turn, one_question
from protocol.errors import BadImage, BadRequest, ImageTooLarge
from protocol.formats.data_url import encode_data_url, is_data_url
from protocol.formats.fields import Fields, readable
from protocol.formats.skills import Common
from protocol.frame import Frame, FrameLimits
from protocol.request import MAX_QUESTION_CHARS, MAX_SEED, MAX_TOKENS, QueryRequest, SamplingParams
from protocol.tiled import MAX_PICTURES, tile
from protocol.upstream import MAX_MODEL_CHARS, UpstreamParams

CHAT_PATH = "/v1/chat/completions"

# A system is called developer, too.
DEVELOPER = "developer"
ROLES = (*Role, DEVELOPER)
TEXT, IMAGE_URL = PART_TYPES = ("text", "image_url")
# More than a question of MAX_QUESTION_CHARS can be made of.
MAX_MESSAGES, MAX_PARTS = 256, 64

# Of the efforts to think that can be asked for, those that are none.
NO_EFFORTS = (None, "none", "minimal")
# What is asked of other servers.
EFFORT = "medium"

JSON_OBJECT, JSON_SCHEMA = "json_object", "json_schema"
ANY_OBJECT = '{"type":"object"}'

# Programs send what other models can write.
MAX_WHOLE = 2**63 - 1

_REMEDY, _TEXT_OF_ALL = "say what you want to know", "The text of all messages together"


@dataclass(frozen=True)
class Chat:
    """What a program asks for: one question, and how it wants its answer."""

    asked: QueryRequest
    is_streamed: bool
    includes_usage: bool


def parse_chat(fields: Fields, *, limits: FrameLimits, **common: Unpack[Common]) -> Chat:
    """Check the body of a request for a completion.

    common: without `sampling`, which the chat tells. Raises BadRequest, BadImage or ImageTooLarge
    with the sentence to show.
    """
    _refuse_what_is_not_done(fields)
    common["sampling"] = _sampling(fields)
    common["upstream"] = UpstreamParams(model=_model(fields))
    turns, frames = _turns(fields, limits)
    asked = QueryRequest(
        **common,
        question=_question(turns),
        frame=tile(frames, limits) if frames else None,
        is_reasoning=_is_reasoning(fields),
        json_schema=_json_schema(fields),
    )
    includes_usage = fields.inner("stream_options").flag("include_usage")
    return Chat(asked, fields.flag("stream"), includes_usage)


@dataclass(frozen=True)
class Message:
    """One message of a chat that is sent. pictures: encoded, in front of the text."""

    role: Role
    text: str
    pictures: tuple[Frame, ...] = ()


def write_chat(
    messages: Sequence[Message],
    model: str,
    sampling: SamplingParams,
    *,
    json_schema: str | None = None,
    is_reasoning: bool = False,
) -> dict[str, Any]:
    """The body that asks for a streamed completion; `parse_chat` reads it back."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [_written(message) for message in messages],
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if is_reasoning:
        body["reasoning_effort"] = EFFORT
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if json_schema is not None:
        schema = {"name": "answer", "strict": True, "schema": json.loads(json_schema)}
        body["response_format"] = {"type": JSON_SCHEMA, JSON_SCHEMA: schema}
    return body


def _written(message: Message) -> dict[str, Any]:
    if not message.pictures:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [
        {"type": IMAGE_URL, IMAGE_URL: {"url": encode_data_url(picture)}}
        for picture in message.pictures
    ]
    return {"role": message.role, "content": [*parts, {"type": TEXT, TEXT: message.text}]}


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
    elif isinstance(content, list):
        for part in message.each("content", MAX_PARTS):
            yield _piece(part, limits, frames)
    elif content is not None:
        raise BadRequest(f"`{message.path('content')}` must be a text or a list of parts.")


def _piece(part: Fields, limits: FrameLimits, frames: list[Frame]) -> str | int:
    if part.choice("type", PART_TYPES) == TEXT:
        text = part.get(TEXT)
        if not isinstance(text, str):
            raise BadRequest(f"`{part.path(TEXT)}` must be a text.")
        return text
    if len(frames) == MAX_PICTURES:
        path = part.path(IMAGE_URL)
        raise BadRequest(f"`{path}` is one too many: at most {MAX_PICTURES} pictures are accepted.")
    frames.append(_picture(part, limits))
    return len(frames) - 1


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
        # Some sentences name the path, others are about any picture.
        told = error.message.removeprefix(f"`{path}` ")
        raise type(error)(f"`{path}`: {told}") from error


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
    effort = fields.get("reasoning_effort")
    if effort is not None and not isinstance(effort, str):
        raise BadRequest("`reasoning_effort` must be a text such as low.")
    return fields.flag("reasoning") or effort not in NO_EFFORTS


def _model(fields: Fields) -> str:
    """Which model is wanted: of those that a server has; a network of our own is what it is."""
    model = fields.get("model")
    return model if isinstance(model, str) and len(model) <= MAX_MODEL_CHARS else ""


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
        # A negative one is as good as another.
        seed = fields.whole("seed", 0, -MAX_WHOLE, MAX_WHOLE) % (MAX_SEED + 1)
    return SamplingParams(
        max_tokens=min(max_tokens, MAX_TOKENS),
        temperature=fields.number("temperature", default.temperature, 0, 2),
        top_p=fields.number("top_p", default.top_p, 0, 1),
        seed=seed,
        stop=fields.stops("stop"),
    )
