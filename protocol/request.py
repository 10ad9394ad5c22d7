"""One thing that a client asks for."""

from dataclasses import dataclass, field
from enum import StrEnum

from protocol.frame import Frame

MAX_ID_CHARS = 64
MAX_QUESTION_CHARS = 2000
CAPTION_LENGTHS = ("short", "normal", "long")


class Skill(StrEnum):
    """What the model can be asked to do; the value is the event's name on the wire."""

    QUERY = "query"
    CAPTION = "caption"


@dataclass(frozen=True)
class SamplingParams:
    """How the answer is chosen: temperature 0 takes the likeliest token at every step."""

    max_tokens: int = 768
    temperature: float = 0.0
    top_p: float = 0.3
    seed: int | None = None


@dataclass(frozen=True)
class Request:
    """A checked request. `id` is unique among the open requests of its client.

    client: who asked, unguessable; answers go there and only there.
    frame, frame_id: the picture and the name under which it can be asked about again.
    question: what to answer (query). length: one of CAPTION_LENGTHS (caption).
    reasoning: think aloud first. spatial_refs: points and boxes the question speaks of, in 0..1.
    is_live: one of a loop's requests, worthless once a newer one waits.
    arrived_at: time.monotonic() of arrival; all timings count from here.
    """

    id: str
    client: str
    skill: Skill
    arrived_at: float
    frame: Frame | None = None
    frame_id: str | None = None
    question: str = ""
    length: str = "normal"
    is_live: bool = False
    sampling: SamplingParams = field(default_factory=SamplingParams)
