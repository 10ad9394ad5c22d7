"""Each skill is asked and answered by the same names through every door of Moonsight's own."""

import json
from dataclasses import fields as dataclass_fields

import pytest

from protocol.answer import Finished, FinishReason, Timings, Usage
from protocol.errors import BadImage, BadRequest, Busy, FrameForgotten
from protocol.formats.fields import Fields
from protocol.formats.skills import (
    Common,
    end_payload,
    error_payload,
    parse_sampling,
    parse_skill,
    parse_upstream,
    result_payload,
)
from protocol.frame import Frame
from protocol.places import Box, Point
from protocol.request import (
    NOTHING_YET,
    CaptionResult,
    DetectResult,
    LookResult,
    PointResult,
    QueryResult,
    Request,
    Result,
    SamplingParams,
    Skill,
)
from protocol.upstream import Coordinates, UpstreamParams

FRAME = Frame(b"\xff\xd8", 1, 1)
COMMON: Common = {"id": "1", "client": "ann", "arrived_at": 0.0}
NEEDED = {"question": "What is it?", "object": "mug"}


def parse(skill: Skill, frame: Frame | None = FRAME, **values: object) -> Request:
    return parse_skill(skill, Fields(NEEDED | values), frame, COMMON)


# A check brings a picture of its own.
SHOWN = sorted({*Skill} - {Skill.CHECK})


@pytest.mark.parametrize("skill", SHOWN)
def test_request_is_one_of_its_skill_with_its_picture_and_what_is_known_of_it(skill: Skill):
    asked = parse(skill)
    known = (asked.skill, asked.frame, asked.id, asked.client, asked.arrived_at)
    assert known == (skill, FRAME, "1", "ann", 0.0)


@pytest.mark.parametrize("skill", SHOWN)
def test_only_a_question_makes_sense_without_a_picture(skill: Skill):
    if skill is Skill.QUERY:
        assert parse(skill, None).frame is None
        return
    with pytest.raises(BadImage, match="missing"):
        parse(skill, None)


@pytest.mark.parametrize(
    ("skill", "name"),
    [(Skill.QUERY, "question"), (Skill.DETECT, "object"), (Skill.POINT, "object")],
)
def test_skill_is_refused_without_what_it_is_about(skill: Skill, name: str):
    with pytest.raises(BadRequest, match=name):
        parse(skill, **{name: None})


@pytest.mark.parametrize(
    "other", [{"reasoning": True}, {"settings": {"json_schema": {"type": "object"}}}]
)
def test_choices_are_refused_beside_another_form_of_answer(other: dict):
    with pytest.raises(BadRequest, match="out"):
        parse(Skill.QUERY, choices=["yes", "no"], **other)


def test_check_needs_nothing():
    assert parse_skill(Skill.CHECK, Fields({}), None, COMMON).frame is None


def test_how_another_server_is_asked_is_read():
    told = {
        "model": "gemma",
        "instruction": "Be brief.",
        "caption": "What is it?",
        "coordinates": "thousand",
        "longer_side_px": 640,
        "quality": 70,
    }
    asked = UpstreamParams("gemma", "Be brief.", "What is it?", Coordinates.THOUSAND, 640, 70)
    assert parse_upstream(Fields({"upstream": told})) == asked
    assert parse_upstream(Fields({})) == UpstreamParams()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "m" * 201),
        ("instruction", 1),
        ("caption", "\ud800"),
        ("coordinates", "inches"),
        ("longer_side_px", 5000),
        ("quality", 0),
    ],
)
def test_what_no_server_can_be_asked_is_refused_by_its_name(name: str, value: object):
    with pytest.raises(BadRequest, match=name):
        parse_upstream(Fields({"upstream": {name: value}}))


def test_every_setting_is_read():
    settings = {
        "max_tokens": 1,
        "max_objects": 2,
        "temperature": 0.5,
        "top_p": 0.25,
        "seed": 3,
        "stop": ["."],
    }
    read = parse_sampling(Fields(settings))
    assert read == SamplingParams(1, 2, 0.5, 0.25, 3, (".",))
    assert settings.keys() == {each.name for each in dataclass_fields(SamplingParams)}


def test_setting_that_is_not_there_has_its_default():
    assert parse_sampling(Fields({})) == SamplingParams()


@pytest.mark.parametrize(
    ("result", "payload"),
    [
        (QueryResult("A mug."), {"answer": "A mug."}),
        (
            QueryResult("no", None, (0.25, 0.75)),
            {"answer": "no", "choice": "no", "probabilities": [0.25, 0.75]},
        ),
        (CaptionResult("A red mug."), {"caption": "A red mug."}),
        (DetectResult((Box(0, 0, 1, 1),)), {"objects": [vars(Box(0, 0, 1, 1))]}),
        (PointResult((Point(0, 1),)), {"points": [{"x": 0, "y": 1}]}),
        (LookResult(), {}),
    ],
)
def test_result_is_told_under_the_name_of_its_skill(result: Result, payload: dict):
    assert result_payload(result) == payload


@pytest.mark.parametrize("result", NOTHING_YET.values(), ids=NOTHING_YET.keys())
def test_end_is_plain_json_with_rounded_times(result: Result):
    timings = Timings(queue_ms=1.26, total_ms=12.34)
    payload = end_payload(Finished("1", FinishReason.LENGTH, result, timings, Usage(7, 2)))
    told = json.loads(json.dumps(payload))
    assert told["finish_reason"] == "length"
    assert told["usage"] == {"prompt_tokens": 7, "completion_tokens": 2}
    assert (told["timings"]["queue_ms"], told["timings"]["total_ms"]) == (1.3, 12.3)
    assert told["timings"]["first_token_ms"] is None
    assert "error" not in told


@pytest.mark.parametrize(
    ("error", "payload"),
    [
        (Busy("Later."), {"code": "busy", "message": "Later."}),
        (
            FrameForgotten("Gone."),
            {"code": "frame_forgotten", "general_code": "bad_image", "message": "Gone."},
        ),
    ],
)
def test_error_is_told_with_its_codes(error: Exception, payload: dict):
    assert error_payload(error) == payload
    end = Finished("1", FinishReason.ERROR, QueryResult(), Timings(), Usage(), error)
    assert end_payload(end)["error"] == payload
