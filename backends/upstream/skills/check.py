"""The test of a server and a model: what they can do is tried with a drawn picture, step by step.

What is seen is kept as the model's abilities: what it has not is not offered any more.
"""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from time import monotonic
from uuid import uuid4

from backends.upstream.skills.asking import Asking
from backends.upstream.skills.coordinates import Numbers, boxes, read_numbers
from backends.upstream.skills.drawn import COLORS, SQUARE_BOX, draw_square
from backends.upstream.skills.places import Size, hear_places
from backends.upstream.skills.words import COLOR_QUESTION, COUNT, SQUARE
from engine.sequence import Sequence
from protocol.answer import FinishReason
from protocol.errors import RequestError, Unsupported, UpstreamUnreadable
from protocol.frame import Frame
from protocol.pieces import Checked, Piece, TextDelta, places_of, text_of
from protocol.places import Box, overlap
from protocol.request import (
    CheckRequest,
    DetectRequest,
    QueryRequest,
    Request,
    SamplingParams,
    Skill,
)
from protocol.status import ModelState
from protocol.upstream import KEY_NAME, Abilities, Coordinates

MIN_OVERLAP = 0.5
# For counting to five; and for one word, before which some think. Some go on and on.
BRIEF, SINGLE = SamplingParams(max_tokens=64), SamplingParams(max_tokens=512)
MAX_SAID_CHARS = 60
MEASURES = (Coordinates.FRACTION, Coordinates.THOUSAND, Coordinates.PIXEL)
# As the end of a sentence that tells what is left out.
NO_PLACES = "no places came back in the test"
OTHER_EYES = "Choose a model that sees."
ELSEWHERE = "Look into the server's own log for more."
NEED_PLACES = (Skill.DETECT, Skill.POINT)

# Answers one request, telling its pieces to its sequence.
Answer = Callable[[Sequence], Awaitable[FinishReason]]


@dataclass(frozen=True)
class Outcome:
    """How one step went. is_well: None where it could not be tried."""

    is_well: bool | None
    words: str
    remedy: str = ""


NOT_TRIED = Outcome(None, "Not tried")


async def check(asking: Asking, answer: Answer, sequence: Sequence) -> FinishReason:
    """Try all that can be tried of a request's model; tells each thing as soon as it is known.

    answer: answers what is asked on the way.
    """
    assert isinstance(sequence.request, CheckRequest)
    await _Check(asking, answer, sequence, sequence.request).run()
    return FinishReason.STOP


