"""What the page and Socket.IO programs speak: payloads to requests, events back to payloads."""

from collections.abc import Callable
from dataclasses import asdict
from time import monotonic
from typing import Any, TypedDict, assert_never
from uuid import uuid4

from protocol.answer import AnswerEvent, Finished, FinishReason, Started, Waiting
from protocol.errors import BadImage, BadRequest, FrameForgotten, RequestError
from protocol.formats.fields import Fields
from protocol.frame import Frame, FrameLimits
from protocol.pieces import Found, Reasoned, TextDelta
from protocol.request import (
    CAPTION_LENGTHS,
    MAX_ID_CHARS,
    MAX_OBJECT_CHARS,
    MAX_QUESTION_CHARS,
    MAX_SPATIAL_REFS,
    CaptionRequest,
    CaptionResult,
    DetectRequest,
    DetectResult,
    LookRequest,
    LookResult,
    PointRequest,
    PointResult,
    QueryRequest,
    QueryResult,
    Request,
    Result,
    SamplingParams,
    Skill,
)
from protocol.status import Status

MAX_SEED = 2**63 - 1

# Finds a frame that this client sent before; None when it is no longer held.
FrameLookup = Callable[[str], Frame | None]


def request_id(payload: object) -> str:
    """The id a payload asks for, or one made up when it names none that can be used.

    Even a payload that is refused is answered under this id.
    """
    wanted = payload.get("id") if isinstance(payload, dict) else None
    if isinstance(wanted, str) and 0 < len(wanted) <= MAX_ID_CHARS:
        return wanted
    return uuid4().hex


def is_live(payload: object) -> bool:
    """Whether a payload is one of a loop's; it may be refused all the same."""
    return isinstance(payload, dict) and payload.get("live") is True


def parse_request(
    skill: Skill,
    payload: object,
    *,
    id: str,
    client: str,
    limits: FrameLimits,
    find_frame: FrameLookup,
) -> Request:
    """Check the payload of one skill.

    id: from `request_id`. Raises BadRequest, BadImage, FrameForgotten or ImageTooLarge with the
    sentence to show.
    """
    if not isinstance(payload, dict):
        raise BadRequest('The payload must be an object such as {"question": …, "image": …}.')
    fields = Fields(payload)
    if fields.get("id") not in (None, id):
        raise BadRequest(f"`id` must be a text of 1 to {MAX_ID_CHARS} characters.")
    frame, frame_id = _frame(fields, limits, find_frame)
    common: _Common = {
        "id": id,
        "client": client,
        "arrived_at": monotonic(),
        "frame": frame,
        "frame_id": frame_id,
        "is_live": fields.flag("live"),
        "sampling": _sampling(fields.inner("settings")),
    }
    return _asked(skill, common, fields)


def parse_cancel(payload: object) -> str | None:
    """The id to cancel, None when the payload names none; nothing is refused here."""
    wanted = payload.get("id") if isinstance(payload, dict) else None
    return wanted if isinstance(wanted, str) else None


def event_payload(event: AnswerEvent) -> tuple[str, dict[str, Any]]:
    """The name and payload under which an answer event travels to the page."""
    match event:
        case Waiting(id, position, expected_ms):
            return "waiting", {"id": id, "position": position, "expected_ms": expected_ms}
        case Started(id, frame_id, queue_ms):
            return "started", {"id": id, "frame": frame_id, "queue_ms": queue_ms}
        case TextDelta(id, text):
            return "token", {"id": id, "text": text}
        case Reasoned():
            return "reasoning", asdict(event)
        case Found(id, place):
            return "found", {"id": id, "place": asdict(place)}
        case Finished(result=LookResult()):
            return "looked", _looked(event)
        case Finished():
            return "response", _response(event)
        case _:
            assert_never(event)


def status_payload(status: Status) -> dict[str, Any]:
    """The status as `/healthz` and the `status` event tell it."""
    payload = asdict(status)
    return {"status": payload.pop("state"), **payload}


class _Common(TypedDict):
    """What every skill is asked with."""

    id: str
    client: str
    arrived_at: float
    frame: Frame
    frame_id: str
    is_live: bool
    sampling: SamplingParams


