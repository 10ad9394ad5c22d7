"""What is settled of a request before any work is done."""

from pathlib import Path

import pytest

from engine.plans import Plan, Plans
from moondream2.config import TokenizerConfig
from moondream2.grammar import Grammars
from moondream2.prompts import Prompts
from moondream2.skills import Feed, Skills
from moondream2.tokenizer import Tokenizer
from protocol.errors import BadRequest
from protocol.request import Skill
from tests.checkpoint_folders import PARITY, write_poor_tokenizer
from tests.fakes import make_request

YES_NO = ("yes", "no")
ROOM = 50


def plans_of(tokenizer_file: Path) -> Plans:
    config, tokenizer = TokenizerConfig(), Tokenizer.from_file(tokenizer_file)
    prompts = Prompts(config, tokenizer)
    grammars = Grammars(tokenizer, eos_id=config.eos_id, n_tokens=340)
    return Plans(prompts, Skills(config, tokenizer, prompts), grammars)


PLANS = plans_of(PARITY / "tokenizer.json")


def plan(skill: Skill = Skill.QUERY, **fields: object) -> Plan:
    return PLANS.plan(make_request(skill=skill, **fields))


@pytest.mark.parametrize("skill", [each for each in Skill if each is not Skill.LOOK])
def test_plan_begins_with_its_prompt(skill: Skill):
    planned = plan(skill)
    assert next(planned.begin(ROOM)) == Feed(tuple(planned.prompt))


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
    poor = plans_of(write_poor_tokenizer(tmp_path / "tokenizer.json"))
    with pytest.raises(BadRequest, match="Choice 2 holds characters that this model cannot write"):
        poor.plan(make_request(choices=("yes", "🙂")))
    assert poor.plan(make_request(choices=YES_NO)).prompt
