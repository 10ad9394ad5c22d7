"""All files of a model, and the manifest that lists them."""

import json
from hashlib import sha256
from pathlib import Path

import onnx
import pytest

from demo.evaluate import CHECKPOINT
from in_browser.checkpoint import Stored
from in_browser.model import MANIFEST, write_model
from moondream2.config import TOKENIZER_FILE


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
    for path in manifest["graphs"].values():
        graph = onnx.load(folder / path, load_external_data=False).graph
        for tensor in graph.initializer:
            told = {each.key: each.value for each in tensor.external_data}
            if told:
                end = int(told["offset"]) + int(told["length"])
                assert told["location"] in manifest["weights"]
                assert end <= (folder / told["location"]).stat().st_size


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
        manifest = write_model(stored, tmp_path / format, format, "demo")
        sizes.append(sum((tmp_path / format / each).stat().st_size for each in manifest["weights"]))
    assert sizes[0] > 1.5 * sizes[1] > 2 * sizes[2]
