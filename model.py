"""The resident model as everything else sees it: loaded once, asked from any thread.

    with load_model("demo") as model:
        for text in model.query("mug.jpg", "What colour is it?"):
            print(text, end="")

The network lives on the engine's thread (`engine/`), is read from a checkpoint folder
(`moondream2/weights.py`), and stays in memory until `close()`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from PIL import Image

from checkpoint import parse_model
from engine.engine import Engine
from engine.sequence import Sink
from protocol.answer import AnswerEvent, Box, Finished, Found, Point, TextDelta
from protocol.errors import ModelFailed
from protocol.frame import Frame, FrameLimits, check_frame
from protocol.request import Request, SamplingParams, Skill, SpatialRef
from protocol.status import LoadStage, ModelState, Progress, Status
from settings import Settings

if TYPE_CHECKING:
    from engine.runner import Runner

CLOSE_TIMEOUT_S = 3.0
PROGRESS_INTERVAL_S = 0.1


@dataclass(frozen=True)
class EncodedPicture:
    """A picture that `Model.encode` has looked at.

    Holds the picture's own bytes: what the network made of them stays with the model, for as long
    as `max_prefix_bytes` has room, and is made again when it is gone.
    """

    frame: Frame


# A picture for a script: read already, a path, encoded bytes, or looked at by `Model.encode`.
Picture = Image.Image | str | Path | bytes | EncodedPicture


def load_model(model: str | Settings = "auto") -> "Model":
    """Start loading a model and return at once; questions asked meanwhile wait for it.

    model: what `--model` takes, or all settings. Raises StartRefused when there is no such
    checkpoint.
    """
    return Model(Settings(model=model) if isinstance(model, str) else model)


class Model:
    """One loaded (or loading, or failed) model. All methods may be called from any thread.

    status: how far it is. failure: why it could not start, None while it can.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._watchers: list[Callable[[Status], None]] = []
        self.failure: ModelFailed | None = None
        self._wanted = parse_model(settings.model, settings.revision)
        finding = Progress(LoadStage.FINDING)
        self.status = Status(ModelState.LOADING, self._wanted.name, progress=finding)
        self._engine = Engine(
            self._load,
            max_waiting=settings.max_waiting,
            max_waiting_per_client=settings.max_waiting_per_client,
            on_failed=self._tell_failure,
        )

    def watch(self, on_status: Callable[[Status], None]) -> None:
        """Call `on_status` at every change from now on, on the engine's thread."""
        self._watchers.append(on_status)

    def submit(self, request: Request, sink: Sink) -> None:
        """Queue a request; see `Engine.submit`."""
        self._engine.submit(request, sink)

    def cancel(self, client: str, id: str | None = None) -> None:
        """End one request of a client, or all of them; see `Engine.cancel`."""
        self._engine.cancel(client, id)

    def close(self) -> bool:
        """End every answer and free the model; says whether it ended within CLOSE_TIMEOUT_S."""
        return self._engine.close(CLOSE_TIMEOUT_S)

    def __enter__(self) -> "Model":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def encode(self, picture: Picture) -> EncodedPicture:
        """Look at a picture now, so that asking about it costs no look; blocks until it is done.

        Raises RequestError when it fails.
        """
        request = self._request(Skill.LOOK, picture, None)
        for _ in self._answer(request):
            pass
        assert request.frame is not None, "a picture was given"
        return EncodedPicture(request.frame)

    def query(
        self,
        picture: Picture | None,
        question: str,
        sampling: SamplingParams | None = None,
        *,
        is_reasoning: bool = False,
        spatial_refs: Iterable[SpatialRef] = (),
    ) -> Iterator[str]:
        """Yield the answer to a question, word by word; leaving the loop early stops the model.

        picture: None asks without one. Raises RequestError when the request fails.
        """
        asked = {"question": question, "is_reasoning": is_reasoning}
        request = self._request(
            Skill.QUERY, picture, sampling, **asked, spatial_refs=tuple(spatial_refs)
        )
        return _texts(self._answer(request))

    def caption(
        self, picture: Picture, length: str = "normal", sampling: SamplingParams | None = None
    ) -> Iterator[str]:
        """Yield a description, word by word. length: "short", "normal" or "long"."""
        return _texts(self._answer(self._request(Skill.CAPTION, picture, sampling, length=length)))

    def detect(
        self, picture: Picture, object: str, sampling: SamplingParams | None = None
    ) -> Iterator[Box]:
        """Yield a box for each object of that name, as it is found."""
        for event in self._answer(self._request(Skill.DETECT, picture, sampling, object=object)):
            if isinstance(event, Found) and isinstance(event.place, Box):
                yield event.place

    def point(
        self, picture: Picture, object: str, sampling: SamplingParams | None = None
    ) -> Iterator[Point]:
        """Yield a point on each object of that name, as it is found."""
        for event in self._answer(self._request(Skill.POINT, picture, sampling, object=object)):
            if isinstance(event, Found) and isinstance(event.place, Point):
                yield event.place

    def _request(
        self,
        skill: Skill,
        picture: Picture | None,
        sampling: SamplingParams | None,
        **asked: Any,
    ) -> Request:
        return Request(
            id=uuid4().hex,
            client=uuid4().hex,
            skill=skill,
            arrived_at=monotonic(),
            frame=None if picture is None else self._frame(picture),
            sampling=sampling or SamplingParams(),
            **asked,
        )

    def _frame(self, picture: Picture) -> Frame:
        if isinstance(picture, EncodedPicture):
            return picture.frame
        limits = FrameLimits(self._settings.max_frame_bytes, self._settings.max_frame_pixels)
        return check_frame(_file_bytes(picture), limits)

    def _answer(self, request: Request) -> Iterator[AnswerEvent]:
        events: SimpleQueue[AnswerEvent] = SimpleQueue()
        self.submit(request, events.put)
        try:
            while not isinstance(event := events.get(), Finished):
                yield event
            if event.error is not None:
                raise event.error
        finally:
            self.cancel(request.client)

    # Everything below runs on the engine's thread.

    def _load(self, while_loading: Callable[[], None]) -> "Runner":
        # Imports torch, which takes seconds; the port must be open before that.
        from loading import load_runner

        on_progress = self._progress(while_loading)
        return load_runner(self._settings, self._wanted, on_progress, self._change)

    def _progress(self, while_loading: Callable[[], None]) -> Callable[[Progress], None]:
        """A listener that keeps the line in order and tells people, but not at every byte."""
        told_at = 0.0

        def on_progress(progress: Progress) -> None:
            nonlocal told_at
            while_loading()
            ended_before = self.status.progress and self.status.progress.done == progress.total
            has_ended = progress.done == progress.total and not ended_before
            if has_ended or monotonic() - told_at > PROGRESS_INTERVAL_S:
                told_at = monotonic()
                self._change(progress=progress)

        return on_progress

    def _tell_failure(self, error: ModelFailed) -> None:
        self.failure = error
        self._change(state=ModelState.FAILED, progress=None, error=error.message)

    def _change(self, **changes: Any) -> None:
        self.status = replace(self.status, **changes)
        for on_status in self._watchers:
            on_status(self.status)


def _texts(events: Iterator[AnswerEvent]) -> Iterator[str]:
    for event in events:
        if isinstance(event, TextDelta):
            yield event.text


def _file_bytes(picture: Image.Image | str | Path | bytes) -> bytes:
    if isinstance(picture, bytes):
        return picture
    if isinstance(picture, str | Path):
        return Path(picture).read_bytes()
    buffer = BytesIO()
    picture.convert("RGB").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
