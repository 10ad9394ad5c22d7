"""The resident model as everything else sees it: loaded once, asked from any thread.

    with load_model("demo") as model:
        for text in model.query("mug.jpg", "What colour is it?"):
            print(text, end="")

The network lives on the engine's thread (`engine/`), is read from a checkpoint folder
(`moondream2/weights.py`), and stays in memory until `close()`.
"""

import gc
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING
from uuid import uuid4

from PIL import Image

from engine.engine import Engine
from engine.sequence import Sink
from protocol.answer import AnswerEvent, Finished, TextDelta
from protocol.errors import ModelFailed, StartRefused
from protocol.frame import FrameLimits, check_frame
from protocol.request import Request, SamplingParams, Skill
from protocol.status import LoadStage, ModelState, Progress, Status
from settings import Settings

if TYPE_CHECKING:
    import torch

    from engine.runner import Runner

# torch takes seconds to import, and the port must be open before that: so it is imported on the
# engine's thread, inside `Model._load`, and nowhere at the top of this file.

DEMO_CHECKPOINT = Path(__file__).parent / "demo" / "checkpoint"
CLOSE_TIMEOUT_S = 3.0
PROGRESS_INTERVAL_S = 0.1

# A picture for a script: read already, a path, or encoded bytes.
Picture = Image.Image | str | Path | bytes

log = logging.getLogger(__name__)


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
        self._folder, self.status = find_checkpoint(settings.model)
        self._engine = Engine(
            self._load,
            n_rows=settings.max_running,
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

    def query(
        self, picture: Picture | None, question: str, sampling: SamplingParams | None = None
    ) -> Iterator[str]:
        """Yield the answer to a question, word by word; leaving the loop early stops the model.

        picture: None asks without one. Raises RequestError when the request fails.
        """
        return self._ask(self._request(Skill.QUERY, picture, sampling, question=question))

    def caption(
        self, picture: Picture, length: str = "normal", sampling: SamplingParams | None = None
    ) -> Iterator[str]:
        """Yield a description, word by word. length: "short", "normal" or "long"."""
        return self._ask(self._request(Skill.CAPTION, picture, sampling, length=length))

    def _request(
        self,
        skill: Skill,
        picture: Picture | None,
        sampling: SamplingParams | None,
        question: str = "",
        length: str = "normal",
    ) -> Request:
        limits = FrameLimits(self._settings.max_frame_bytes, self._settings.max_frame_pixels)
        return Request(
            id=uuid4().hex,
            client=uuid4().hex,
            skill=skill,
            arrived_at=monotonic(),
            frame=None if picture is None else check_frame(_encoded(picture), limits),
            question=question,
            length=length,
            sampling=sampling or SamplingParams(),
        )

    def _ask(self, request: Request) -> Iterator[str]:
        events: SimpleQueue[AnswerEvent] = SimpleQueue()
        self.submit(request, events.put)
        try:
            while True:
                match events.get():
                    case TextDelta(text=text):
                        yield text
                    case Finished(error=None):
                        return
                    case Finished(error=error) if error is not None:
                        raise error
        finally:
            self.cancel(request.client)

    # Everything below runs on the engine's thread.

    def _load(self, while_loading: Callable[[], None]) -> "Runner":
        """Import torch, read the checkpoint, warm up; the first call of the engine's thread."""
        import torch

        from engine.runner import Runner
        from moondream2.weights import UNUSABLE, load_checkpoint

        # One core stays free for the web tier; with none to spare, torch's threads wait for each
        # other in every layer.
        torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
        device, dtype = choose_device(self._settings)
        self._tell(replace(self.status, device=device.type))
        last_told = 0.0

        def on_progress(done: int, total: int) -> None:
            nonlocal last_told
            while_loading()
            if done == total or monotonic() - last_told > PROGRESS_INTERVAL_S:
                last_told = monotonic()
                self._tell_progress(Progress(LoadStage.READING, done, total))

        try:
            network, tokenizer = load_checkpoint(
                self._folder, device=device, dtype=dtype, on_progress=on_progress
            )
            self._tell_progress(Progress(LoadStage.WARMING))
            runner = Runner(network, tokenizer, self._settings.max_running)
            runner.warm_up()
        except UNUSABLE as error:
            raise StartRefused(str(error)) from error
        except torch.OutOfMemoryError as error:
            raise ModelFailed(
                f"The {device.type} device has too little free memory. Close other programs, or"
                " start with --device cpu."
            ) from error
        # What is loaded stays. Walking it again would stop every thread for a tenth of a second.
        gc.collect()
        gc.freeze()
        self._tell(replace(self.status, state=ModelState.READY, progress=None))
        return runner

    def _tell_progress(self, progress: Progress) -> None:
        self._tell(replace(self.status, progress=progress))

    def _tell_failure(self, error: ModelFailed) -> None:
        self.failure = error
        failed = replace(self.status, state=ModelState.FAILED, progress=None, error=error.message)
        self._tell(failed)

    def _tell(self, status: Status) -> None:
        self.status = status
        for on_status in self._watchers:
            on_status(status)


def find_checkpoint(model: str) -> tuple[Path, Status]:
    """Decide which folder `--model` means, and what people are told about it.

    Raises StartRefused for a name that is neither known nor a folder.
    """
    finding = Progress(LoadStage.FINDING)
    if model in ("auto", "demo"):
        notice = "moondream2 is not on this computer yet." if model == "auto" else None
        status = Status(ModelState.LOADING, "demo", progress=finding, is_demo=True, notice=notice)
        return DEMO_CHECKPOINT, status
    folder = Path(model).expanduser()
    if not folder.is_dir():
        raise StartRefused(
            f'There is no checkpoint folder "{model}". Name a folder that holds config.json,'
            " model.safetensors and tokenizer.json, or start with --model demo."
        )
    return folder, Status(ModelState.LOADING, folder.resolve().name, progress=finding)


def choose_device(settings: Settings) -> "tuple[torch.device, torch.dtype]":
    """Pick the fastest device there is and the number format that is right on it.

    Raises StartRefused when a device was asked for that this machine lacks.
    """
    import torch

    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    wanted = settings.device
    name = next(each for each in has if has[each]) if wanted == "auto" else wanted
    if not has[name]:
        usable = " or ".join(each for each in has if has[each])
        raise StartRefused(
            f"This computer offers torch no {name} device. Start with --device {usable}."
        )
    best = {"cuda": "bfloat16", "mps": "float16", "cpu": "float32"}[name]
    dtype = best if settings.dtype == "auto" else settings.dtype
    return torch.device(name), getattr(torch, dtype)


def _encoded(picture: Picture) -> bytes:
    if isinstance(picture, bytes):
        return picture
    if isinstance(picture, str | Path):
        return Path(picture).read_bytes()
    buffer = BytesIO()
    picture.convert("RGB").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
