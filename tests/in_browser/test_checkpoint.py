"""A checkpoint is read tensor by tensor, as the network reads it as a whole."""

import shutil
from pathlib import Path

import pytest
import torch

from demo.evaluate import CHECKPOINT
from in_browser.checkpoint import Stored
from moondream2.config import TOKENIZER_FILE
from moondream2.files import CheckpointRejected
from moondream2.weights import load_checkpoint
from tests.checkpoint_folders import PARITY


def test_every_weight_is_that_of_the_network():
    stored = Stored(CHECKPOINT, TOKENIZER_FILE)
    network, _ = load_checkpoint(CHECKPOINT, device=torch.device("cpu"), dtype=torch.float32)
    for name, weight in network.named_parameters():
        assert torch.equal(stored.read(name), weight)


def test_header_says_where_each_weight_lies():
    stored = Stored(CHECKPOINT, TOKENIZER_FILE)
    header = stored.header()
    assert header is not None
    kind, shape, offset, length = header["text.wte"]
    with stored.weights_path.open("rb") as file:
        file.seek(offset)
        numbers = torch.frombuffer(bytearray(file.read(length)), dtype=torch.float16)
    assert kind == "F16"
    assert torch.equal(numbers.view(shape).float(), stored.read("text.wte"))


def test_numbers_that_no_browser_reads_are_not_served_as_they_are(tmp_path: Path):
    for name in ("config.json", "tokenizer.json"):
        shutil.copyfile(PARITY / name, tmp_path / name)
    shutil.copyfile(PARITY / "weights.safetensors", tmp_path / "model.safetensors")
    assert Stored(tmp_path, TOKENIZER_FILE).header() is None


def test_folder_without_weights_is_refused(tmp_path: Path):
    with pytest.raises(CheckpointRejected, match="missing"):
        Stored(tmp_path, TOKENIZER_FILE)
