"""Boxes and points over a chat: JSON, read in the measure that the model is known to write in."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from backends.upstream.skills.asking import Asking, opening
from backends.upstream.skills.coordinates import (
    Unclear,
    boxes,
    measure_of,
    points,
    read_numbers,
)
from backends.upstream.skills.loose_json import show
from backends.upstream.skills.reply import Reply, hear_whole
from backends.upstream.skills.words import boxes_of, once_more, points_of
from engine.sequence import Sequence
from protocol.answer import FinishReason, Usage
from protocol.chat import Role
from protocol.errors import UpstreamUnreadable
from protocol.formats.openai_chat import Message, write_chat
from protocol.frame import Frame
from protocol.pieces import Found
from protocol.places import Box, Point
from protocol.request import DetectRequest, PointRequest
from protocol.upstream import Coordinates

# What the JSON of a place takes at most, and what stands around all of them.
TOKENS_PER_PLACE, TOKENS_AROUND = 40, 64
# More would not fit beside a picture into what many servers are started with.
MOST_TOKENS = 1024

FindRequest = DetectRequest | PointRequest
# Of the picture as it is sent, in pixels.
Size = tuple[int, int]
T = TypeVar("T")


async def find(asking: Asking, sequence: Sequence, request: FindRequest) -> FinishReason:
    """Tell each place that is found, once all are there. Raises UpstreamUnreadable."""
    model, wanted = request.upstream.model, request.upstream.coordinates
    known = asking.servers.abilities(model).coordinates
    measure = known if wanted is Coordinates.AUTO else wanted

    def read(text: str, size: Size) -> list[Box] | list[Point]:
        is_box = isinstance(request, DetectRequest)
        numbers = read_numbers(text, 4 if is_box else 2, request.sampling.max_objects)
        if not numbers:
            return []
        chosen = measure or measure_of(numbers, size)
        return (boxes if is_box else points)(numbers, chosen, size)

    places, reason = await hear_places(asking, sequence, request, read)
    for place in places:
        sequence.tell(Found(request.id, place))
    return reason


async def hear_places(
    asking: Asking, sequence: Sequence, request: FindRequest, read: Callable[[str, Size], T]
) -> tuple[T, FinishReason]:
    """Ask for places and `read` them from the answer; once more where it raises ValueError.

    Returns why the answer ended, too: where it ran out of tokens, more places may be there.
    Raises UpstreamUnreadable when they cannot be read then, either.
    """
    n_tokens = TOKENS_AROUND + TOKENS_PER_PLACE * request.sampling.max_objects
    sampling = replace(request.sampling, max_tokens=min(n_tokens, MOST_TOKENS), stop=())
    request = replace(request, sampling=sampling)
    said: list[Message] = []
    while True:
        size: Size = (1, 1)

        def body(pictures: tuple[Frame, ...]) -> dict[str, Any]:
            nonlocal size
            size = pictures[0].width_px, pictures[0].height_px
            return _body(request, pictures, size, said)  # noqa: B023

        reply = Reply(request)
        text = await hear_whole(asking, request, body, reply)
        sequence.usage = _sum(sequence.usage, reply.usage)
        try:
            return read(text, size), reply.reason()
        except ValueError as error:
            if said or isinstance(error, Unclear):
                raise UpstreamUnreadable(
                    _unreadable(request.upstream.model, error, text)
                ) from error
            said = [Message(Role.ASSISTANT, text), Message(Role.USER, once_more(str(error)))]


def _unreadable(model: str, error: ValueError, text: str) -> str:
    if isinstance(error, Unclear):
        return (
            f"{model} writes places in a measure that nobody knows yet. Run the test of the model,"
            f" or choose how it writes them. It wrote: {show(text)}"
        )
    return f"{model} answered in another form than it was asked for, as {error}: {show(text)}"


def _body(
    request: FindRequest, pictures: tuple[Frame, ...], size: Size, said: list[Message]
) -> dict[str, Any]:
    ask = boxes_of if isinstance(request, DetectRequest) else points_of
    text = ask(request.object, request.upstream.coordinates, size)
    return write_chat(
        [*opening(request, text, pictures), *said],
        request.upstream.model,
        request.sampling,
        json_schema=BOXES if isinstance(request, DetectRequest) else POINTS,
    )


def _schema(name: str, numbers: tuple[str, ...]) -> str:
    """Of a list of places. In the words that the strictest servers take."""
    place = {"type": "object", "properties": {each: {"type": "number"} for each in numbers}}
    listed = {
        "type": "array",
        "items": place | {"required": numbers, "additionalProperties": False},
    }
    whole = {"type": "object", "properties": {name: listed}, "required": [name]}
    return json.dumps(whole | {"additionalProperties": False})


BOXES = _schema("objects", ("x_min", "y_min", "x_max", "y_max"))
POINTS = _schema("points", ("x", "y"))


def _sum(usage: Usage, more: Usage | None) -> Usage:
    more = more or Usage()
    return Usage(
        usage.prompt_tokens + more.prompt_tokens, usage.completion_tokens + more.completion_tokens
    )
