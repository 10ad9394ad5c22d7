"""Weights in files: whole numbers around a middle, shards of a bounded size."""

from pathlib import Path

import numpy as np
import pytest
import torch

from in_browser import stored
from in_browser.graph import Graph
from in_browser.stored import BLOCK, Shards, dequantised, quantised


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("n_in", [BLOCK, 3 * BLOCK, 70])
def test_number_is_off_by_half_a_step_at_most(bits: int, n_in: int):
    """But for those of the other sign than the largest, where the last step is missing."""
    torch.manual_seed(bits)
    matrix = torch.randn(5, n_in)
    numbers, scales = quantised(matrix, bits)
    back = dequantised(numbers, scales, n_in, bits)
    steps = torch.from_numpy(np.abs(scales)).repeat_interleave(BLOCK, dim=1)[:, :n_in]
    assert ((back - matrix).abs() <= steps * (1 + 1e-5)).all()
    assert ((back - matrix).abs() <= steps * 0.5001).float().mean() > 0.95
    assert numbers.shape == (5, -(-n_in // BLOCK), BLOCK * bits // 8)


def test_largest_of_a_block_stays_what_it_is():
    matrix = torch.zeros(1, BLOCK)
    matrix[0, 3], matrix[0, 4] = -2.5, 1.0
    numbers, scales = quantised(matrix, 4)
    assert dequantised(numbers, scales, BLOCK, 4)[0, 3] == -2.5


def test_block_of_nothing_stays_nothing():
    numbers, scales = quantised(torch.zeros(2, BLOCK), 4)
    assert not dequantised(numbers, scales, BLOCK, 4).any()


def test_shards_have_a_bounded_size_and_hold_every_tensor_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stored, "SHARD_BYTES", 1000)
    tensors = {name: torch.full((200,), float(at)) for at, name in enumerate("abcd")}
    shards = Shards(tmp_path, tensors.__getitem__, "float16")
    for name in tensors:
        shards.tensor(Graph(), name)
        shards.tensor(Graph(), name)
    written = sorted(tmp_path.iterdir())
    assert [path.name for path in written] == ["weights-001.bin", "weights-002.bin"]
    assert all(path.stat().st_size <= 1000 for path in written)


def test_table_lies_in_parts_that_every_host_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Only a tensor of a graph has to stay whole."""
    monkeypatch.setattr(stored, "SHARD_BYTES", 1000)
    table = torch.arange(1200.0).view(30, 40)
    places, kind = Shards(tmp_path, lambda name: table, "int4").table("wte")
    read = [(tmp_path / place.path).read_bytes() for place in places]
    assert [len(data) for data in read] == [1000, 1000, 400]
    assert kind == "F16"
    assert np.frombuffer(b"".join(read), np.float16).tolist() == table.flatten().tolist()


@pytest.mark.parametrize("format", ["float16", "int8", "int4"])
def test_weight_is_seen_as_graphs_compute_with_it(tmp_path: Path, format: str):
    torch.manual_seed(0)
    tensors = {"layer.weight": torch.randn(6, BLOCK), "layer.bias": torch.randn(6)}
    shards = Shards(tmp_path, tensors.__getitem__, format)
    shards.linear(Graph(), "x", "layer")
    off = (shards.seen("layer.weight") - tensors["layer.weight"]).abs().max()
    assert 0 < off < {"float16": 0.002, "int8": 0.02, "int4": 0.3}[format]
    assert torch.equal(shards.seen("layer.bias"), tensors["layer.bias"].half().float())
