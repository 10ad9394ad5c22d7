"""Socket.IO payloads to requests, and answer events back to payloads."""

import binascii
import math
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import asdict
from time import monotonic
from typing import Any
from uuid import uuid4

from protocol.answer import (
    AnswerEvent,
    Finished,
    Found,
    Reasoned,
    Started,
    TextDelta,
    Waiting,
)
from protocol.answer import FinishReason as Reason
from protocol.errors import BadImage, BadRequest, ImageTooLarge
from protocol.frame import Frame, FrameLimits, check_frame
from protocol.request import (
    CAPTION_LENGTHS,
    MAX_ID_CHARS,
    MAX_OBJECT_CHARS,
    MAX_QUESTION_CHARS,
    MAX_SPATIAL_REFS,
    Request,
    SamplingParams,
    Skill,
    SpatialRef,
)
from protocol.status import Status

MAX_SEED = 2**63 - 1
FINDING = (Skill.DETECT, Skill.POINT)
_DATA_URL = re.compile(r"data:image/[a-z+.-]{1,20};base64,", re.IGNORECASE)

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

    id: from `request_id`. Raises BadRequest, BadImage or ImageTooLarge with the sentence to show.
    """
    if not isinstance(payload, dict):
        raise BadRequest('The payload must be an object such as {"question": …, "image": …}.')
    if payload.get("id") not in (None, id):
        raise BadRequest(f"`id` must be a text of 1 to {MAX_ID_CHARS} characters.")
    frame, frame_id = _frame(payload, limits, find_frame)
    return Request(
        id=id,
        client=client,
        skill=skill,
        arrived_at=monotonic(),
        frame=frame,
        frame_id=frame_id,
        question=_text(payload, "question", MAX_QUESTION_CHARS) if skill is Skill.QUERY else "",
        is_reasoning=_flag(payload, "reasoning"),
        spatial_refs=_spatial_refs(payload.get("spatial_refs")),
        object=_text(payload, "object", MAX_OBJECT_CHARS) if skill in FINDING else "",
        length=_choice(payload, "length", CAPTION_LENGTHS, "normal"),
        is_live=_flag(payload, "live"),
        sampling=_sampling(payload.get("settings")),
    )


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
        case Finished(skill=Skill.LOOK):
            return "looked", _looked(event)
        case Finished():
            return "response", _response(event)


def status_payload(status: Status) -> dict[str, Any]:
    """The status as `/healthz` and the `status` event tell it."""
    payload = asdict(status)
    return {"status": payload.pop("state"), **payload}


def _looked(event: Finished) -> dict[str, Any]:
    # Only a frame that was looked at is worth asking about by its name.
    frame_id = event.frame_id if event.reason is Reason.STOP else None
    return {"id": event.id, "frame": frame_id, **_end(event)}


def _response(event: Finished) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "id": event.id,
        "skill": event.skill,
        **_answer(event),
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
        payload["error"] = {"code": event.error.code, "message": event.error.message}
    return payload


def _answer(event: Finished) -> dict[str, Any]:
    match event.skill:
        case Skill.QUERY:
            return {"answer": event.text}
        case Skill.CAPTION:
            return {"caption": event.text}
        case Skill.DETECT:
            return {"objects": [asdict(place) for place in event.places]}
        case Skill.POINT:
            return {"points": [asdict(place) for place in event.places]}
        case Skill.LOOK:
            return {}


def _text(payload: dict, name: str, max_chars: int) -> str:
    text = payload.get(name)
    if not isinstance(text, str):
        raise BadRequest(f"`{name}` is missing: say what you want to know.")
    if not text.strip():
        raise BadRequest(f"The {name} is empty: say what you want to know.")
    if len(text) > max_chars:
        raise BadRequest(
            f"The {name} has {len(text):,} characters; at most {max_chars:,} are accepted."
        )
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise BadRequest(f"The {name} holds half a character that no text can contain.")
    return text


def _spatial_refs(refs: object) -> tuple[SpatialRef, ...]:
    if refs is None:
        return ()
    if not isinstance(refs, list) or len(refs) > MAX_SPATIAL_REFS:
        raise BadRequest(f"`spatial_refs` must be a list of at most {MAX_SPATIAL_REFS} places.")
    return tuple(_place(ref) for ref in refs)


def _place(ref: object) -> SpatialRef:
    is_place = isinstance(ref, list) and len(ref) in (2, 4) and all(map(_is_fraction, ref))
    if not isinstance(ref, list) or not is_place:
        raise BadRequest(
            "A place is [x, y] or [x_min, y_min, x_max, y_max], each a number from 0 to 1."
        )
    if len(ref) == 4 and not (ref[0] <= ref[2] and ref[1] <= ref[3]):
        raise BadRequest("A box is [x_min, y_min, x_max, y_max]: its minimum comes first.")
    return tuple(float(value) for value in ref)


def _is_fraction(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1  # type: ignore[operator]


def _frame(payload: dict, limits: FrameLimits, find_frame: FrameLookup) -> tuple[Frame, str]:
    image, frame_id = payload.get("image"), payload.get("frame")
    if image is not None:
        return check_frame(_image_bytes(image, limits), limits), uuid4().hex
    if frame_id is None:
        raise BadImage("`image` is missing: send the frame that the question is about.")
    frame = find_frame(frame_id) if isinstance(frame_id, str) else None
    if frame is None:
        raise BadImage("That frame is no longer held. Send the picture again.")
    return frame, frame_id


def _image_bytes(image: object, limits: FrameLimits) -> bytes:
    if isinstance(image, bytes):
        return image
    if not isinstance(image, str):
        raise BadImage("`image` must be a data URL or the picture's bytes.")
    start = _DATA_URL.match(image)
    if start is None:
        raise BadImage("`image` must begin with data:image/jpeg;base64, (or png, or webp).")
    encoded = image[start.end() :]
    if len(encoded) > 4 * (limits.max_bytes // 3 + 2):
        raise ImageTooLarge(
            f"The picture has more than the {limits.max_bytes:,} bytes that are accepted."
        )
    try:
        return b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadImage("The picture's base64 text is damaged or cut short.") from error


def _sampling(settings: object) -> SamplingParams:
    if settings is None:
        return SamplingParams()
    if not isinstance(settings, dict):
        raise BadRequest("`settings` must be an object.")
    default = SamplingParams()
    seed = settings.get("seed")
    return SamplingParams(
        max_tokens=_whole(settings, "max_tokens", default.max_tokens, 1, 2048),
        max_objects=_whole(settings, "max_objects", default.max_objects, 1, 200),
        temperature=_number(settings, "temperature", default.temperature, 0, 2),
        top_p=_number(settings, "top_p", default.top_p, 0, 1),
        seed=None if seed is None else _whole(settings, "seed", 0, 0, MAX_SEED),
    )


def _number(
    settings: dict, name: str, default: float, low: float, high: float, *, whole: bool = False
) -> float:
    value = settings.get(name)
    if value is None:
        return default
    # True is an int to Python, not to the person who sent it.
    is_number = type(value) is int or (type(value) is float and math.isfinite(value) and not whole)
    if not is_number or not low <= value <= high:
        kind = "whole number" if whole else "number"
        raise BadRequest(f"`settings.{name}` must be a {kind} from {low} to {high}.")
    return value


def _whole(settings: dict, name: str, default: int, low: int, high: int) -> int:
    return int(_number(settings, name, default, low, high, whole=True))


def _choice(payload: dict, name: str, choices: tuple[str, ...], default: str) -> str:
    value = payload.get(name)
    if value is None:
        return default
    if value not in choices:
        raise BadRequest(f"`{name}` must be one of {', '.join(choices)}.")
    return value


def _flag(payload: dict, name: str) -> bool:
    value = payload.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadRequest(f"`{name}` must be true or false.")
    return bool(value)
