"""The whole folder: every model with all that belongs to it."""

import json
import shutil
from pathlib import Path

import pytest

from checkpoints.checkpoint import DEMO, Checkpoint
from demo.evaluate import CHECKPOINT
from in_browser import model, site
from in_browser.folder import slug, write_folder
from settings import Settings


@pytest.fixture(autouse=True)
def _no_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is fetched from elsewhere, and the browser's tests have it."""
    monkeypatch.setattr(site, "write_runtime", lambda folder: None)


def test_large_model_has_the_demo_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without WebGPU, or on a phone, there is one that fits."""
    shutil.copytree(CHECKPOINT, tmp_path / "a model & more")
    monkeypatch.setattr(model, "SMALL_BYTES", 10**6)
    found = Checkpoint("a model & more", tmp_path / "a model & more")
    write_folder(tmp_path / "out", found, "int8", Settings().frame_limits)
    folders = {path.name for path in (tmp_path / "out" / "models").iterdir()}
    assert folders == {"a-model-more", "demo", "models.json"}


def test_model_of_another_time_is_not_kept(tmp_path: Path):
    write_folder(tmp_path, Checkpoint("old", CHECKPOINT), "int4", Settings().frame_limits)
    write_folder(tmp_path, DEMO, "auto", Settings().frame_limits)
    assert [told["name"] for told in json.loads((tmp_path / "models/models.json").read_text())] == [
        "demo"
    ]
    assert not (tmp_path / "models" / "old").exists()


@pytest.mark.parametrize(("name", "expected"), [("moondream2", "moondream2"), ("../a b", "--a-b")])
def test_name_of_a_model_can_stand_in_an_address(name: str, expected: str):
    assert slug(name) == expected
