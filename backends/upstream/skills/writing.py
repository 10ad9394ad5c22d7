"""Questions and descriptions: what a model writes, word by word."""

from contextlib import aclosing
from functools import partial
from typing import Any

from backends.upstream.skills.asking import Asking, opening
from backends.upstream.skills.loose_json import find_json, show
from backends.upstream.skills.reply import Reply, hear
from backends.upstream.skills.thinking import without_thoughts
from backends.upstream.skills.words import CAPTIONS, with_letters, with_places, with_schema
from engine.sequence import Sequence
from protocol.answer import FinishReason
from protocol.errors import UpstreamUnreadable
from protocol.formats.openai_chat import write_chat
from protocol.frame import Frame
from protocol.pieces import Reasoned, TextDelta
from protocol.request import CaptionRequest, QueryRequest

Written = QueryRequest | CaptionRequest


async def write(asking: Asking, sequence: Sequence, request: Written) -> FinishReason:
    """Tell an answer as it is written, and the reasoning before it where that was asked for.

    JSON is told once it is whole. Raises UpstreamUnreadable when not a word comes.
    """
    is_json = isinstance(request, QueryRequest) and request.json_schema is not None
    is_reasoning = isinstance(request, QueryRequest) and request.is_reasoning
    reply, text = Reply(request), ""
    async with aclosing(hear(asking, request, partial(_body, request), reply)) as answer:
        async for words in answer:
            if is_reasoning and not text and reply.thought:
                sequence.tell(Reasoned(request.id, reply.thought, ()))
            text += words
            if not is_json:
                sequence.tell(TextDelta(request.id, words))
    sequence.usage = reply.usage or sequence.usage
    reason = reply.reason()
    if is_json:
        sequence.tell(TextDelta(request.id, _json(text, reason, request.upstream.model)))
    return reason


def _json(text: str, reason: FinishReason, model: str) -> str:
    """The JSON of an answer. One that was cut short stays as it came. Raises UpstreamUnreadable."""
    text = without_thoughts(text)
    try:
        return find_json(text)[1]
    except ValueError as error:
        if reason is FinishReason.LENGTH:
            return text
        sentence = f"{model} did not answer with JSON, as {error}: {show(text)}"
        raise UpstreamUnreadable(sentence) from error


def _body(request: Written, pictures: tuple[Frame, ...]) -> dict[str, Any]:
    model, sampling = request.upstream.model, request.sampling
    if isinstance(request, CaptionRequest):
        text = request.upstream.caption or CAPTIONS[request.length]
        return write_chat(opening(request, text, pictures), model, sampling)
    text = with_letters(with_places(request.question, request.spatial_refs), len(pictures))
    if request.json_schema is not None:
        text = with_schema(text, request.json_schema)
    return write_chat(
        opening(request, text, pictures),
        model,
        sampling,
        json_schema=request.json_schema,
        is_reasoning=request.is_reasoning,
    )
