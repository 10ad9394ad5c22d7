"""What the page and Socket.IO programs speak: payloads to requests, events back to payloads."""

from collections.abc import Callable
from dataclasses import asdict
from time import monotonic
from typing import Any, assert_never
from uuid import uuid4

from protocol.answer import AnswerEvent, Finished, FinishReason, Started, Waiting
from protocol.errors import BadImage, BadRequest, Busy, FrameForgotten, UpstreamFailed
from protocol.formats.fields import Fields
from protocol.formats.skills import (
    Common,
    checked_payload,
    end_payload,
    parse_sampling,
    parse_skill,
    parse_upstream,
    result_payload,
)
from protocol.frame import Frame, FrameLimits
from protocol.pieces import Checked, Found, Reasoned, TextDelta
from protocol.request import (
    MAX_ID_CHARS,
    MAX_OBJECT_CHARS,
    MAX_QUESTION_CHARS,
    LookResult,
    Request,
    Skill,
)
from protocol.status import Status

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
    common: Common = {
        "id": id,
        "client": client,
        "arrived_at": monotonic(),
        "is_live": fields.flag("live"),
        "sampling": parse_sampling(fields.inner("settings")),
        "upstream": parse_upstream(fields.inner("settings")),
    }
    if skill is Skill.CHECK:
        # It brings a picture of its own.
        return parse_skill(skill, fields, None, common)
    frame, common["frame_id"] = _frame(fields, limits, find_frame)
    return parse_skill(skill, fields, frame, common)


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
        case Checked(id=id):
            return "checked", {"id": id, **checked_payload(event)}
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


def page_limits(limits: FrameLimits) -> dict[str, int]:
    """What the page must not exceed."""
    return {
        "max_frame_bytes": limits.max_bytes,
        "max_frame_pixels": limits.max_pixels,
        "max_question_chars": MAX_QUESTION_CHARS,
        "max_object_chars": MAX_OBJECT_CHARS,
    }


def _looked(event: Finished) -> dict[str, Any]:
    # Only a frame that was looked at is worth asking about by its name.
    frame_id = event.frame_id if event.reason is FinishReason.STOP else None
    return {"id": event.id, "frame": frame_id, **end_payload(event)}


def _response(event: Finished) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "id": event.id,
        "skill": event.skill,
        **result_payload(event.result),
        **end_payload(event),
    }
    if event.error is not None:
        # The simplest client shows `answer` and nothing else.
        payload["answer"] = event.error.message
        # A loop waits for that long, and not for as long as it would by itself.
        if isinstance(event.error, Busy | UpstreamFailed) and event.error.retry_after_s is not None:
            payload["error"]["retry_after_s"] = event.error.retry_after_s
    return payload


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
