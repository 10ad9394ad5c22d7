"""What each request is prefilled with, and the procedure that answers it."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import assert_never

from moondream2.choices import Choice
from moondream2.grammar import Grammar, Grammars, SchemaRejected
from moondream2.network import Input
from moondream2.prompts import ChoiceUnwritable, Prompts, SkillMissing
from moondream2.skills import Procedure, Skills
from protocol.choices import spellings
from protocol.errors import BadRequest, Unsupported
from protocol.request import (
    CaptionRequest,
    CheckRequest,
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

    n_following: how much room it needs at least. grammar: while it is being compiled, None where
    the answer is held to none.
    """

    prompt: list[Input]
    begin: Callable[[int], Procedure]
    n_following: int = 1
    grammar: Future[Grammar] | None = None

    def is_ready(self, timeout_s: float = 0) -> bool:
        """Whether `begin` has nothing to wait for, after so many seconds at most.

        Raises BadRequest for a schema that cannot be used.
        """
        try:
            if self.grammar is not None:
                self.grammar.result(timeout_s)
        except TimeoutError:
            return False
        except SchemaRejected as error:
            raise unusable(error) from error
        return True


def unusable(error: SchemaRejected) -> BadRequest:
    """What to tell whoever sent a schema that no answer can be held to."""
    return BadRequest(f"The JSON schema cannot be used: {error}.")


class Plans:
    """Plans in the words of one checkpoint."""

    def __init__(self, prompts: Prompts, skills: Skills, grammars: Grammars) -> None:
        self._prompts, self._skills, self._grammars = prompts, skills, grammars

    def prepare(self, request: Request) -> None:
        """Begin with what a request that waits will need, on another thread."""
        if isinstance(request, QueryRequest) and request.json_schema is not None:
            self._grammars.compile(request.json_schema)

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
                prompt, stops = self._prompts.caption(request.length), request.sampling.stop
                return Plan(
                    prompt,
                    lambda room: self._skills.write(prompt, min(max_tokens, room), stops=stops),
                )
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
            case CheckRequest():
                raise Unsupported(
                    "The model on this computer is checked with python app.py --check."
                )
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
        schema, stops = request.json_schema, request.sampling.stop
        compiling = None if schema is None else self._grammars.compile(schema)

        def begin(room: int) -> Procedure:
            grammar = None if compiling is None else compiling.result()
            if request.is_reasoning:
                # Thinking and answering have a budget each and share the room.
                n_tokens, write = min(max_tokens, (room - 1) // 2), self._skills.reason
            else:
                n_tokens, write = min(max_tokens, room), self._skills.write
            return write(prompt, n_tokens, grammar=grammar, stops=stops)

        return Plan(prompt, begin, grammar=compiling)

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
