"""What follows from the device that is chosen, and from the memory that is left."""

from pathlib import Path
from typing import Any

import pytest
import torch

from backends import loading
from backends.loading import count_rows, load_runner
from checkpoints.checkpoint import parse_model
from moondream2.config import Config
from moondream2.kv_cache import KVCache
from moondream2.network import Network
from protocol.errors import ModelFailed, StartRefused
from settings import Settings
from tests.checkpoint_folders import PARITY
from tests.fake_smi import UUID, FakeSmi

CONFIG = Config.from_file(PARITY / "config.json")
ROW_BYTES = KVCache.row_bytes(CONFIG.text, torch.float32)


@pytest.mark.parametrize(
    ("free", "n_rows"),
    [(None, 4), (0, 1), (4 * ROW_BYTES - 1, 1), (12 * ROW_BYTES, 3), (4000 * ROW_BYTES, 8)],
)
def test_rows_take_a_quarter_of_free_memory(free: int | None, n_rows: int, monkeypatch):
    monkeypatch.setattr(loading, "free_bytes", lambda device: free)
    assert count_rows(Network(CONFIG)) == n_rows


no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card that works")


def told_of_a_load(settings: Settings) -> dict[str, Any]:
    """What a load tells of the status, the newest of each field."""
    told: dict[str, Any] = {}
    wanted = parse_model(settings.model, settings.revision)
    load_runner(settings, wanted, lambda progress: None, lambda **changes: told.update(changes))
    return told


@pytest.fixture
def unusable_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A card whose driver is there, beside a torch that finds no device."""
    for name, value in FakeSmi(holders=f"{UUID}, 1, 6210, blender\n").write(tmp_path).items():
        monkeypatch.setenv(name, value)


@no_cuda
@pytest.mark.usefixtures("unusable_card")
def test_card_that_the_cpu_stands_in_for_is_told(checkpoint: Path):
    told = told_of_a_load(Settings(model=str(checkpoint)))
    assert "RTX 3090 is not used" in told["gpu_fault"]
    assert told["device"] == "cpu"


@pytest.mark.usefixtures("unusable_card")
def test_card_is_not_spoken_of_where_the_cpu_was_chosen(checkpoint: Path):
    assert told_of_a_load(Settings(model=str(checkpoint), device="cpu"))["gpu_fault"] is None


@no_cuda
@pytest.mark.usefixtures("unusable_card")
def test_card_that_was_asked_for_is_never_silently_replaced(checkpoint: Path):
    with pytest.raises(StartRefused, match="RTX 3090 is not used"):
        told_of_a_load(Settings(model=str(checkpoint), device="cuda"))


def test_too_little_memory_names_the_programs_that_hold_it(checkpoint: Path, monkeypatch):
    def refuse(*args: object, **kwargs: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(loading, "read_network", refuse)
    held = "Other programs that hold memory there: blender (6.2 GB)."
    monkeypatch.setattr(loading, "memory_holders", lambda device: held)
    with pytest.raises(ModelFailed) as failure:
        told_of_a_load(Settings(model=str(checkpoint), device="cpu"))
    assert f"on the cpu. {held} Close other programs" in failure.value.message
