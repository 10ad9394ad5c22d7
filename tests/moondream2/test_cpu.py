"""However a CPU multiplies, the answer is the network's; how follows from the processor."""

import copy
import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from moondream2 import cpu
from moondream2.config import TextConfig
from moondream2.cpu import (
    MAX_INT8_ROWS,
    MIN_PACKED_ROWS,
    MIN_QUERIES,
    Arithmetic,
    CannotQuantise,
    Int8Weight,
    OneDnnInt8,
    PackedLinear,
    ReducedInt8,
    can_pack,
    choose_arithmetic,
    choose_int8,
    mix_by_head,
    pack,
)
from moondream2.layers import MLP, mix_values
from tests.moondream2.conftest import Loaded

ROWS = [1, 2, MIN_PACKED_ROWS - 1, MIN_PACKED_ROWS, MAX_INT8_ROWS + 1]
FP32, BF16 = torch.float32, torch.bfloat16

pytestmark = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="this build of torch has no oneDNN"
)
NO_BF16 = "oneDNN multiplies no bfloat16 on this processor"
# What multiplies 8-bit numbers rightly here.
INT8 = [kind for kind in (OneDnnInt8, ReducedInt8) if cpu._is_exact(kind)]
FLOATS = [FP32, pytest.param(BF16, marks=pytest.mark.skipif(not can_pack(BF16), reason=NO_BF16))]


