"""The Python door: ask a model from a script, in one sitting.

with load_model("demo") as model:
    answer = model.query("mug.jpg", "What colour is it?")
    for text in answer:
        print(text, end="")
    print(answer.finish_reason, answer.usage)
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import Any, Generic, TypeVar
from uuid import uuid4

import numpy as np

from backends.kinds import make_model
from protocol import pixels
from protocol.answer import AnswerEvent, Finished, FinishReason, Timings, Usage
from protocol.errors import BadImage, Closing, ModelFailed
from protocol.formats.data_url import decode_data_url, is_data_url
from protocol.formats.fields import Fields
from protocol.frame import Frame, FrameLimits, check_frame, encode_frame
from protocol.model import Model as Backend
from protocol.model import OnStatus
from protocol.pieces import Checked, Chosen, Found, Piece, Place, Reasoned, TextDelta, places_of
from protocol.places import Box, Point, SpatialRef
from protocol.request import (
    CaptionRequest,
    CheckRequest,
    DetectRequest,
    LookRequest,
    PointRequest,
    QueryRequest,
    Request,
    SamplingParams,
)
from protocol.status import Status
from settings import Settings


@dataclass(frozen=True)
class EncodedPicture:
    """A picture that `Model.encode` has looked at.

    Holds its own bytes: what the network made of them stays with the model while there is room.
    """

    frame: Frame


# A picture for a script: open already, its pixels, a path or data URL, encoded bytes, or looked at
# by `Model.encode`.
Picture = pixels.Picture | np.ndarray | str | PathLike[str] | bytes | bytearray | EncodedPicture

T = TypeVar("T")


@dataclass(frozen=True)
class Choice:
    """Which of some answers is the likeliest, and how likely each is beside the others.

    probabilities: one for each, in the order in which they were given; their sum is 1. They compare
    these answers alone: where all are wrong, one is the likeliest still, and may have nearly all.
    Empty where another server answers that does not tell them.
    """

    choice: str
    probabilities: tuple[float, ...]


class Answer(Iterator[T], Generic[T]):
    """Yields an answer piece by piece; once the loop is over, it tells how the answer ended.

    The model is asked when the first piece is wanted. Whoever leaves the loop early, or calls
    `close`, stops it. Raises RequestError when the request fails.

    reasoning: what was thought before the answer, None where nobody asked for it. finish_reason:
    why the answer ended, None before. usage, timings: what it took, zeros before.
    """

    def __init__(self, model: Backend, request: Request, read: Callable[[Piece], T | None]) -> None:
        """read: what of a piece is yielded, None for nothing."""
        self.reasoning: Reasoned | None = None
        self.finish_reason: FinishReason | None = None
        self.usage, self.timings = Usage(), Timings()
        self._read = read
        self._events = _events(model, request)

    def __next__(self) -> T:
        for event in self._events:
            match event:
                case Finished(reason=reason, usage=usage, timings=timings, error=error):
                    self.finish_reason, self.usage, self.timings = reason, usage, timings
                    if error is not None:
                        raise error
                case TextDelta() | Found() | Reasoned() | Checked() as piece:
                    if isinstance(piece, Reasoned):
                        self.reasoning = piece
                    if (value := self._read(piece)) is not None:
                        return value
        raise StopIteration

    def close(self) -> None:
        """Stop the model, if it is still at it."""
        self._events.close()


def load_model(model: str | Settings = "auto", upstream: str | Sequence[str] = ()) -> "Model":
    """Start loading a model and return at once; questions asked meanwhile wait for it.

    model: what `--model` takes, or all settings. upstream: the servers that answer instead, if any.
    Raises StartRefused when there is no such checkpoint, ValueError for what is no address.
    """
    urls = (upstream,) if isinstance(upstream, str) else tuple(upstream)
    settings = Settings(model=model, upstream=urls) if isinstance(model, str) else model
    return Model(make_model(settings), settings.frame_limits)


class Model:
    """One loaded (or loading, or failed) model. All methods may be called from any thread."""

    def __init__(self, backend: Backend, limits: FrameLimits) -> None:
        self._backend, self._limits = backend, limits

    @property
    def status(self) -> Status:
        """How far it is."""
        return self._backend.status

    @property
    def failure(self) -> ModelFailed | None:
        """Why it could not start, None while it can."""
        return self._backend.failure

    def watch(self, on_status: OnStatus) -> None:
        """Call `on_status` at every change from now on, on a thread of the model's."""
        self._backend.watch(on_status)

    def close(self) -> bool:
        """End every answer and free the model; says whether that ended in time."""
        return self._backend.close()

    def __enter__(self) -> "Model":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def encode(self, picture: Picture) -> EncodedPicture:
        """Look at a picture now, so that asking about it costs no look; blocks until it is done.

        Raises RequestError when it fails.
        """
        frame = self._frame(picture)
        list(Answer(self._backend, LookRequest(**_asked(frame)), lambda piece: piece))
        return EncodedPicture(frame)

    def query(
        self,
        picture: Picture | None,
        question: str,
        sampling: SamplingParams | None = None,
        *,
        is_reasoning: bool = False,
        spatial_refs: Iterable[SpatialRef] = (),
        json_schema: dict[str, Any] | None = None,
    ) -> Answer[str]:
        """Answer a question, word by word.

        picture: None asks without one. is_reasoning: think first, see `Answer.reasoning`.
        json_schema: the answer is JSON that fits it, unless `finish_reason` is "length". One that
        cannot be used raises BadRequest, at the latest when the answer is read.
        """
        request = QueryRequest(
            **_asked(None if picture is None else self._frame(picture), sampling),
            question=question,
            is_reasoning=is_reasoning,
            spatial_refs=tuple(spatial_refs),
            json_schema=Fields({"json_schema": json_schema}).json_schema("json_schema"),
        )
        return Answer(self._backend, request, _text)

    def choose(
        self,
        picture: Picture | None,
        question: str,
        choices: Sequence[str],
        *,
        spatial_refs: Iterable[SpatialRef] = (),
    ) -> Choice:
        """Answer a question with one of 2 to 16 choices; blocks until that is done.

        choices: 1 to 40 characters each. Each counts as what the answer may begin with, with a
        capital first letter and without; where one is the beginning of another, what begins with
        the longer counts as that alone. Raises RequestError when it fails.
        """
        request = QueryRequest(
            **_asked(None if picture is None else self._frame(picture), None),
            question=question,
            spatial_refs=tuple(spatial_refs),
            choices=Fields({"choices": choices or ()}).choices("choices"),
        )
        chosen = list(Answer(self._backend, request, _chosen))
        if not chosen:
            # Nobody else can stop what blocks.
            raise Closing("The model was closed before it had chosen.")
        return chosen[0]

    def caption(
        self, picture: Picture, length: str = "normal", sampling: SamplingParams | None = None
    ) -> Answer[str]:
        """Describe a picture, word by word. length: "short", "normal" or "long"."""
        request = CaptionRequest(**_asked(self._frame(picture), sampling), length=length)
        return Answer(self._backend, request, _text)

    def detect(
        self, picture: Picture, object: str, sampling: SamplingParams | None = None
    ) -> Answer[Box]:
        """Find a box for each object of that name, one by one."""
        request = DetectRequest(**_asked(self._frame(picture), sampling), object=object)
        return Answer(self._backend, request, _place(Box))

    def point(
        self, picture: Picture, object: str, sampling: SamplingParams | None = None
    ) -> Answer[Point]:
        """Find a point on each object of that name, one by one."""
        request = PointRequest(**_asked(self._frame(picture), sampling), object=object)
        return Answer(self._backend, request, _place(Point))

    def check(self) -> Answer[Checked]:
        """Try what the server that answers can do; tells each thing as soon as it is known."""
        return Answer(self._backend, CheckRequest(**_asked(None)), _checked)

    def _frame(self, picture: Picture) -> Frame:
        match picture:
            case EncodedPicture():
                return picture.frame
            case pixels.Picture():
                return encode_frame(picture, self._limits)
            case np.ndarray():
                return encode_frame(pixels.from_array(picture), self._limits)
            case bytes() | bytearray():
                return check_frame(bytes(picture), self._limits)
            case str() if is_data_url(picture):
                return check_frame(decode_data_url(picture, "picture", self._limits), self._limits)
            case str() | PathLike():
                return check_frame(_read(Path(picture)), self._limits)
        raise BadImage(
            "A picture is a path, a data URL, encoded bytes, a PIL image, a numpy array, or what"
            f" `encode` returned; this is a {type(picture).__name__}."
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadImage(f"{path} cannot be read: {error.strerror}.") from error


def _asked(frame: Frame | None, sampling: SamplingParams | None = None) -> dict[str, Any]:
    """What every skill is asked with; each asks as a client of its own."""
    chosen = sampling or SamplingParams()
    return {
        **{"id": uuid4().hex, "client": uuid4().hex, "arrived_at": monotonic(), "frame": frame},
        "sampling": replace(chosen, stop=Fields({"stop": chosen.stop}).stops("stop")),
    }


def _events(model: Backend, request: Request) -> Generator[AnswerEvent, None, None]:
    events: SimpleQueue[AnswerEvent] = SimpleQueue()
    model.submit(request, events.put)
    try:
        while True:
            yield (event := events.get())
            if isinstance(event, Finished):
                return
    finally:
        model.cancel(request.client)


def _text(piece: Piece) -> str | None:
    return piece.text if isinstance(piece, TextDelta) else None


def _chosen(piece: Piece) -> Choice | None:
    return Choice(piece.text, piece.probabilities) if isinstance(piece, Chosen) else None


def _checked(piece: Piece) -> Checked | None:
    return piece if isinstance(piece, Checked) else None


def _place(kind: type[Place]) -> Callable[[Piece], Place | None]:
    return lambda piece: next(iter(places_of(kind, [piece])), None)