def _asked(skill: Skill, common: _Common, fields: Fields) -> Request:
    match skill:
        case Skill.QUERY:
            return _query(common, fields)
        case Skill.CAPTION:
            length = fields.choice("length", CAPTION_LENGTHS, "normal")
            return CaptionRequest(**common, length=length)
        case Skill.DETECT:
            return DetectRequest(**common, object=fields.text("object", MAX_OBJECT_CHARS))
        case Skill.POINT:
            return PointRequest(**common, object=fields.text("object", MAX_OBJECT_CHARS))
        case Skill.LOOK:
            return LookRequest(**common)
        case _:
            assert_never(skill)


def _query(common: _Common, fields: Fields) -> QueryRequest:
    query = QueryRequest(
        **common,
        question=fields.text("question", MAX_QUESTION_CHARS),
        is_reasoning=fields.flag("reasoning"),
        spatial_refs=fields.spatial_refs("spatial_refs", MAX_SPATIAL_REFS),
        choices=fields.choices("choices"),
        json_schema=fields.inner("settings").json_schema("json_schema"),
    )
    if query.choices and query.is_reasoning:
        raise BadRequest("`choices` are compared without `reasoning`: leave one of them out.")
    if query.choices and query.json_schema is not None:
        raise BadRequest("`choices` are no JSON: leave them or `settings.json_schema` out.")
    return query


def _looked(event: Finished) -> dict[str, Any]:
    # Only a frame that was looked at is worth asking about by its name.
    frame_id = event.frame_id if event.reason is FinishReason.STOP else None
    return {"id": event.id, "frame": frame_id, **_end(event)}


def _response(event: Finished) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "id": event.id,
        "skill": event.skill,
        **_result(event.result),
        **_end(event),
    }
    if event.error is not None:
        # The simplest client shows `answer` and nothing else.
        payload["answer"] = event.error.message
    return payload


def _end(event: Finished) -> dict[str, Any]:
    """Why it ended and what it took: the same for every skill."""
    payload: dict[str, Any] = {
        "finish_reason": event.reason,
        "timings": {
            name: value if value is None else round(value, 1)
            for name, value in asdict(event.timings).items()
        },
        "usage": asdict(event.usage),
    }
    if event.error is not None:
        payload["error"] = _error(event.error)
    return payload


def _error(error: RequestError) -> dict[str, str]:
    payload = {"code": error.code, "message": error.message}
    if error.general_code is not None:
        payload["general_code"] = error.general_code
    return payload


def _result(result: Result) -> dict[str, Any]:
    match result:
        case QueryResult(answer=answer, probabilities=()):
            return {"answer": answer}
        case QueryResult(answer=answer, probabilities=probabilities):
            return {"answer": answer, "choice": answer, "probabilities": list(probabilities)}
        case CaptionResult(caption=caption):
            return {"caption": caption}
        case DetectResult(objects=objects):
            return {"objects": [asdict(box) for box in objects]}
        case PointResult(points=points):
            return {"points": [asdict(point) for point in points]}
        case LookResult():
            return {}
        case _:
            assert_never(result)


def _frame(fields: Fields, limits: FrameLimits, find_frame: FrameLookup) -> tuple[Frame, str]:
    if fields.get("image") is not None:
        return fields.picture("image", limits), uuid4().hex
    frame_id = fields.get("frame")
    if frame_id is None:
        raise BadImage("`image` is missing: send the frame that the question is about.")
    frame = find_frame(frame_id) if isinstance(frame_id, str) else None
    if not isinstance(frame_id, str) or frame is None:
        raise FrameForgotten
    return frame, frame_id


def _sampling(settings: Fields) -> SamplingParams:
    default = SamplingParams()
    seed = settings.get("seed")
    return SamplingParams(
        max_tokens=settings.whole("max_tokens", default.max_tokens, 1, 2048),
        max_objects=settings.whole("max_objects", default.max_objects, 1, 200),
        temperature=settings.number("temperature", default.temperature, 0, 2),
        top_p=settings.number("top_p", default.top_p, 0, 1),
        seed=None if seed is None else settings.whole("seed", 0, 0, MAX_SEED),
        stop=settings.stops("stop"),
    )
