"""Small stand-ins for what is slow or far away; each does one thing and shows what happened."""

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field
from dataclasses import fields as dataclass_fields
from queue import SimpleQueue
from threading import Event
from time import monotonic

from engine.sequence import Sequence, State
from protocol.answer import AnswerEvent, Finished, FinishReason
from protocol.frame import Frame
from protocol.pieces import Piece, TextDelta
from protocol.request import Asked, Request, Skill
from protocol.status import ModelState, Status

WAIT_S = 10


# What a skill must be asked with, where a test does not care.
WHATEVER = {"question": "a b c", "object": "mug", "frame": Frame(b"", 1, 1)}


def make_request(
    id: str = "1", client: str = "ann", skill: Skill = Skill.QUERY, **fields
) -> Request:
    """A request of any skill, with whatever it needs and a test does not tell."""
    kind = next(each for each in Asked.__subclasses__() if each.skill is skill)
    needed = {each.name for each in dataclass_fields(kind) if each.default is MISSING}
    default = {name: value for name, value in WHATEVER.items() if name in needed}
    return kind(id=id, client=client, arrived_at=monotonic(), **default | fields)


class ReadyModel:
    """Could be asked."""

    status, failure = Status(ModelState.READY, "demo", "cpu"), None

    def watch(self, on_status: object) -> None:
        pass

    def cancel(self, client: str, id: str | None = None) -> None:
        pass


class Inbox:
    """A sink that a test can read from, event by event."""

    def __init__(self) -> None:
        self._events: SimpleQueue[AnswerEvent] = SimpleQueue()
        self.put = self._events.put

    def next(self) -> AnswerEvent:
        return self._events.get(timeout=WAIT_S)

    def until_finished(self) -> list[AnswerEvent]:
        """All events up to and with the end."""
        events = [self.next()]
        while not isinstance(events[-1], Finished):
            events.append(self.next())
        return events

    @property
    def is_empty(self) -> bool:
        return self._events.empty()


@dataclass
class Echo:
    """An answer of the runner below: the words to come, and those said since it was last asked."""

    words: list[str]
    said: list[str] = field(default_factory=list)

    def say(self) -> None:
        self.said.append(self.words.pop(0))


class EchoRunner:
    """A runner without a network: it answers a question with its own words, one word a step.

    A question "break" fails in its first step, "unreadable" while it begins; an "endless look"
    never ends to begin, of an "endless picture" the reading never ends. `gate` holds every step
    until it is set.
    """

    def __init__(self, n_rows: int = 2) -> None:
        self.n_rows = n_rows
        self.gate = Event()
        self.gate.set()
        self.steps: list[str] = []
        self.prepared: list[str] = []
        self.looks = 0

    def prepare(self, sequence: Sequence) -> None:
        self.prepared.append(sequence.request.id)

    def begin(self, sequence: Sequence) -> Iterator[None]:
        if sequence.request.question == "unreadable":
            raise ValueError("unreadable")
        if sequence.request.question == "endless picture":
            sequence.state = State.READING
        while sequence.request.question.startswith("endless"):
            assert self.gate.wait(WAIT_S)
            self.looks += 1
            yield
        sequence.decoding = Echo(sequence.request.question.split())
        sequence.state = State.DECODING

    def step(self, sequences: list[Sequence]) -> None:
        assert self.gate.wait(WAIT_S)
        if any(sequence.request.question == "break" for sequence in sequences):
            raise RuntimeError("this network is broken")
        self.steps += [sequence.request.id for sequence in sequences]
        for sequence in sequences:
            sequence.decoding.say()

    def take(self, sequence: Sequence) -> tuple[list[Piece], FinishReason | None]:
        echo: Echo = sequence.decoding
        said, echo.said = echo.said, []
        pieces: list[Piece] = [TextDelta(sequence.request.id, word + " ") for word in said]
        return pieces, None if echo.words else FinishReason.STOP
