"""One thing that a client asks for."""

from dataclasses import dataclass, field
from enum import StrEnum

from protocol.frame import Frame

MAX_ID_CHARS = 64
MAX_QUESTION_CHARS = 2000
MAX_OBJECT_CHARS = 200
MAX_SPATIAL_REFS = 16
CAPTION_LENGTHS = ("short", "normal", "long")


class Skill(StrEnum):
    """What the model can be asked to do; the value is the event's name on the wire.

    LOOK encodes the frame and says nothing, so that the next question about it costs no look. It is
    worth nothing once its client has sent a newer one.
    """

    QUERY = "query"
    CAPTION = "caption"
    DETECT = "detect"
    POINT = "point"
    LOOK = "look"


@dataclass(frozen=True)
class SamplingParams:
    """How the answer is chosen: temperature 0 takes the likeliest token at every step.

    max_objects bounds what detect and point find; the others do not reach them.
    """

    max_tokens: int = 768
    max_objects: int = 50
    temperature: float = 0.0
    top_p: float = 0.3
    seed: int | None = None


# A point (x, y) or a box (x_min, y_min, x_max, y_max), fractions of the frame.
SpatialRef = tuple[float, ...]


@dataclass(frozen=True)
class Request:
    """A checked request. `id` is unique among the open requests of its client.

    client: who asked, unguessable; answers go there and only there.
    frame, frame_id: the picture and the name under which it can be asked about again.
    question: what to answer; is_reasoning: think aloud first; spatial_refs: the places it speaks of
    (query). length: one of CAPTION_LENGTHS (caption). object: what to look for (detect, point).
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
    is_reasoning: bool = False
    spatial_refs: tuple[SpatialRef, ...] = ()
    object: str = ""
    length: str = "normal"
    is_live: bool = False
    sampling: SamplingParams = field(default_factory=SamplingParams)

    @property
    def is_look(self) -> bool:
        """Whether it only prepares for a question that may come."""
        return self.skill is Skill.LOOK
