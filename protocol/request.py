"""What can be asked for: each skill once, as the fields it is asked with and the result it has.

A new skill is a member of `Skill`, a request and a result here. Wherever it must then be dealt
with, the type checker or a test names the place.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar, Self, get_args

from protocol.frame import Frame
from protocol.pieces import (
    Checked,
    Piece,
    Reasoned,
    checked_of,
    places_of,
    probabilities_of,
    reasoning_of,
    text_of,
)
from protocol.places import Box, Point, SpatialRef
from protocol.upstream import UpstreamParams

MAX_ID_CHARS = 64
MAX_QUESTION_CHARS = 2000
MAX_OBJECT_CHARS = 200
MAX_SPATIAL_REFS = 16
MAX_TOKENS, MAX_OBJECTS, MAX_SEED = 2048, 200, 2**63 - 1
MAX_STOPS, MAX_STOP_CHARS = 4, 200
# Of a JSON schema as JSON without spaces, and of objects and lists inside each other.
MAX_SCHEMA_CHARS, MAX_SCHEMA_DEPTH = 64_000, 64
CAPTION_LENGTHS = ("short", "normal", "long")


class Skill(StrEnum):
    """What the model can be asked to do; the value is its name everywhere outside."""

    QUERY = "query"
    CAPTION = "caption"
    DETECT = "detect"
    POINT = "point"
    LOOK = "look"
    CHECK = "check"


@dataclass(frozen=True)
class SamplingParams:
    """How the answer is chosen: temperature 0 takes the likeliest token at every step.

    max_objects bounds what detect and point find; the others do not reach them.
    stop: texts at which a written answer ends; the answer does not hold them.
    """

    max_tokens: int = 768
    max_objects: int = 50
    temperature: float = 0.0
    top_p: float = 0.3
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Asked(ABC):
    """What every request has. `id` is unique among the open requests of its client.

    client: who asked, unguessable; answers go there and only there.
    arrived_at: time.monotonic() of arrival; all timings count from here.
    frame, frame_id: the picture and the name under which it can be asked about again.
    is_live: one of a loop's requests; of a client's one runs at a time, and of those that wait only
    the newest is worth anything.
    is_program: it came over HTTP, where all programs of an address are one client. That may take
    every place in line but those that pages need.
    """

    skill: ClassVar[Skill]

    id: str
    client: str
    arrived_at: float
    frame: Frame | None
    frame_id: str | None = None
    is_live: bool = False
    is_program: bool = False
    sampling: SamplingParams = field(default_factory=SamplingParams)
    upstream: UpstreamParams = field(default_factory=UpstreamParams)

    def without_picture(self) -> Self:
        """The same without the bytes of its picture, where they are held already or not needed."""
        return self if self.frame is None else replace(self, frame=replace(self.frame, data=b""))

    @abstractmethod
    def result(self, pieces: Sequence[Piece]) -> "Result":
        """What these pieces amount to; also while more may come."""


@dataclass(frozen=True)
class QueryResult:
    """probabilities: of each of the request's choices, in their order, None where it has none, and
    empty where nobody can tell; of all that the network might answer they compare these alone, so
    they say nothing of certainty.
    """

    skill: ClassVar[Skill] = Skill.QUERY
    answer: str = ""
    reasoning: Reasoned | None = None
    probabilities: tuple[float, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class QueryRequest(Asked):
    """Answer a question, with or without a picture.

    is_reasoning: think first; spatial_refs: places in the picture that the question speaks of.
    choices: the only answers there are, none means any; of each, `protocol/choices.py` says how it
    may be written. They are compared as they are: neither reasoning nor sampling reaches them.
    json_schema: the answer is JSON that fits this schema, itself JSON; None means any text.
    """

    skill = Skill.QUERY
    frame: Frame | None = None
    question: str
    is_reasoning: bool = False
    spatial_refs: tuple[SpatialRef, ...] = ()
    choices: tuple[str, ...] = ()
    json_schema: str | None = None

    def result(self, pieces: Sequence[Piece]) -> QueryResult:
        return QueryResult(text_of(pieces), reasoning_of(pieces), probabilities_of(pieces))


@dataclass(frozen=True)
class CaptionResult:
    skill: ClassVar[Skill] = Skill.CAPTION
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class CaptionRequest(Asked):
    """Describe the picture. length: one of CAPTION_LENGTHS."""

    skill = Skill.CAPTION
    frame: Frame
    length: str = "normal"

    def result(self, pieces: Sequence[Piece]) -> CaptionResult:
        return CaptionResult(text_of(pieces))


@dataclass(frozen=True)
class DetectResult:
    skill: ClassVar[Skill] = Skill.DETECT
    objects: tuple[Box, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DetectRequest(Asked):
    """Find a box around each object of that name."""

    skill = Skill.DETECT
    frame: Frame
    object: str

    def result(self, pieces: Sequence[Piece]) -> DetectResult:
        return DetectResult(places_of(Box, pieces))


@dataclass(frozen=True)
class PointResult:
    skill: ClassVar[Skill] = Skill.POINT
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PointRequest(Asked):
    """Find a point on each object of that name."""

    skill = Skill.POINT
    frame: Frame
    object: str

    def result(self, pieces: Sequence[Piece]) -> PointResult:
        return PointResult(places_of(Point, pieces))


@dataclass(frozen=True)
class LookResult:
    skill: ClassVar[Skill] = Skill.LOOK


@dataclass(frozen=True, kw_only=True)
class LookRequest(Asked):
    """Encode the picture and say nothing, so that the next question about it costs no look.

    Worth nothing once its client has sent a newer one.
    """

    skill = Skill.LOOK
    frame: Frame

    def result(self, pieces: Sequence[Piece]) -> LookResult:
        return LookResult()


@dataclass(frozen=True)
class CheckResult:
    skill: ClassVar[Skill] = Skill.CHECK
    checks: tuple[Checked, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CheckRequest(Asked):
    """Try what the server that answers can do, with a drawn picture."""

    skill = Skill.CHECK
    frame: Frame | None = None

    def result(self, pieces: Sequence[Piece]) -> CheckResult:
        return CheckResult(checked_of(pieces))


Request = QueryRequest | CaptionRequest | DetectRequest | PointRequest | LookRequest | CheckRequest
Result = QueryResult | CaptionResult | DetectResult | PointResult | LookResult | CheckResult

# What an answer of each skill holds before anything was found.
NOTHING_YET: dict[Skill, Result] = {each.skill: each() for each in get_args(Result)}
