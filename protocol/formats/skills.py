"""The skills' own fields, in and out, by the names that Socket.IO and Moondream's API share."""

from dataclasses import asdict
from typing import Any, NotRequired, TypedDict, assert_never

from protocol.answer import Finished, Timings
from protocol.errors import BadImage, BadRequest, RequestError
from protocol.formats.fields import Fields
from protocol.frame import Frame
from protocol.pieces import Checked
from protocol.request import (
    CAPTION_LENGTHS,
    MAX_OBJECT_CHARS,
    MAX_OBJECTS,
    MAX_QUESTION_CHARS,
    MAX_SEED,
    MAX_SPATIAL_REFS,
    MAX_TOKENS,
    CaptionRequest,
    CaptionResult,
    CheckRequest,
    CheckResult,
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
from protocol.upstream import (
    MAX_MODEL_CHARS,
    MAX_QUALITY,
    MAX_SIDE_PX,
    MAX_WORDS_CHARS,
    MIN_QUALITY,
    MIN_SIDE_PX,
    Coordinates,
    UpstreamParams,
)


class Common(TypedDict):
    """What every skill is asked with, besides its picture and fields of its own."""

    id: str
    client: str
    arrived_at: float
    sampling: NotRequired[SamplingParams]
    upstream: NotRequired[UpstreamParams]
    frame_id: NotRequired[str]
    is_live: NotRequired[bool]
    is_program: NotRequired[bool]


def parse_skill(skill: Skill, fields: Fields, frame: Frame | None, common: Common) -> Request:
    """The request of one skill. Raises BadRequest, or BadImage where it must have a picture."""
    if skill is Skill.QUERY:
        return _query(common, frame, fields)
    if skill is Skill.CHECK:
        return CheckRequest(**common)
    if frame is None:
        raise BadImage("The picture is missing: send the one that this is about.")
    match skill:
        case Skill.CAPTION:
            length = fields.choice("length", CAPTION_LENGTHS, "normal")
            return CaptionRequest(**common, frame=frame, length=length)
        case Skill.DETECT:
            return DetectRequest(**common, frame=frame, object=_object(fields))
        case Skill.POINT:
            return PointRequest(**common, frame=frame, object=_object(fields))
        case Skill.LOOK:
            return LookRequest(**common, frame=frame)
        case _:
            assert_never(skill)


def parse_sampling(settings: Fields) -> SamplingParams:
    """How the answer is chosen. Raises BadRequest."""
    default = SamplingParams()
    seed = settings.get("seed")
    return SamplingParams(
        max_tokens=settings.whole("max_tokens", default.max_tokens, 1, MAX_TOKENS),
        max_objects=settings.whole("max_objects", default.max_objects, 1, MAX_OBJECTS),
        temperature=settings.number("temperature", default.temperature, 0, 2),
        top_p=settings.number("top_p", default.top_p, 0, 1),
        seed=None if seed is None else settings.whole("seed", 0, 0, MAX_SEED),
        stop=settings.stops("stop"),
    )


def parse_upstream(settings: Fields) -> UpstreamParams:
    """How another server is asked, where one answers. Raises BadRequest."""
    wishes, default = settings.inner("upstream"), UpstreamParams()
    return UpstreamParams(
        model=wishes.words("model", MAX_MODEL_CHARS),
        instruction=wishes.words("instruction", MAX_WORDS_CHARS),
        caption=wishes.words("caption", MAX_WORDS_CHARS),
        coordinates=Coordinates(wishes.choice("coordinates", (*Coordinates,), Coordinates.AUTO)),
        longer_side_px=wishes.whole(
            "longer_side_px", default.longer_side_px, MIN_SIDE_PX, MAX_SIDE_PX
        ),
        quality=wishes.whole("quality", default.quality, MIN_QUALITY, MAX_QUALITY),
    )


def checked_payload(checked: Checked) -> dict[str, Any]:
    """One thing that was tried."""
    payload = asdict(checked)
    del payload["id"]
    return payload


def result_payload(result: Result) -> dict[str, Any]:
    """What was found, under the name of its skill."""
    match result:
        case QueryResult(answer=answer, probabilities=tuple() as told):
            return {"answer": answer, "choice": answer, "probabilities": list(told) or None}
        case QueryResult(answer=answer):
            return {"answer": answer}
        case CaptionResult(caption=caption):
            return {"caption": caption}
        case DetectResult(objects=objects):
            return {"objects": [asdict(box) for box in objects]}
        case PointResult(points=points):
            return {"points": [asdict(point) for point in points]}
        case CheckResult(checks=checks):
            return {"checks": [checked_payload(check) for check in checks]}
        case LookResult():
            return {}
        case _:
            assert_never(result)


def end_payload(end: Finished) -> dict[str, Any]:
    """Why an answer ended and what it took: the same for every skill."""
    payload: dict[str, Any] = {
        "finish_reason": end.reason,
        "timings": timings_payload(end.timings),
        "usage": asdict(end.usage),
    }
    if end.error is not None:
        payload["error"] = error_payload(end.error)
    return payload


def timings_payload(timings: Timings) -> dict[str, float | None]:
    """Milliseconds, to a tenth."""
    told: dict[str, float | None] = asdict(timings)
    return {name: value if value is None else round(value, 1) for name, value in told.items()}


def error_payload(error: RequestError) -> dict[str, str]:
    """An error's codes and its sentence."""
    payload = {"code": error.code, "message": error.message}
    if error.general_code is not None:
        payload["general_code"] = error.general_code
    return payload


def _query(common: Common, frame: Frame | None, fields: Fields) -> QueryRequest:
    query = QueryRequest(
        **common,
        frame=frame,
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


def _object(fields: Fields) -> str:
    return fields.text("object", MAX_OBJECT_CHARS)
