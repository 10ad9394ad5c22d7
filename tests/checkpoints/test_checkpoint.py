"""Which checkpoint `--model` means."""

from pathlib import Path

import pytest
from huggingface_hub import constants

from checkpoints.checkpoint import DEMO, parse_model
from protocol.errors import StartRefused
from tests.checkpoint_folders import copy_reference


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
    assert sentence == "moondream2 cannot answer yet"
    assert "HF_HUB_OFFLINE" in reason


def test_moondream2_never_falls_back_and_names_the_remedy(offline):
    with pytest.raises(StartRefused, match="--model demo"):
        parse_model("moondream2", "2025-06-21").find(lambda progress: None)


@pytest.mark.parametrize("name", ["mine", "two words", "Über größe", "月の夢"])
def test_folder_is_taken_as_it_is(name: str, tmp_path: Path):
    folder = copy_reference(tmp_path / name)
    found = parse_model(str(folder), "main").find(lambda progress: None)
    assert (found.folder, found.name, found.is_demo) == (folder, name, False)
    assert found.tokenizer == "tokenizer.json"


@pytest.mark.parametrize(
    "model",
    [
        "/no/such/folder",
        "./x",
        "~/no/such",
        "~nobody-here/x",
        "a/b/c",
        "a b/c",
        "a\0b",
        "./a\0b",
        "",
    ],
)
def test_what_is_neither_a_folder_nor_a_repository_is_refused(model: str):
    with pytest.raises(StartRefused):
        parse_model(model, "2025-06-21")


@pytest.mark.parametrize("revision", ["../x", "", "a//b", "x" * 200, "a b"])
def test_impossible_revision_is_refused(revision: str):
    with pytest.raises(StartRefused, match="not a revision"):
        parse_model("moondream2", revision)