class _Check:
    """One test."""

    def __init__(
        self, asking: Asking, answer: Answer, sequence: Sequence, request: CheckRequest
    ) -> None:
        self._asking, self._servers, self._answer = asking, asking.servers, answer
        self._sequence, self._request = sequence, request
        self._model = request.upstream.model
        # Why the first question was not answered, if it was not.
        self._failure: RequestError | None = None
        # In how many pieces an answer came, at most.
        self._n_pieces = 0

    async def run(self) -> None:
        steps = (
            ("reached", (), self._reach),
            ("key", ("reached",), self._try_key),
            ("model", ("key",), self._try_model),
            ("sees", ("model",), self._see),
            ("streams", ("model",), self._stream),
            ("places", ("sees",), self._find),
        )
        well: set[str] = set()
        for what, needs, attempt in steps:
            outcome = await _outcome(attempt) if well.issuperset(needs) else NOT_TRIED
            well |= {what} if outcome.is_well else set()
            told = (outcome.is_well, outcome.words, outcome.remedy)
            self._sequence.tell(Checked(self._request.id, what, *told))

    async def _reach(self) -> Outcome:
        began = monotonic()
        await self._servers.refresh()
        took_ms = round((monotonic() - began) * 1000)
        status = self._servers.status
        self._model = self._model or status.model
        if status.state is ModelState.READY or KEY_NAME in (status.error or ""):
            return Outcome(True, f"Reached in {took_ms} ms")
        return _failed(status.error or "No answer came. Is the server running?")

    async def _try_key(self) -> Outcome:
        """The list of models may be open to everybody: only a question tells."""
        self._asking.forget(self._model)
        self._servers.learn(Abilities(self._model))
        try:
            await self._ask(self._query(COUNT, sampling=BRIEF))
        except UpstreamUnreadable:
            # Whoever thinks for so long is there, too.
            pass
        except RequestError as error:
            self._failure = error
            if KEY_NAME in error.message:
                return _failed(error.message)
        return Outcome(True, "Key accepted" if os.environ.get(KEY_NAME) else "No key was asked for")

    async def _try_model(self) -> Outcome:
        if self._failure is not None:
            raise self._failure
        return Outcome(True, f"{self._model} is there")

    async def _see(self) -> Outcome:
        """Of two colours: whoever sees nothing may guess one, and says the same of both."""
        for color in COLORS:
            try:
                pieces = await self._ask(self._query(COLOR_QUESTION, draw_square(color)))
            except Unsupported:
                return Outcome(False, "It reads text only", OTHER_EYES)
            said = text_of(pieces).strip(" .\n")
            if color not in said.lower():
                said = said if len(said) <= MAX_SAID_CHARS else f"{said[:MAX_SAID_CHARS]}…"
                return Outcome(False, f"It called the {color} {SQUARE} {said}", OTHER_EYES)
        self._learn(sees=True)
        seen = " and ".join(f"the {color} {SQUARE} {color}" for color in COLORS)
        return Outcome(True, f"Sees pictures: it called {seen}")

    async def _stream(self) -> Outcome:
        if not self._n_pieces:
            return NOT_TRIED
        streams = self._n_pieces > 1 or self._servers.is_moonsight(self._model)
        self._learn(streams=streams)
        if streams:
            return Outcome(True, "Answers arrive word by word")
        return Outcome(
            False,
            "Answers arrive whole, not word by word",
            "The server does not stream. Choose a model that does, or wait for whole answers.",
        )

    async def _find(self) -> Outcome:
        try:
            is_found, words = await self._places(), "No box of its fits the square"
        except UpstreamUnreadable as failure:
            is_found, words = False, failure.message
        if is_found:
            return Outcome(True, "Finds things: its box fits the square")
        self._learn(missing=tuple((str(skill), NO_PLACES) for skill in NEED_PLACES))
        return Outcome(False, words, "Find and Point are left out. Choose a model that finds.")

    async def _places(self) -> bool:
        """Whether the square is found; learns how the model writes where it is."""
        request = DetectRequest(**self._common(draw_square()), object=SQUARE)
        if self._servers.is_moonsight(self._model):
            return _fits(places_of(Box, await self._ask(request)))

        def read(text: str, size: Size) -> list[Coordinates]:
            numbers = read_numbers(text, 4, request.sampling.max_objects)
            return [each for each in MEASURES if _fits(_read(numbers, each, size))]

        fitting, _ = await hear_places(self._asking, self._sequence, request, read)
        if len(fitting) == 1:
            self._learn(coordinates=fitting[0])
        return len(fitting) == 1

    def _learn(self, **seen: object) -> None:
        known = self._servers.abilities(self._model)
        self._servers.learn(replace(known, **seen))  # type: ignore[arg-type]

    async def _ask(self, request: Request) -> list[Piece]:
        """What comes of a question of our own, which nobody else hears."""
        asked = Sequence(request, lambda event: None)
        await self._answer(asked)
        n_pieces = sum(isinstance(each, TextDelta) for each in asked.pieces)
        self._n_pieces = max(self._n_pieces, n_pieces)
        return asked.pieces

    def _query(
        self, question: str, frame: Frame | None = None, sampling: SamplingParams = SINGLE
    ) -> QueryRequest:
        return QueryRequest(**self._common(frame), question=question, sampling=sampling)

    def _common(self, frame: Frame | None) -> dict:
        # Its measure is yet to be seen, and no wish of the person's is to stand in the way.
        params = replace(
            self._request.upstream,
            model=self._model,
            instruction="",
            coordinates=Coordinates.AUTO,
        )
        return {
            **{"id": uuid4().hex, "client": self._request.client, "arrived_at": monotonic()},
            **{"frame": frame, "upstream": params},
        }


async def _outcome(attempt: Callable[[], Awaitable[Outcome]]) -> Outcome:
    try:
        return await attempt()
    except RequestError as error:
        return _failed(error.message)


def _failed(sentences: str) -> Outcome:
    """A failure whose last sentences say what helps."""
    words, _, remedy = sentences.partition(". ")
    return Outcome(False, words.removesuffix("."), remedy or ELSEWHERE)


def _read(numbers: list[Numbers], measure: Coordinates, size: Size) -> list[Box]:
    try:
        return boxes(numbers, measure, size)
    except ValueError:
        # So they are in another measure.
        return []


def _fits(found: "list[Box] | tuple[Box, ...]") -> bool:
    return any(overlap(box, SQUARE_BOX) > MIN_OVERLAP for box in found)
