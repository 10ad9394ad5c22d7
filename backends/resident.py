"""The resident network as a model: it loads on the engine's thread and stays until `close`."""

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from backends.first_status import first_status
from checkpoints.checkpoint import parse_model
from engine.engine import Engine
from moondream2.gpu_faults import tell_broken
from protocol.answer import Sink
from protocol.errors import ModelFailed, StartRefused
from protocol.model import OnStatus
from protocol.request import Request
from protocol.status import ModelState, OnProgress, Progress
from settings import Settings

if TYPE_CHECKING:
    from engine.runner import Runner

CLOSE_TIMEOUT_S = 3.0
PROGRESS_INTERVAL_S = 0.1


class ResidentModel:
    """Keeps the contract of `protocol/model.py`; from any thread.

    Sinks and watchers are called on the engine's thread. Raises StartRefused when there is no such
    checkpoint.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._watchers: list[OnStatus] = []
        self.failure: ModelFailed | None = None
        self._wanted = parse_model(settings.model, settings.revision)
        self.status = first_status(settings)
        self._engine = Engine(
            self._load,
            max_waiting=settings.max_waiting,
            max_waiting_per_client=settings.max_waiting_per_client,
            on_failed=self._tell_failure,
        )

    def watch(self, on_status: OnStatus) -> None:
        self._watchers.append(on_status)

    def submit(self, request: Request, sink: Sink) -> None:
        self._engine.submit(request, sink)

    def cancel(self, client: str, id: str | None = None) -> None:
        self._engine.cancel(client, id)

    def close(self) -> bool:
        """Says whether it ended within CLOSE_TIMEOUT_S."""
        return self._engine.close(CLOSE_TIMEOUT_S)

    # Everything below runs on the engine's thread.

    def _load(self, while_loading: Callable[[], None]) -> "Runner":
        self._wanted.check()
        # Imports torch, which takes seconds; the port must be open before that.
        try:
            from backends.loading import load_runner
        except (ImportError, OSError) as error:
            raise StartRefused(tell_broken(error)) from error
        on_progress = self._progress(while_loading)
        return load_runner(self._settings, self._wanted, on_progress, self._change)

    def _progress(self, while_loading: Callable[[], None]) -> OnProgress:
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
