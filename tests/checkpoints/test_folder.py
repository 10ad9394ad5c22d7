"""A person's own folder: what a glance refuses, and what is completed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from checkpoints.checkpoint import parse_model
from checkpoints.folder import check_folder, find_tokenizer
from checkpoints.hub import Hub
from protocol.errors import StartRefused
from tests.checkpoint_folders import PARITY, copy_reference
from tests.checkpoints.fake_hub import STARMIE, TOKENIZER, FakeHub, make_weights

ROOT = Path(__file__).parents[2]
# Of the kind that lies beside the published weights: it begins and ends texts elsewhere.
STALE = json.dumps(
    {
        "version": "1.0",
        "added_tokens": [
            {
                "id": 3,
                "content": "<|endoftext|>",
                "special": True,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
            }
        ],
        "model": {
            "type": "BPE",
            "vocab": {"!": 0, "$": 1, "a": 2, "<|endoftext|>": 3},
            "merges": [],
        },
    }
)
NEWER, OLDER = '"moondream/starmie-v1"', '"vikhyatk/moondream2"'


def write(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


def without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def leave_nothing(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def cut_inside_the_header(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[:100])


def pack_4_bits(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["model.text.wte.weight.packed"] = tensors.pop("model.text.wte")
    save_file(tensors, folder / "model.safetensors")


def link_to_itself(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to(folder)


def make_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("x")


DAMAGES = {
    "empty": (
        lambda folder: [each.unlink() for each in folder.iterdir()],
        r"model\.safetensors is mi",
    ),
    "no config": (lambda folder: (folder / "config.json").unlink(), r"config\.json is missing"),
    "no tokenizer": (
        lambda folder: (folder / "tokenizer.json").unlink(),
        r"tokenizer\.json is miss",
    ),
    "config of another": (
        write("config.json", '{"model_type": "llama"}'),
        r'describes "llama", not',
    ),
    "config that is no JSON": (write("config.json", "{"), r"config\.json cannot be used"),
    "header cut": (cut_inside_the_header, "ends inside its header"),
    "4 bits": (pack_4_bits, "4-bit weights"),
    "older release": (write("moondream.py", OLDER), r"older kind.*--model moondream2\.$"),
    "link to itself": (link_to_itself, "cannot be read: Too many levels of symbolic links"),
    "file": (make_a_file, "is no folder. Name the folder that holds config.json"),
    "gone": (shutil.rmtree, "There is no checkpoint folder"),
}


@pytest.mark.parametrize(("damage", "said"), DAMAGES.values(), ids=DAMAGES.keys())
def test_folder_that_cannot_be_used_is_refused_at_a_glance(
    damage: Callable[[Path], object], said: str, tmp_path: Path
):
    folder = copy_reference(tmp_path / "mine")
    check_folder(folder)
    damage(folder)
    with pytest.raises(StartRefused, match=said) as refusal:
        check_folder(folder)
    assert len(refusal.value.message.splitlines()) == 1


def test_glance_needs_no_torch_nor_the_library_of_the_hub(tmp_path: Path):
    folder = copy_reference(tmp_path / "mine")
    heavy = {"torch", "huggingface_hub", "tokenizers", "safetensors"}
    story = f"""
import sys
from checkpoints.checkpoint import parse_model
parse_model({str(folder)!r}, "main").check()
sys.exit(", ".join({heavy!r} & sys.modules.keys()) or None)
"""
    subprocess.run([sys.executable, "-c", story], cwd=ROOT, check=True)


def published(folder: Path, tokenizer: str | None = STALE, recipe: str | None = NEWER) -> Path:
    """What `hf download vikhyatk/moondream2` leaves, but for the size of the weights."""
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "moondream1"}')
    (folder / "model.safetensors").write_bytes(make_weights(1000))
    if tokenizer is not None:
        (folder / "tokenizer.json").write_text(tokenizer)
    if recipe is not None:
        (folder / "moondream.py").write_text(recipe)
    return folder


@pytest.mark.parametrize("tokenizer", [STALE, None])
@pytest.mark.parametrize("recipe", [NEWER, None])
def test_older_tokenizer_of_a_downloaded_folder_is_replaced_by_the_right_one(
    tokenizer: str | None,
    recipe: str | None,
    hub: Hub,
    fake: FakeHub,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
):
    folder = published(tmp_path / "moondream2", tokenizer, recipe)
    check_folder(folder)
    found = find_tokenizer(folder, lambda: hub, lambda progress: None)
    assert Path(found).read_bytes() == TOKENIZER
    assert f"The one of {STARMIE} is used, which fits releases from 2025-06-21 on." in caplog.text
    assert (folder / "tokenizer.json").exists() == (tokenizer is not None)
    fake.requests.clear()
    assert find_tokenizer(folder, lambda: hub, lambda progress: None) == found
    assert not fake.requests


def test_tokenizer_that_cannot_be_had_is_told_with_what_to_do(
    hub: Hub, fake: FakeHub, tmp_path: Path
):
    folder = published(tmp_path / "moondream2")
    del fake.repositories[STARMIE]
    with pytest.raises(StartRefused) as refusal:
        find_tokenizer(folder, lambda: hub, lambda progress: None)
    assert "tokenizer.json belongs to other weights" in refusal.value.message
    assert f"tokenizer.json of {STARMIE} fits: put it there." in refusal.value.message
    assert "status 404" in refusal.value.message


def test_tokenizer_of_a_folder_with_ids_of_its_own_is_not_replaced(hub: Hub, tmp_path: Path):
    folder = copy_reference(tmp_path / "mine")
    (folder / "tokenizer.json").write_text(STALE)
    with pytest.raises(StartRefused, match="belongs to other weights"):
        find_tokenizer(folder, lambda: hub, lambda progress: None)


def test_damaged_tokenizer_is_told_and_not_replaced(hub: Hub, tmp_path: Path):
    with pytest.raises(StartRefused, match="cannot be read as a tokenizer"):
        find_tokenizer(published(tmp_path / "moondream2", "{"), lambda: hub, lambda progress: None)


def test_fitting_tokenizer_needs_no_hub(tmp_path: Path):
    folder = published(tmp_path / "mine", (PARITY / "tokenizer.json").read_text())
    found = parse_model(str(folder), "main").find(lambda progress: None)
    assert found.tokenizer == "tokenizer.json"
