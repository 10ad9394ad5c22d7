"""What is settled of a request before any work is done."""

from pathlib import Path

import pytest

from engine.plans import Plan, Plans
from moondream2.config import TokenizerConfig
from moondream2.grammar import Grammars
from moondream2.prompts import Prompts
from moondream2.skills import Feed, NextToken, Skills
from moondream2.tokenizer import Tokenizer
from protocol.errors import BadRequest, Unsupported
from protocol.request import SamplingParams, Skill
from tests.checkpoint_folders import PARITY, write_poor_tokenizer
from tests.fakes import make_request

YES_NO = ("yes", "no")
ROOM = 50


def plans_of(tokenizer: Tokenizer) -> Plans:
    config = TokenizerConfig()
    prompts = Prompts(config, tokenizer)
    grammars = Grammars(tokenizer, eos_id=config.eos_id, n_tokens=340)
    return Plans(prompts, Skills(config, tokenizer, prompts), grammars)


TOKENIZER = Tokenizer.from_file(PARITY / "tokenizer.json")
PLANS = plans_of(TOKENIZER)


def plan(skill: Skill = Skill.QUERY, **fields: object) -> Plan:
    return PLANS.plan(make_request(skill=skill, **fields))


@pytest.mark.parametrize("skill", sorted({*Skill} - {Skill.LOOK, Skill.CHECK}))
def test_plan_begins_with_its_prompt(skill: Skill):
    planned = plan(skill)
    assert next(planned.begin(ROOM)) == Feed(tuple(planned.prompt))


def test_network_of_our_own_is_checked_elsewhere():
    with pytest.raises(Unsupported, match="--check"):
        plan(Skill.CHECK)


def test_look_is_read_nothing():
    assert plan(Skill.LOOK).prompt == []


def test_answer_needs_room_for_one_token_and_choices_for_the_longest():
    assert plan().n_following == plan(Skill.DETECT).n_following == 1
    # Four bytes, and the space in front.
    assert plan(choices=("1", "🙂")).n_following == 5


def test_reasoning_does_not_reach_choices():
    assert plan(choices=YES_NO, is_reasoning=True).prompt == plan().prompt
    assert plan(is_reasoning=True).prompt != plan().prompt


def test_choice_that_the_model_cannot_write_is_refused_by_its_number(tmp_path: Path):
    poor = plans_of(Tokenizer.from_file(write_poor_tokenizer(tmp_path / "tokenizer.json")))
    with pytest.raises(BadRequest, match="Choice 2 holds characters that this model cannot write"):
        poor.plan(make_request(choices=("yes", "🙂")))
    assert poor.plan(make_request(choices=YES_NO)).prompt


WAIT_S = 30


def test_answer_to_a_schema_is_bound_by_it_and_other_answers_are_not():
    bound = plan(json_schema='{"type":"integer"}')
    assert bound.is_ready(WAIT_S)
    for planned, is_bound in ((bound, True), (plan(), False)):
        procedure = planned.begin(ROOM)
        next(procedure)
        wish = next(procedure)
        assert isinstance(wish, NextToken)
        assert (wish.mask is not None) == is_bound


def test_schema_that_cannot_be_used_is_told_with_its_reason():
    with pytest.raises(
        BadRequest, match=r"^The JSON schema cannot be used: Invalid type: objekt\.$"
    ):
        plan(json_schema='{"type":"objekt"}').is_ready(WAIT_S)


def test_plan_without_a_schema_is_ready_at_once():
    assert plan().is_ready()
    assert plan(Skill.CAPTION).is_ready()


def test_schema_that_was_prepared_is_compiled_once():
    request = make_request(json_schema='{"const":"prepared"}')
    PLANS.prepare(request)
    assert PLANS.plan(request).grammar is PLANS.plan(request).grammar


@pytest.mark.parametrize("skill", [Skill.QUERY, Skill.CAPTION])
def test_stop_texts_reach_what_is_written(skill: Skill):
    (token,) = TOKENIZER.encode("x")
    procedure = plan(skill, sampling=SamplingParams(stop=("x",))).begin(ROOM)
    assert isinstance(next(procedure), Feed)
    assert isinstance(next(procedure), NextToken)
    # A word is whole when a space comes after it.
    procedure.send(token)
    next(procedure)
    with pytest.raises(StopIteration, match="stop"):
        procedure.send(*TOKENIZER.encode(" "))
