"""What the resident model tells while it loads; the contract is tested in `test_contract.py`."""

import sys
from threading import Event

import pytest

from backends.resident import PROGRESS_INTERVAL_S, ResidentModel
from protocol.errors import ModelFailed, StartRefused
from protocol.status import ModelState, Status
from settings import Settings
from tests.fakes import WAIT_S


def test_checkpoint_that_nobody_can_mean_is_refused_before_anything_starts():
    with pytest.raises(StartRefused, match="no checkpoint folder"):
        ResidentModel(Settings(model="/no/such/folder"))


def test_torch_that_cannot_be_loaded_is_told_with_the_remedy(checkpoint, monkeypatch):
    """It was a traceback in the terminal, and "Loading broke off" on the page."""
    monkeypatch.setitem(sys.modules, "backends.loading", None)
    has_failed = Event()
    model = ResidentModel(Settings(model=str(checkpoint), device="cpu"))
    model.watch(lambda status: has_failed.set())
    assert model.failure or has_failed.wait(WAIT_S)
    assert isinstance(model.failure, StartRefused)
    assert "cannot be loaded" in model.failure.message
    assert model.close()


def test_listeners_hear_of_progress_now_and_then_and_of_the_end(checkpoint):
    told: list[Status] = []
    has_ended = Event()

    def hear(status: Status) -> None:
        told.append(status)
        if status.state is not ModelState.LOADING:
            has_ended.set()

    model = ResidentModel(Settings(model=str(checkpoint), device="cpu"))
    model.watch(hear)
    assert has_ended.wait(WAIT_S)
    assert model.close()
    stages = [each.progress.stage for each in told if each.progress]
    reading = [each for each in stages if each == "reading"]
    assert {"reading", "warming"} <= set(stages)
    # A network has hundreds of tensors; as many messages would cost more than reading them.
    assert len(reading) <= 2 + WAIT_S / PROGRESS_INTERVAL_S
    assert told[-1].state is ModelState.READY


def test_closed_model_refuses_in_words(checkpoint):
    model = ResidentModel(Settings(model=str(checkpoint), device="cpu"))
    assert model.close()
    with pytest.raises(ModelFailed, match="closing"):
        model.submit(None, print)  # type: ignore[arg-type]
