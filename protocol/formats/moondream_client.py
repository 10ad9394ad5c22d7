"""Moondream's own HTTP API, as a client speaks it: requests to bodies, and answers back to pieces.

What another Moonsight answers with `moondream_rest` is read here, whole or line by line.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from protocol.answer import FinishReason, Usage
from protocol.errors import UpstreamUnreadable
from protocol.formats.data_url import encode_data_url
from protocol.formats.openai_client import whole_characters
from protocol.pieces import Chosen, Found, Piece, Reasoned, TextDelta
from protocol.places import Box, Grounding, Point
from protocol.request import (
    CaptionRequest,
    DetectRequest,
    PointRequest,
    QueryRequest,
    Request,
    Skill,
)


@dataclass(frozen=True)
class Told:
    """What one line of a stream tells, or a whole body.

    reason: why the answer ended, None while more may come.
    """

    pieces: tuple[Piece, ...] = ()
    reason: FinishReason | None = None
    usage: Usage = field(default_factory=Usage)
    encode_ms: float = 0.0
    prefill_ms: float = 0.0


def path_of(skill: Skill) -> str:
    """Where a skill is asked for, behind the API's version."""
    return f"/{skill}"


def write_request(request: Request) -> dict[str, Any]:
    """The body that asks for the same; `moondream_rest.parse_request` reads it back."""
    body: dict[str, Any] = {"settings": _settings(request)}
    if request.frame is not None:
        body["image_url"] = encode_data_url(request.frame)
    match request:
        case QueryRequest():
            body["question"] = request.question
            body["reasoning"] = request.is_reasoning
            body["spatial_refs"] = [list(ref) for ref in request.spatial_refs]
            if request.choices:
                body["choices"] = list(request.choices)
        case CaptionRequest(length=length):
            body["length"] = length
        case DetectRequest(object=wanted) | PointRequest(object=wanted):
            body["object"] = wanted
        case _:
            raise AssertionError("it has no path")
    # The probabilities of choices are told at the end alone.
    return body | {"stream": "choices" not in body}


def read_told(payload: dict[str, Any], request: Request) -> Told:
    """Read one line, or the whole body that answers `request`.

    Raises UpstreamUnreadable for what is no answer.
    """
    try:
        if "chunk" in payload:
            return Told((TextDelta(request.id, _text(payload["chunk"])),))
        if "found" in payload:
            return Told(tuple(_places([payload["found"]], request)))
        if "request_id" not in payload:
            return Told(tuple(_reasoned(request.id, payload.get("reasoning"))))
        # The last line of a stream holds everything once more.
        is_new = not payload.get("completed")
        return _end(payload, tuple(_pieces(payload, request)) if is_new else ())
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        told = json.dumps(payload)[:200]
        raise UpstreamUnreadable(f"What came is no answer of Moonsight's: {told}") from error


def _settings(request: Request) -> dict[str, Any]:
    sampling = asdict(request.sampling)
    settings = {name: value for name, value in sampling.items() if value is not None}
    settings["stop"] = list(request.sampling.stop)
    settings["upstream"] = asdict(request.upstream)
    if isinstance(request, QueryRequest) and request.json_schema is not None:
        settings["json_schema"] = json.loads(request.json_schema)
    return settings


def _end(payload: dict[str, Any], pieces: tuple[Piece, ...]) -> Told:
    is_cut = payload.get("finish_reason") == FinishReason.LENGTH
    usage, timings = payload.get("usage") or {}, payload.get("timings") or {}
    return Told(
        pieces,
        FinishReason.LENGTH if is_cut else FinishReason.STOP,
        Usage(int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))),
        float(timings.get("encode_ms") or 0),
        float(timings.get("prefill_ms") or 0),
    )


def _pieces(payload: dict[str, Any], request: Request) -> Iterator[Piece]:
    id = request.id
    match request:
        case QueryRequest(choices=()):
            yield from _reasoned(id, payload.get("reasoning"))
            yield TextDelta(id, _text(payload["answer"]))
        case QueryRequest(choices=choices):
            yield _chosen(id, payload, choices)
        case CaptionRequest():
            yield TextDelta(id, _text(payload["caption"]))
        case DetectRequest():
            yield from _places(payload["objects"], request)
        case PointRequest():
            yield from _places(payload["points"], request)


def _chosen(id: str, payload: dict[str, Any], choices: tuple[str, ...]) -> Chosen:
    probabilities = tuple(float(each) for each in payload.get("probabilities") or ())
    if payload["choice"] not in choices or len(probabilities) not in (0, len(choices)):
        raise ValueError("it is none of the choices")
    return Chosen(id, payload["choice"], probabilities)


def _reasoned(id: str, told: Any) -> Iterator[Reasoned]:
    if told is None:
        return
    grounding = (
        Grounding(
            int(each["start_idx"]),
            int(each["end_idx"]),
            tuple((_place(x), _place(y)) for x, y in each["points"]),
        )
        for each in told["grounding"]
    )
    yield Reasoned(id, _text(told["text"]), tuple(grounding))


def _places(told: list[Any], request: Request) -> Iterator[Found]:
    kind = Box if isinstance(request, DetectRequest) else Point
    names = [each.name for each in fields(kind)]
    for place in told[: request.sampling.max_objects]:
        yield Found(request.id, kind(*(_place(place[name]) for name in names)))


def _place(value: Any) -> float:
    """A fraction of the picture's side, or a little beyond."""
    if not -1 <= value <= 2:
        raise ValueError("it lies nowhere near the picture")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("it is no text")
    return whole_characters(value)
