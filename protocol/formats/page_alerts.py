"""Alerts as the page and Socket.IO programs tell them, and what they hear of each."""

from datetime import datetime
from typing import Any

from protocol.alert import MAX_ANSWER_CHARS, MAX_COUNT, MAX_RULE_CHARS, Alert, AlertKind
from protocol.errors import BadImage, BadRequest, RequestError
from protocol.formats.fields import Fields
from protocol.frame import Frame, FrameLimits, check_frame
from protocol.request import MAX_ID_CHARS, MAX_OBJECT_CHARS, MAX_QUESTION_CHARS

MAX_TIME_CHARS = 40
_KINDS = tuple(AlertKind)
_ABOUT_CHARS = {AlertKind.QUESTION: MAX_QUESTION_CHARS, AlertKind.OBJECT: MAX_OBJECT_CHARS}
_JPEG = b"\xff\xd8"


def parse_alert(payload: object, *, id: str, limits: FrameLimits, with_frame: bool) -> Alert:
    """Check the payload of an alert.

    id: from `request_id`. with_frame: whether its picture is wanted, else it is not looked at.
    Raises BadRequest, BadImage or ImageTooLarge with the sentence to show.
    """
    if not isinstance(payload, dict):
        raise BadRequest('The payload must be an object such as {"rule": …, "kind": …}.')
    fields = Fields(payload)
    if fields.get("id") not in (None, id):
        raise BadRequest(f"`id` must be a text of 1 to {MAX_ID_CHARS} characters.")
    kind = _kind(fields)
    is_question = kind is AlertKind.QUESTION
    return Alert(
        id=id,
        rule=fields.text("rule", MAX_RULE_CHARS, "name the rule that came true"),
        kind=kind,
        about=fields.text(kind.value, _ABOUT_CHARS[kind], "tell what the rule watches for"),
        told_at=_told_at(fields),
        answer=_answer(fields) if is_question else None,
        count=None if is_question else _count(fields),
        probability=_probability(fields),
        frame=_frame(fields, limits) if with_frame else None,
    )


def alerted_payload(id: str, error: RequestError | None) -> dict[str, Any]:
    """What `alerted` tells of an alert: whether it was delivered, and if not, why."""
    if error is None:
        return {"id": id, "is_delivered": True}
    told = {"code": error.code, "message": error.message}
    return {"id": id, "is_delivered": False, "error": told}


def _kind(fields: Fields) -> AlertKind:
    if fields.get("kind") is None:
        raise BadRequest(f"`kind` is missing: one of {', '.join(_KINDS)}.")
    return AlertKind(fields.choice("kind", _KINDS, ""))


def _answer(fields: Fields) -> str | None:
    if fields.get("answer") is None:
        return None
    return fields.text("answer", MAX_ANSWER_CHARS, "tell it or leave it out")


def _count(fields: Fields) -> int | None:
    return None if fields.get("count") is None else fields.whole("count", 0, 0, MAX_COUNT)


def _probability(fields: Fields) -> float | None:
    return None if fields.get("probability") is None else fields.number("probability", 0, 0, 1)


def _told_at(fields: Fields) -> str:
    text = fields.text("told_at", MAX_TIME_CHARS, "tell when the rule came true")
    try:
        is_moment = text.isascii() and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        is_moment = False
    if not is_moment:
        raise BadRequest("`told_at` must be a date and time such as 2026-03-01T09:30:00.000Z.")
    return text


def _frame(fields: Fields, limits: FrameLimits) -> Frame | None:
    image = fields.get("image")
    if image is None:
        return None
    if not isinstance(image, bytes) or not image.startswith(_JPEG):
        raise BadImage("`image` must be the bytes of a JPEG picture.")
    return check_frame(image, limits)