def error(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return float((ours - theirs).float().abs().max() / theirs.float().abs().max())


@pytest.mark.parametrize("n_rows", ROWS)
@pytest.mark.parametrize("is_small", [True, False])
@torch.inference_mode()
def test_packed_layers_multiply_as_plain_ones(n_rows: int, is_small: bool, monkeypatch):
    monkeypatch.setattr(cpu, "SMALL_WEIGHT", 2**20 if is_small else 0)
    mlp, x = MLP(48, 96, 32), torch.randn(2, n_rows, 48)
    assert error(cpu.PackedMLP(mlp)(x), mlp(x)) < 1e-5


@pytest.mark.parametrize("kind", INT8)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n_rows", ROWS)
@torch.inference_mode()
def test_quantised_layers_round_little_and_each_row_for_itself(
    n_rows: int, dtype: torch.dtype, kind: type[Int8Weight], monkeypatch
):
    monkeypatch.setattr(cpu, "choose_int8", lambda: kind)
    linear, x = nn.Linear(64, 48, dtype=dtype), torch.randn(n_rows, 1, 64, dtype=dtype)
    linear.weight[5] = 0
    x[0] *= 1000
    layer = PackedLinear(linear, is_quantised=True)
    for row in range(n_rows):
        assert error(layer(x)[row], linear(x)[row]) < (0.03 if kind is OneDnnInt8 else 0.04)
    if n_rows <= MAX_INT8_ROWS:
        assert torch.equal(layer(x)[-1:], layer(x[-1:]))


@pytest.mark.parametrize("kind", [None, *INT8])
@torch.inference_mode()
def test_packed_network_says_what_the_plain_one_says(
    loaded: Loaded, kind: type[Int8Weight] | None, monkeypatch
):
    monkeypatch.setattr(cpu, "choose_int8", lambda: kind)
    packed = copy.deepcopy(loaded.network)
    packed.text.rotary = loaded.network.text.rotary
    pack(packed, is_quantised=kind is not None)
    assert not [each for each in packed.modules() if type(each) is nn.Linear]
    prompt, step = loaded.prompts.query("What is on the desk?", with_picture=False), [[9]]
    picture = loaded.reference.picture("kiosk")
    logits = []
    for network in (loaded.network, packed):
        cache = network.make_cache(1)
        network.begin_with_picture(cache, 0, network.encode_picture(picture))
        network.feed(cache, [0], [prompt[1:]])
        logits.append(network.text.logits(network.feed(cache, [0], step)[0, -1]))
    assert error(*logits) < {None: 1e-4, OneDnnInt8: 0.05, ReducedInt8: 0.08}[kind]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n_kv_heads", [4, 2])
@pytest.mark.parametrize("n_queries", [MIN_QUERIES - 1, MIN_QUERIES + 5])
def test_heads_mixed_one_by_one_are_mixed_as_together(
    n_queries: int, n_kv_heads: int, dtype: torch.dtype
):
    # As attention gets them: views of what one product made of all heads.
    heads = torch.randn(2, n_queries, 4 + 2 * n_kv_heads, 24, dtype=dtype).transpose(1, 2)
    q, k, v = heads.split((4, n_kv_heads, n_kv_heads), dim=1)
    together = mix_values(q.float(), k.float(), v.float(), None)
    assert mix_by_head(q, k, v, None).dtype is dtype
    assert error(mix_by_head(q, k, v, None).float(), together) < (0.01 if dtype is BF16 else 1e-5)


@pytest.mark.parametrize(
    ("has_bf16", "has_fast_mkl", "chosen"),
    [
        (True, True, Arithmetic(BF16, is_packed=True, n_threads=8)),
        (False, False, Arithmetic(FP32, is_packed=True, n_threads=8)),
        (False, True, Arithmetic(FP32, is_packed=False, n_threads=8)),
    ],
)
def test_arithmetic_follows_from_the_processor(
    has_bf16: bool, has_fast_mkl: bool, chosen: Arithmetic, monkeypatch
):
    """It was measured, and a busy computer once chose another than an idle one."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    monkeypatch.setattr(cpu, "has_bfloat16", lambda: has_bf16)
    monkeypatch.setattr(cpu, "has_fast_mkl", lambda: has_fast_mkl)
    monkeypatch.setattr(cpu, "can_pack", lambda dtype: dtype is not torch.float16)
    assert choose_arithmetic(TextConfig(), None) == chosen
    assert choose_arithmetic(TextConfig(), torch.float16) == Arithmetic(torch.float16, False, 8)
    assert choose_arithmetic(TextConfig(), None, is_quantised=True).is_packed
    small = TextConfig(dim=128, ff_dim=512)
    assert choose_arithmetic(small, None) == Arithmetic(FP32, is_packed=True, n_threads=1)


def test_what_this_processor_cannot_multiply_is_not_chosen(monkeypatch):
    """A start on a CPU without AVX-512 broke off: oneDNN refuses to pack bfloat16 there."""
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    assert choose_arithmetic(TextConfig(), None).dtype is FP32
    assert not choose_arithmetic(TextConfig(), BF16).is_packed


# A process of its own, since oneDNN looks at the processor once.
MULTIPLY = """
import torch
from moondream2.cpu import choose_int8
wide = [torch.randn(64, 256, generator=torch.manual_seed(seed)) ** 5 for seed in (0, 1)]
ours, theirs = choose_int8()(wide[0]).multiply(wide[1]), wide[1] @ wide[0].T
print(choose_int8().__name__, float((ours - theirs).norm() / theirs.norm()))
"""


@pytest.mark.skipif(ReducedInt8 not in INT8, reason="torch has no such layer on this processor")
def test_products_of_8_bits_are_right_on_a_processor_without_vnni():
    """A row of ones times a row of ones was 0.5 instead of 64, wide weights were off by a fifth."""
    limited = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"}
    run = [sys.executable, "-c", MULTIPLY]
    done = subprocess.run(run, env=limited, capture_output=True, text=True, check=True)
    kind, off_by = done.stdout.split()
    assert kind == "ReducedInt8"
    assert float(off_by) < 0.04


def test_nothing_is_quantised_where_nothing_multiplies_8_bits_rightly(monkeypatch):
    monkeypatch.setattr(Int8Weight, "multiply", lambda weight, x: torch.tensor([[0.5059]]))
    choose_int8.cache_clear()
    try:
        assert choose_int8() is None
        assert not choose_arithmetic(TextConfig(), FP32, is_quantised=True).is_packed
        with pytest.raises(CannotQuantise):
            PackedLinear(nn.Linear(4, 4), is_quantised=True)
    finally:
        choose_int8.cache_clear()


def test_products_of_8_bits_are_probed_only_where_they_are_asked_for(monkeypatch):
    """Every start on a CPU probed them, twice."""
    probed: list[bool] = []
    monkeypatch.setattr(cpu, "choose_int8", lambda: probed.append(True))
    choose_arithmetic(TextConfig(), None)
    assert probed == []
    choose_arithmetic(TextConfig(), None, is_quantised=True)
    assert probed == [True]
