"""`python -m in_browser`, as a person calls it."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from demo.evaluate import CHECKPOINT
from in_browser import __main__ as command
from in_browser import model


@pytest.fixture(autouse=True)
def _no_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing the page takes the runtime, which the browser's tests have."""
    monkeypatch.setattr(command, "write_site", lambda folder, limits: None)
    monkeypatch.setattr(command, "write_service_worker", lambda folder: None)


def test_model_is_written_and_how_to_try_it_is_said(tmp_path: Path):
    done = CliRunner().invoke(command.main, ["demo", str(tmp_path)], catch_exceptions=False)
    assert done.exit_code == 0
    assert "demo, 5.2 MB" in done.stdout
    assert f"http.server --directory {tmp_path}" in done.stdout
    assert (tmp_path / "models" / "demo" / "model.json").exists()


def test_folder_that_is_no_checkpoint_is_one_sentence(tmp_path: Path):
    asked = ["--model", str(tmp_path), "demo", str(tmp_path / "out")]
    done = CliRunner().invoke(command.main, asked, catch_exceptions=False)
    assert done.exit_code == 1
    assert str(tmp_path) in done.output
    assert "Traceback" not in done.output


def test_large_model_has_the_demo_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without WebGPU, or on a phone, there is one that fits."""
    shutil.copytree(CHECKPOINT, tmp_path / "a model & more")
    monkeypatch.setattr(model, "SMALL_BYTES", 10**6)
    asked = ["--weights", "int8", str(tmp_path / "a model & more"), str(tmp_path / "out")]
    done = CliRunner().invoke(command.main, asked, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    folders = {path.name for path in (tmp_path / "out" / "models").iterdir()}
    assert folders == {"a-model-more", "demo", "models.json"}


@pytest.mark.parametrize(("name", "expected"), [("moondream2", "moondream2"), ("../a b", "--a-b")])
def test_name_of_a_model_can_stand_in_an_address(name: str, expected: str):
    assert command.slug(name) == expected
