"""All files of a model, and the manifest that lists them."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import onnx
import pytest
import torch
from safetensors.torch import load_file, save_file

from demo.evaluate import CHECKPOINT
from in_browser import model
from in_browser.checkpoint import Stored
from in_browser.model import MANIFEST, list_models, write_model
from moondream2.config import TOKENIZER_FILE
from moondream2.files import CheckpointRejected


@pytest.fixture(scope="module", params=["auto", "float16", "int8", "int4"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_model(Stored(CHECKPOINT, TOKENIZER_FILE), folder, request.param, "demo")
    return folder


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / MANIFEST).read_text())


def test_manifest_lists_every_file_as_it_is(folder: Path):
    listed = {each.pop("path"): each for each in manifest_of(folder)["files"]}
    assert listed.keys() == {each.name for each in folder.iterdir()} - {MANIFEST}
    for name, told in listed.items():
        data = (folder / name).read_bytes()
        assert told == {"bytes": len(data), "sha256": sha256(data).hexdigest()}


def test_graphs_name_places_in_files_that_are_there(folder: Path):
    manifest = manifest_of(folder)
    for each in manifest["graphs"].values():
        graph = onnx.load(folder / each["path"], load_external_data=False).graph
        for tensor in graph.initializer:
            told = {each.key: each.value for each in tensor.external_data}
            if told:
                end = int(told["offset"]) + int(told["length"])
                assert told["location"] in each["weights"]
                assert end <= (folder / told["location"]).stat().st_size


def test_weights_of_a_graph_can_be_read_without_those_of_others(folder: Path):
    """So at most one graph's are in memory while a tab opens them; the demo's lie in one file."""
    manifest = manifest_of(folder)
    of_graphs = [each["weights"] for each in manifest["graphs"].values()]
    is_one_file = manifest["format"] == "as stored"
    assert len({path for paths in of_graphs for path in paths}) == (
        1 if is_one_file else sum(map(len, of_graphs))
    )


def test_checkpoint_with_numbers_that_are_none_is_refused(tmp_path: Path):
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(CHECKPOINT, checkpoint)
    weights = load_file(checkpoint / "model.safetensors")
    [spoilt] = [name for name in weights if name.endswith("size_decoder.fc2.bias")]
    weights[spoilt][3] = torch.nan
    save_file(weights, checkpoint / "model.safetensors")
    for format in ("auto", "int4"):
        with pytest.raises(CheckpointRejected, match="size_decoder"):
            write_model(Stored(checkpoint, TOKENIZER_FILE), tmp_path / "model", format, "broken")


def test_models_are_listed_the_largest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stored = Stored(CHECKPOINT, TOKENIZER_FILE)
    write_model(stored, tmp_path / "small", "int4", "small")
    monkeypatch.setattr(model, "SMALL_BYTES", 4 * 10**6)
    manifest = write_model(stored, tmp_path / "large", "float16", "large")
    first, second = list_models(tmp_path)
    assert first == {
        "name": "large",
        "path": "large/model.json",
        "bytes": sum(each["bytes"] for each in manifest["files"]),
        "is_large": True,
    }
    assert (second["name"], second["is_large"]) == ("small", False)
    assert json.loads((tmp_path / "models.json").read_text()) == [first, second]


def test_folder_is_written_anew_without_what_was_there(tmp_path: Path):
    """Shards grew by as much at each time, and those of other formats stayed listed."""
    stored = Stored(CHECKPOINT, TOKENIZER_FILE)
    write_model(stored, tmp_path / "model", "auto", "demo")
    first, again = (write_model(stored, tmp_path / "model", "int4", "demo") for _ in range(2))
    assert again == first
    assert "model.safetensors" not in {each["path"] for each in again["files"]}


def test_fewer_bits_take_fewer_bytes(tmp_path: Path):
    stored, sizes = Stored(CHECKPOINT, TOKENIZER_FILE), []
    for format in ("float16", "int8", "int4"):
        write_model(stored, tmp_path / format, format, "demo")
        sizes.append(sum(path.stat().st_size for path in (tmp_path / format).glob("*.bin")))
    assert sizes[0] > 1.5 * sizes[1] > 2 * sizes[2]
