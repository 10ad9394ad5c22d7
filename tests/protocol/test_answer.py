"""The end of a request names its skill, also of one that never began."""

import pytest

from protocol.answer import FinishReason, Timings, Usage, refusal
from protocol.errors import Busy
from protocol.request import NOTHING_YET, Skill


@pytest.mark.parametrize("skill", Skill)
def test_refusal_is_an_end_of_its_skill_with_nothing_in_it(skill: Skill):
    error = Busy("Later.")
    end = refusal("1", skill, error)
    assert (end.skill, end.result) == (skill, NOTHING_YET[skill])
    assert (end.reason, end.error) == (FinishReason.ERROR, error)
    assert (end.timings, end.usage) == (Timings(), Usage())
