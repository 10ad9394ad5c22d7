"""Moondream's own HTTP API: bodies to requests, answers to bodies and to lines of a stream.

Bodies are JSON or forms. What is read and written is what moondream's clients for Python (1.2, 2.6)
write and read; besides, every answer says what Socket.IO's `response` says. `moondream_client` is
the same seen from the other side.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Unpack

from protocol.answer import AnswerEvent, Finished
from protocol.errors import BadImage, BadRequest, RequestError
from protocol.formats.data_url import is_data_url
from protocol.formats.fields import Fields
from protocol.formats.json_text import event_line, read_json
from protocol.formats.skills import (
    Common,
    end_payload,
    error_payload,
    parse_sampling,
    parse_skill,
    parse_upstream,
    result_payload,
)
from protocol.frame import UNSEEN, Frame, FrameLimits
from protocol.pieces import Found, Reasoned, TextDelta
from protocol.request import QueryResult, Request, Skill

SKILLS = (Skill.QUERY, Skill.CAPTION, Skill.DETECT, Skill.POINT)

# What a form's fields are, by name; others are ignored.
PICTURES = ("file", "image")
_TEXTS = ("question", "object", "obj", "length", "image_url")
_FLAGS = ("stream", "reasoning")
_JSON = ("settings", "spatial_refs")
_CHOICES = "choices"
_FLAG_VALUES = {"true": True, "1": True, "false": False, "0": False}

# Base64 has no colon; a data URL was looked for before.
_ADDRESS = re.compile(r"\s{0,99}[a-z][a-z0-9+.-]{0,99}:", re.IGNORECASE)


def parse_request(
    skill: Skill, fields: Fields, limits: FrameLimits, **common: Unpack[Common]
) -> Request:
    """Check the fields of one skill; only a query may come without a picture.

    Its frame is UNSEEN where the shared camera is to be looked through (`"camera": true`).
    common: what the request is made with besides. Raises BadRequest, BadImage or ImageTooLarge with
    the sentence to show.
    """
    fields = fields.renamed(obj="object", image="image_url", file="image_url")
    common["sampling"] = parse_sampling(fields.inner("settings"))
    common["upstream"] = parse_upstream(fields.inner("settings"))
    return parse_skill(skill, fields, _frame(fields, limits), common)


def form_fields(parts: Iterable[tuple[str, bytes]]) -> Fields:
    """The fields that the parts of a form stand for, by name. Raises BadRequest.

    A text that is empty stands for nothing, as a form's field that nobody filled in.
    """
    values: dict[str, object] = {}
    choices: list[str] = []
    for name, data in parts:
        value = data if name in PICTURES else _value(name, data)
        if value is None:
            continue
        if name == _CHOICES:
            choices.append(str(value))
            continue
        if name in values:
            raise BadRequest(f"The form's `{name}` comes twice.")
        values[name] = value
    if choices:
        values[_CHOICES] = _listed(choices)
    return Fields(values)


def answer_payload(end: Finished, model: str) -> dict[str, Any]:
    """The body that tells a whole answer. model: who answered."""
    result = end.result
    payload = {"request_id": end.id, **result_payload(result)}
    if isinstance(result, QueryResult) and result.reasoning is not None:
        payload["reasoning"] = _reasoning(result.reasoning)
    if end.skill is Skill.POINT:
        payload["count"] = len(payload["points"])
    return {**payload, **end_payload(end), "model": model}


def stream_lines(events: Iterable[AnswerEvent], model: str) -> Iterator[str]:
    """An answer as server-sent events, one per piece; the last holds the whole answer, too."""
    for event in events:
        match event:
            case TextDelta(text=text):
                yield event_line({"chunk": text})
            case Found(place=place):
                yield event_line({"found": asdict(place)})
            case Reasoned():
                yield event_line({"reasoning": _reasoning(event)})
            case Finished(error=None):
                yield event_line({"completed": True, **answer_payload(event, model)})
            case Finished(error=RequestError() as error):
                yield event_line({"error": error_payload(error)})


def _reasoning(reasoned: Reasoned) -> dict[str, Any]:
    told = asdict(reasoned)
    return {name: told[name] for name in ("text", "grounding")}


def _frame(fields: Fields, limits: FrameLimits) -> Frame | None:
    image = fields.get("image_url")
    if fields.flag("camera"):
        if image is not None:
            raise BadRequest(
                "`camera` looks through the shared camera, and `image_url` is another picture: send"
                " one of them."
            )
        return UNSEEN
    if image is None:
        return None
    if isinstance(image, str) and not is_data_url(image):
        if _ADDRESS.match(image):
            raise BadImage(
                "`image_url` is an address, and nothing is fetched from addresses: send the picture"
                " itself as a data URL (data:image/jpeg;base64,…)."
            )
        fields = Fields({"image_url": f"data:;base64,{image}"})
    return fields.picture("image_url", limits)


def _value(name: str, data: bytes) -> object:
    """What a part of a form stands for that is no picture; None for nothing."""
    if name not in (*_TEXTS, *_FLAGS, *_JSON, _CHOICES) or not data:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise BadRequest(f"The form's `{name}` is no text in UTF-8.") from None
    if name in _JSON:
        return read_json(text, f"The form's `{name}`")
    return _FLAG_VALUES.get(text.lower(), text) if name in _FLAGS else text


def _listed(choices: list[str]) -> object:
    """Choices as fields of their own, or all of them in one as JSON."""
    is_json = len(choices) == 1 and choices[0].lstrip().startswith("[")
    return read_json(choices[0], f"The form's `{_CHOICES}`") if is_json else choices
