"""Alerts as pages tell them: each field is what it promises, or the alert is refused in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.alert import Alert, AlertKind
from protocol.errors import BadImage, BadRequest, ImageTooLarge, NotDelivered, RequestError
from protocol.formats.page_alerts import alerted_payload, parse_alert
from protocol.frame import FrameLimits
from tests.protocol.pictures import data_url, encoded

LIMITS = FrameLimits(max_bytes=10_000, max_pixels=100_000)
JPEG = encoded()
NOON = "2026-03-01T12:00:00.000Z"
QUESTION = {
    "id": "a1",
    "rule": "Kettle",
    "kind": "question",
    "question": "Does it boil?",
    "answer": "yes",
    "probability": 0.9,
    "told_at": NOON,
}
OBJECT = {"rule": "Door", "kind": "object", "object": "cat", "count": 2, "told_at": NOON}


def parse(payload: object, with_frame: bool = True) -> Alert:
    return parse_alert(payload, id="a1", limits=LIMITS, with_frame=with_frame)


def test_alert_about_a_question_is_read():
    assert parse(QUESTION) == Alert(
        id="a1",
        rule="Kettle",
        kind=AlertKind.QUESTION,
        about="Does it boil?",
        answer="yes",
        probability=0.9,
        told_at=NOON,
    )


def test_alert_about_an_object_is_read():
    alert = parse(OBJECT | {"question": "not of this kind", "answer": "nor this"})
    assert (alert.kind, alert.about, alert.count) == (AlertKind.OBJECT, "cat", 2)
    assert alert.answer is None


@pytest.mark.parametrize("name", ["answer", "probability", "count", "image", "id"])
def test_field_that_may_be_left_out_may_be_nothing(name: str):
    for payload in (QUESTION, OBJECT):
        assert parse(payload | {name: None}) == parse(
            {each: value for each, value in payload.items() if each != name}
        )


def test_picture_is_read_where_it_is_wanted_and_not_looked_at_elsewhere():
    assert parse(OBJECT | {"image": JPEG}).frame.data == JPEG
    for image in (JPEG, b"no picture", 5):
        assert parse(OBJECT | {"image": image}, with_frame=False).frame is None


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"id": "x" * 65}, BadRequest, "`id`"),
        ({"rule": None}, BadRequest, "`rule` is missing: name the rule"),
        ({"rule": " "}, BadRequest, "rule is empty"),
        ({"rule": "x" * 201}, BadRequest, "201 characters; at most 200"),
        ({"rule": "\ud800"}, BadRequest, "half a character"),
        ({"kind": None}, BadRequest, "`kind` is missing: one of question, object."),
        ({"kind": "sound"}, BadRequest, "`kind` must be one of question, object."),
        ({"question": None}, BadRequest, "`question` is missing"),
        ({"question": "x" * 2001}, BadRequest, "2,001 characters; at most 2,000"),
        ({"kind": "object", "object": "x" * 201}, BadRequest, "at most 200"),
        ({"kind": "object", "object": "cat", "count": -1}, BadRequest, "`count`"),
        ({"kind": "object", "object": "cat", "count": 1001}, BadRequest, "from 0 to 1000"),
        ({"kind": "object", "object": "cat", "count": True}, BadRequest, "`count`"),
        ({"answer": ["yes"]}, BadRequest, "`answer`"),
        ({"answer": "x" * 10_001}, BadRequest, "at most 10,000"),
        ({"probability": 1.1}, BadRequest, "`probability` must be a number from 0 to 1."),
        ({"probability": float("nan")}, BadRequest, "`probability`"),
        ({"probability": "0.9"}, BadRequest, "`probability`"),
        ({"told_at": None}, BadRequest, "`told_at` is missing"),
        ({"told_at": 1772366400}, BadRequest, "`told_at`"),
        ({"told_at": "noon"}, BadRequest, "such as 2026-03-01T09:30:00.000Z"),
        ({"told_at": "2026-03-01"}, BadRequest, "date and time"),
        ({"told_at": "2026-03-01T12:00:00"}, BadRequest, "date and time"),
        ({"told_at": NOON + " " * 30}, BadRequest, "at most 40"),
        ({"image": data_url(JPEG)}, BadImage, "bytes of a JPEG"),
        ({"image": encoded("PNG")}, BadImage, "bytes of a JPEG"),
        ({"image": b""}, BadImage, "bytes of a JPEG"),
        ({"image": JPEG[:30]}, BadImage, "header"),
        ({"image": JPEG + bytes(10_000)}, ImageTooLarge, "at most 10,000"),
        ({"image": encoded(size=(1000, 101))}, ImageTooLarge, "at most 100,000"),
    ],
)
def test_what_is_wrong_is_refused_in_words(fields: dict, error: type, words: str):
    with pytest.raises(error) as refused:
        parse(QUESTION | fields)
    assert words in str(refused.value)
    assert str(refused.value).endswith(".")


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text() | st.binary(), st.lists)
    | st.fixed_dictionaries(
        {},
        optional={
            name: st.just(value) | st.text(max_size=45) | st.integers() | st.floats() | st.binary()
            for name, value in (QUESTION | OBJECT | {"image": JPEG}).items()
        },
    )
)
def test_whatever_comes_is_an_alert_or_refused(payload: object):
    try:
        assert isinstance(parse(payload), Alert)
    except RequestError as refused:
        assert refused.message.endswith(".")  # noqa: PT017


def test_end_of_an_alert_is_told_with_its_reason():
    assert alerted_payload("a", None) == {"id": "a", "is_delivered": True}
    assert alerted_payload("a", NotDelivered("hooks.example answered 404.")) == {
        "id": "a",
        "is_delivered": False,
        "error": {"code": "not_delivered", "message": "hooks.example answered 404."},
    }
