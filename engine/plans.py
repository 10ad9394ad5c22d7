"""What each request is prefilled with, and the procedure that answers it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from moondream2.choices import Choice
from moondream2.network import Input
from moondream2.prompts import ChoiceUnwritable, Prompts, SkillMissing
from moondream2.skills import Procedure, Skills
from protocol.choices import spellings
from protocol.errors import BadRequest, Unsupported
from protocol.request import (
    CaptionRequest,
    DetectRequest,
    LookRequest,
    PointRequest,
    QueryRequest,
    Request,
)

# What one more object takes of the context, as `moondream2/skills.py` feeds it.
POSITIONS_PER_BOX = 3
POSITIONS_PER_POINT = 2


@dataclass(frozen=True)
class Plan:
    """What is read first, and what is done then in so much room, in positions of the context.

    n_following: how much room it needs at least.
    """

    prompt: list[Input]
    begin: Callable[[int], Procedure]
    n_following: int = 1


class Plans:
    """Plans in the words of one checkpoint."""

    def __init__(self, prompts: Prompts, skills: Skills) -> None:
        self._prompts, self._skills = prompts, skills

    def plan(self, request: Request) -> Plan:
        """Settle what one request takes.

        Raises Unsupported for what this checkpoint cannot do, BadRequest for a choice that it
        cannot write.
        """
        try:
            return self._of_skill(request)
        except SkillMissing as error:
            raise Unsupported(str(error)) from error

    def _of_skill(self, request: Request) -> Plan:
        max_tokens, max_objects = request.sampling.max_tokens, request.sampling.max_objects
        match request:
            case QueryRequest():
                return self._of_query(request)
            case CaptionRequest():
                prompt = self._prompts.caption(request.length)
                return Plan(prompt, lambda room: self._skills.write(prompt, min(max_tokens, room)))
            case DetectRequest():
                prompt = self._prompts.detect(request.object)
                return Plan(
                    prompt,
                    lambda room: self._skills.detect(
                        prompt, min(max_objects, room // POSITIONS_PER_BOX)
                    ),
                )
            case PointRequest():
                prompt = self._prompts.point(request.object)
                return Plan(
                    prompt,
                    lambda room: self._skills.point(
                        prompt, min(max_objects, room // POSITIONS_PER_POINT)
                    ),
                )
            case LookRequest():
                return Plan([], lambda room: self._skills.look())
            case _:
                assert_never(request)

    def _of_query(self, request: QueryRequest) -> Plan:
        max_tokens = request.sampling.max_tokens
        prompt = self._prompts.query(
            request.question,
            with_picture=request.frame is not None,
            reasoning=request.is_reasoning and not request.choices,
            spatial_refs=request.spatial_refs,
        )
        if request.choices:
            choices = self._choices(request.choices)
            n_longest = max(len(ids) for each in choices for ids in each.spellings)
            return Plan(prompt, lambda room: self._skills.choose(prompt, choices), n_longest)
        if request.is_reasoning:
            # Thinking and answering have a budget each and share the room.
            return Plan(
                prompt, lambda room: self._skills.reason(prompt, min(max_tokens, (room - 1) // 2))
            )
        return Plan(prompt, lambda room: self._skills.write(prompt, min(max_tokens, room)))

    def _choices(self, texts: tuple[str, ...]) -> list[Choice]:
        choices = []
        for number, text in enumerate(texts, start=1):
            try:
                choices.append(self._prompts.choice(text, spellings(text)))
            except ChoiceUnwritable as error:
                raise BadRequest(
                    f"Choice {number} holds characters that this model cannot write."
                    " Say it in other words."
                ) from error
        return choices
