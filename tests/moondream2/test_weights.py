"""A checkpoint folder becomes a network, or one sentence says which file is wrong."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from moondream2.weights import UNUSABLE, load_checkpoint


def load(folder: Path, **options: object):
    return load_checkpoint(folder, device=torch.device("cpu"), dtype=torch.float32, **options)


@pytest.fixture
def copy(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "copy"))


def rewrite(folder: Path, change: Callable[[dict], object]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def test_weights_load_with_and_without_the_published_prefix(copy: Path):
    with_prefix = load(copy)[0].state_dict()
    tensors = load_file(copy / "model.safetensors")
    plain = {name.removeprefix("model."): tensor for name, tensor in tensors.items()}
    save_file(plain, copy / "model.safetensors")
    without_prefix = load(copy)[0].state_dict()
    assert with_prefix.keys() == without_prefix.keys()
    assert all(torch.equal(with_prefix[name], without_prefix[name]) for name in with_prefix)


def test_loading_tells_its_progress_in_bytes(checkpoint: Path):
    told: list[tuple[int, int]] = []
    load(checkpoint, on_progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] <= told[-1][1]


def test_rotary_table_is_float32_in_a_network_of_any_dtype(checkpoint: Path):
    network, _ = load_checkpoint(checkpoint, device=torch.device("cpu"), dtype=torch.bfloat16)
    assert network.dtype == torch.bfloat16
    assert network.text.rotary.dtype == torch.float32


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_missing_file_is_named(name: str, copy: Path):
    (copy / name).unlink()
    with pytest.raises(UNUSABLE, match=name):
        load(copy)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_file_cut_short_is_named(name: str, copy: Path):
    whole = (copy / name).read_bytes()
    (copy / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UNUSABLE, match=name):
        load(copy)


def test_missing_and_unknown_tensors_are_listed_in_one_error(copy: Path):
    def swap(tensors: dict) -> None:
        tensors["model.text.surplus"] = tensors.pop("model.region.coord_features")

    rewrite(copy, swap)
    with pytest.raises(UNUSABLE, match=r"missing region\.coord_features; unknown text\.surplus"):
        load(copy)


def test_tensor_of_another_shape_is_named(copy: Path):
    rewrite(copy, lambda tensors: tensors.update({"model.text.post_ln.bias": torch.zeros(3)}))
    with pytest.raises(UNUSABLE, match=r"text\.post_ln\.bias has shape \(3,\)"):
        load(copy)
