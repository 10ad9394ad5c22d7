"""A checkpoint folder becomes a network, or one sentence says which file is wrong."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bench.make_checkpoint import write_checkpoint
from moondream2.config import Config
from moondream2.weights import UNUSABLE, load_checkpoint
from tests.checkpoint_folders import PARITY

ROOT = Path(__file__).parents[2]


def load(folder: Path, **options: object):
    return load_checkpoint(folder, device=torch.device("cpu"), dtype=torch.float32, **options)


@pytest.fixture
def copy(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "copy"))


def rewrite(folder: Path, change: Callable[[dict], object]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def older_name(name: str) -> str:
    """A published name in the older layout, written independently of the code that reads it."""
    if name == "text.wte":
        return "text_model.transformer.embd.wte.weight"
    for old, new in {
        r"text_model.transformer.h.\1.mixer.Wqkv.": r"text\.blocks\.(\d+)\.attn\.qkv\.",
        r"text_model.transformer.h.\1.mixer.out_proj.": r"text\.blocks\.(\d+)\.attn\.proj\.",
        r"text_model.transformer.h.\1.": r"text\.blocks\.(\d+)\.",
        "text_model.lm_head.ln.": r"text\.post_ln\.",
        "text_model.lm_head.linear.": r"text\.lm_head\.",
        r"vision_encoder.encoder.model.visual.blocks.\1.norm\2.": (
            r"vision\.blocks\.(\d+)\.ln(\d)\."
        ),
        "vision_encoder.encoder.model.visual.blocks.": r"vision\.blocks\.",
        "vision_encoder.encoder.model.visual.patch_embed.linear.": r"vision\.patch_emb\.",
        "vision_encoder.encoder.model.visual.pos_embed": r"vision\.pos_emb",
        "vision_encoder.encoder.model.visual.norm.": r"vision\.post_ln\.",
        "vision_encoder.projection.mlp.": r"vision\.proj_mlp\.",
        r"region_model.coordinate_\1.": r"region\.coord_(encoder|decoder)\.",
        r"region_model.\1.": r"region\.(size_encoder|size_decoder)\.",
        "region_model.coordinate_features.weight": r"region\.coord_features",
        "region_model.size_features.weight": r"region\.size_features",
    }.items():
        if re.match(new, name):
            return re.sub(new, old, name)
    raise AssertionError(name)


@pytest.mark.parametrize("suffix", ["", "._orig_mod"])
def test_older_layout_loads_as_the_published_one(suffix: str, copy: Path):
    published = load(copy)[0].state_dict()
    older = {}
    for name, tensor in load_file(copy / "model.safetensors").items():
        old = older_name(name.removeprefix("model."))
        turned = tensor.T.contiguous() if "features" in name else tensor
        older[old.replace(".blocks.", f"{suffix}.blocks.")] = turned
    save_file(older, copy / "model.safetensors")
    loaded = load(copy)[0].state_dict()
    assert all(torch.equal(loaded[name], published[name]) for name in published)


def test_tensor_stored_twice_is_named(copy: Path):
    rewrite(copy, lambda t: t.update({"text.post_ln.bias": t["model.text.post_ln.bias"].clone()}))
    with pytest.raises(UNUSABLE, match=r"twice text\.post_ln\.bias"):
        load(copy)


def caches(tensors: dict) -> dict:
    """What the reference keeps beside its weights, as a fine-tune saves it that is saved whole."""
    text = Config.from_file(PARITY / "config.json").text
    shape = (1, text.n_kv_heads, text.max_context, text.head_dim)
    return {
        **{
            f"model.text.blocks.{i}.kv_cache.{kind}_cache": torch.zeros(shape, dtype=torch.bfloat16)
            for i in range(text.n_layers)
            for kind in "kv"
        },
        "model.attn_mask": torch.ones(1, 1, 9, 9, dtype=torch.bool),
        "model.text.freqs_cis": torch.zeros(9, 4, 2),
        "_input_embeddings.weight": tensors["model.text.wte"].clone(),
    }


def in_older_layout(tensors: dict) -> dict:
    return {
        f"text_model.transformer.h.{i}.kv_cache.{kind}_cache": torch.zeros(2)
        for i in range(2)
        for kind in "kv"
    } | {"text_model.freqs_cis": torch.zeros(2), "text_model.attn_mask": torch.zeros(2)}


def without_prefix(tensors: dict) -> dict:
    return {name.removeprefix("model."): tensor for name, tensor in caches(tensors).items()}


def of_a_compiled_model(tensors: dict) -> dict:
    return {f"_orig_mod.{name}": tensor for name, tensor in caches(tensors).items()}


@pytest.mark.parametrize("surplus", [caches, in_older_layout, without_prefix, of_a_compiled_model])
def test_caches_of_a_fine_tune_that_was_saved_whole_are_left_out(surplus: Callable, copy: Path):
    """640 tensors instead of 592: its own keys and values had been saved with the weights."""
    published = load(copy)[0].state_dict()
    rewrite(copy, lambda tensors: tensors.update(surplus(tensors)))
    loaded = load(copy)[0].state_dict()
    assert loaded.keys() == published.keys()
    assert all(torch.equal(loaded[name], published[name]) for name in published)


def test_words_matrix_is_found_under_the_name_of_its_copy(copy: Path):
    """Of two names for the same numbers, safetensors keeps the first in the alphabet."""
    published = load(copy)[0].text.wte
    rewrite(
        copy,
        lambda tensors: tensors.update({"_input_embeddings.weight": tensors.pop("model.text.wte")}),
    )
    assert torch.equal(load(copy)[0].text.wte, published)


@pytest.mark.parametrize(
    "name",
    [
        "model.text.blocks.0.kv_cache.k_cache.extra",
        "model.text.blocks.0.kv_cache.q_cache",
        "model.text.blocks.x.kv_cache.k_cache",
        "model.vision.blocks.0.kv_cache.k_cache",
        "kv_cache",
        "model.text.blocks.0.attn_mask",
        "model.region.freqs_cis",
        "attn_mask.weight",
        "_input_embeddings.bias",
        "model.text._input_embeddings.weight",
    ],
)
def test_surplus_that_only_resembles_a_cache_is_refused(name: str, copy: Path):
    rewrite(copy, lambda tensors: tensors.update({name: torch.zeros(2)}))
    with pytest.raises(UNUSABLE, match=rf"unknown {re.escape(name)}\.$"):
        load(copy)


def quantised(tensors: dict) -> None:
    for name in [name for name in tensors if ".attn.qkv.weight" in name and ".text." in name]:
        del tensors[name]
        tensors[f"{name}.packed"] = torch.zeros(4, 128, dtype=torch.uint8)
        tensors[f"{name}.scale"] = tensors[f"{name}.zero_point"] = torch.zeros(8, 1)


def test_4_bit_weights_are_refused_in_a_sentence_of_their_own(copy: Path):
    def change(tensors: dict) -> None:
        quantised(tensors)
        for name in [name for name in tensors if name.endswith(".zero_point")]:
            tensors[name] = tensors[name].clone()

    rewrite(copy, change)
    with pytest.raises(UNUSABLE, match=r"holds 4-bit weights\. Only moondream2 in bfloat16"):
        load(copy)


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.uint8])
def test_weights_of_8_bits_are_named(dtype: torch.dtype, copy: Path):
    def squeeze(tensors: dict) -> None:
        tensors["model.text.lm_head.weight"] = tensors["model.text.lm_head.weight"].to(dtype)

    rewrite(copy, squeeze)
    with pytest.raises(
        UNUSABLE, match=r"lm_head\.weight holds torch\.\w+, not floating point of 16"
    ):
        load(copy)


@pytest.mark.parametrize(
    ("vanish", "said"),
    [
        (lambda path: path.unlink(), "model.safetensors is not there any more"),
        (lambda path: os.truncate(path, 5000), "model.safetensors is damaged or cut short"),
    ],
    ids=["deleted", "cut"],
)
def test_weights_that_vanish_while_they_are_read_are_told(
    vanish: Callable[[Path], None], said: str, copy: Path
):
    """A memory card that is pulled out: in a mapped file that would end the process."""
    is_there = [True]

    def on_read(done: int, total: int) -> None:
        if is_there.pop():
            vanish(copy / "model.safetensors")
        is_there.append(False)

    with pytest.raises(UNUSABLE, match=said):
        load(copy, on_read=on_read)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_named(value: float, copy: Path):
    rewrite(copy, lambda tensors: tensors["model.text.wte"][3].fill_(value))
    with pytest.raises(UNUSABLE, match=r"text\.wte holds numbers that are not finite"):
        load(copy)


def test_weights_of_whole_numbers_are_named(copy: Path):
    def round_off(tensors: dict) -> None:
        tensors["model.text.wte"] = tensors["model.text.wte"].to(torch.int32)

    rewrite(copy, round_off)
    with pytest.raises(UNUSABLE, match=r"text\.wte holds torch\.int32"):
        load(copy)


def test_pickle_instead_of_safetensors_is_refused_unread(copy: Path):
    (copy / "model.safetensors").unlink()
    (copy / "pytorch_model.bin").write_bytes(b"never read")
    with pytest.raises(UNUSABLE, match="pickle"):
        load(copy)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_weights_take_the_dtype_that_was_chosen(dtype: torch.dtype, checkpoint: Path):
    network, _ = load_checkpoint(checkpoint, device=torch.device("cpu"), dtype=dtype)
    assert {parameter.dtype for parameter in network.parameters()} == {dtype}


def test_written_checkpoint_of_random_weights_loads(checkpoint: Path, tmp_path: Path):
    config = Config.from_file(checkpoint / "config.json")
    write_checkpoint(tmp_path / "random", config, torch.bfloat16)
    network, tokenizer = load(tmp_path / "random")
    assert network.config == config
    assert tokenizer.decode(tokenizer.encode("any text: 灯")) == "any text: 灯"


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
    load(checkpoint, on_read=lambda done, total: told.append((done, total)))
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
    with pytest.raises(
        UNUSABLE, match=r"missing region\.coord_features; unknown model\.text\.surplus"
    ):
        load(copy)


def test_tensor_of_another_shape_is_named(copy: Path):
    rewrite(copy, lambda tensors: tensors.update({"model.text.post_ln.bias": torch.zeros(3)}))
    with pytest.raises(UNUSABLE, match=r"text\.post_ln\.bias has shape \(3,\)"):
        load(copy)


def test_loading_does_not_bring_in_the_compiler(checkpoint: Path):
    """It takes two seconds to import; a network without memory drew numbers with it."""
    story = f"""
import sys, torch
from pathlib import Path
from moondream2.weights import load_checkpoint
load_checkpoint(Path({str(checkpoint)!r}), device=torch.device("cpu"), dtype=torch.float32)
sys.exit(bool({"torch._dynamo", "sympy"} & sys.modules.keys()))
"""
    assert subprocess.run([sys.executable, "-c", story], cwd=ROOT, check=False).returncode == 0
