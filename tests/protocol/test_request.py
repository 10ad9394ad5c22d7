"""A skill is stated once: its name, what it is asked with, and the result it has."""

from typing import get_args

import pytest

from protocol.frame import Frame
from protocol.pieces import Found, Reasoned, TextDelta
from protocol.places import Box, Point
from protocol.request import (
    NOTHING_YET,
    CaptionRequest,
    CaptionResult,
    DetectResult,
    LookResult,
    PointResult,
    QueryResult,
    Request,
    Result,
    Skill,
)
from tests.fakes import make_request

THOUGHT = Reasoned("1", "hm", ())
BOX, POINT = Box(0.1, 0.2, 0.3, 0.4), Point(0.5, 0.6)
PIECES = [
    THOUGHT,
    TextDelta("1", "two "),
    TextDelta("1", "mugs"),
    Found("1", BOX),
    Found("1", POINT),
]


def test_every_skill_has_one_request_and_one_result():
    assert sorted(each.skill for each in get_args(Request)) == sorted(Skill)
    assert sorted(each.skill for each in get_args(Result)) == sorted(Skill)


@pytest.mark.parametrize("skill", Skill)
def test_result_of_a_skill_is_its_own_and_empty_before_anything_was_found(skill: Skill):
    asked = make_request(skill=skill)
    assert asked.result([]) == NOTHING_YET[skill]
    assert asked.result(PIECES).skill is skill


@pytest.mark.parametrize(
    ("skill", "result"),
    [
        (Skill.QUERY, QueryResult("two mugs", THOUGHT)),
        (Skill.CAPTION, CaptionResult("two mugs")),
        (Skill.DETECT, DetectResult((BOX,))),
        (Skill.POINT, PointResult((POINT,))),
        (Skill.LOOK, LookResult()),
    ],
)
def test_result_is_made_of_the_pieces_that_belong_to_it(skill: Skill, result: Result):
    assert make_request(skill=skill).result(PIECES) == result


def test_field_that_a_skill_does_not_have_cannot_be_given_to_it():
    """One type for all skills took any field with any of them, and nobody read it."""
    with pytest.raises(TypeError, match="question"):
        make_request(skill=Skill.CAPTION, question="What is it?")
    with pytest.raises(TypeError, match="frame"):
        CaptionRequest(id="1", client="ann", arrived_at=0.0)
    assert CaptionRequest(id="1", client="ann", arrived_at=0.0, frame=Frame(b"", 1, 1))
