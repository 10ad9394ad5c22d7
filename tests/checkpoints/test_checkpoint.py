"""Which checkpoint `--model` means."""

from pathlib import Path

import pytest
from huggingface_hub import constants

from checkpoints.checkpoint import DEMO, parse_model
from protocol.errors import StartRefused


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def test_demo_is_the_bundled_checkpoint_and_needs_no_reason():
    assert parse_model("demo", "main").find(lambda progress: None) == DEMO
    assert DEMO.notice is None


def test_auto_falls_back_to_the_demo_model_and_says_why(offline):
    found = parse_model("auto", "2025-06-21").find(lambda progress: None)
    assert found.is_demo
    assert found.notice is not None
    sentence, _, reason = found.notice.partition(": ")
    assert sentence == "moondream2 is not on this computer yet"
    assert "HF_HUB_OFFLINE" in reason


def test_moondream2_never_falls_back_and_names_the_remedy(offline):
    with pytest.raises(StartRefused, match="--model demo"):
        parse_model("moondream2", "2025-06-21").find(lambda progress: None)


def test_folder_is_taken_as_it_is(tmp_path: Path):
    found = parse_model(str(tmp_path), "main").find(lambda progress: None)
    assert (found.folder, found.name, found.is_demo) == (tmp_path, tmp_path.name, False)


@pytest.mark.parametrize("model", ["/no/such/folder", "./x", "~/no/such", "a/b/c", "a b/c"])
def test_what_is_neither_a_folder_nor_a_repository_is_refused(model: str):
    with pytest.raises(StartRefused):
        parse_model(model, "2025-06-21")


@pytest.mark.parametrize("revision", ["../x", "", "a//b", "x" * 200, "a b"])
def test_impossible_revision_is_refused(revision: str):
    with pytest.raises(StartRefused, match="not a revision"):
        parse_model("moondream2", revision)
