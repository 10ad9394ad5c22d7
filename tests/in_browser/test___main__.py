"""`python -m in_browser`, as a person calls it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from in_browser import __main__ as command
from in_browser import site


@pytest.fixture(autouse=True)
def _no_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing the page takes the runtime, which the browser's tests have."""
    monkeypatch.setattr(site, "write_runtime", lambda folder: None)


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
