"""However a CPU multiplies, the answer is the network's; how is chosen by measuring."""

import copy

import pytest
import torch
from torch import nn

from moondream2 import cpu
from moondream2.config import Config, TextConfig
from moondream2.cpu import (
    MAX_INT8_ROWS,
    MIN_PACKED_ROWS,
    MIN_QUERIES,
    Arithmetic,
    Int8Weight,
    PackedLinear,
    can_pack,
    can_quantise,
    choose_arithmetic,
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
needs_exact_int8 = pytest.mark.skipif(
    not can_quantise(), reason="products of 8-bit numbers overflow on this processor"
)
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


@needs_exact_int8
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n_rows", ROWS)
@torch.inference_mode()
def test_quantised_layers_round_little_and_each_row_for_itself(n_rows: int, dtype: torch.dtype):
    linear, x = nn.Linear(64, 48, dtype=dtype), torch.randn(n_rows, 1, 64, dtype=dtype)
    linear.weight[5] = 0
    x[0] *= 1000
    layer = PackedLinear(linear, is_quantised=True)
    for row in range(n_rows):
        assert error(layer(x)[row], linear(x)[row]) < 0.03
    if n_rows <= MAX_INT8_ROWS:
        assert torch.equal(layer(x)[-1:], layer(x[-1:]))


@pytest.mark.parametrize("is_quantised", [False, pytest.param(True, marks=needs_exact_int8)])
@torch.inference_mode()
def test_packed_network_says_what_the_plain_one_says(loaded: Loaded, is_quantised: bool):
    packed = copy.deepcopy(loaded.network)
    packed.text.rotary = loaded.network.text.rotary
    pack(packed, is_quantised=is_quantised)
    assert not [each for each in packed.modules() if type(each) is nn.Linear]
    prompt, step = loaded.prompts.query("What is on the desk?", with_picture=False), [[9]]
    picture = loaded.reference.picture("kiosk")
    logits = []
    for network in (loaded.network, packed):
        cache = network.make_cache(1)
        network.begin_with_picture(cache, 0, network.encode_picture(picture))
        network.feed(cache, [0], [prompt[1:]])
        logits.append(network.text.logits(network.feed(cache, [0], step)[0, -1]))
    assert error(*logits) < (0.05 if is_quantised else 1e-4)


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


def test_what_answers_soonest_is_chosen(monkeypatch):
    seconds = {
        Arithmetic(FP32, is_packed=False): 4,
        Arithmetic(FP32, is_packed=True): 3,
        Arithmetic(BF16, is_packed=False): 2,
        Arithmetic(BF16, is_packed=True): 1,
    }
    monkeypatch.setattr(cpu, "_answer_s", lambda config, each: seconds[each])
    monkeypatch.setattr(cpu, "can_pack", lambda dtype: True)
    monkeypatch.setattr(cpu, "can_quantise", lambda: True)
    assert choose_arithmetic(TextConfig(), None) == Arithmetic(BF16, is_packed=True)
    assert choose_arithmetic(TextConfig(), FP32) == Arithmetic(FP32, is_packed=True)
    seconds[Arithmetic(FP32, is_packed=False)] = 0
    assert choose_arithmetic(TextConfig(), None) == Arithmetic(FP32, is_packed=False)
    assert choose_arithmetic(TextConfig(), None, is_quantised=True).is_packed


@pytest.mark.parametrize(
    ("config", "tried"), [(TextConfig(), {4, 8}), (TextConfig(dim=128, ff_dim=512), {1, 8})]
)
def test_fastest_number_of_threads_is_chosen(config: TextConfig, tried: set[int], monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    monkeypatch.setattr(torch, "set_num_threads", lambda n: None)
    monkeypatch.setattr(cpu, "_answer_s", lambda config, each: seconds[each.n_threads])
    for fastest in tried:
        seconds = {n: n != fastest for n in tried}
        assert choose_arithmetic(config, FP32).n_threads == fastest


def test_what_this_processor_cannot_multiply_is_not_tried(monkeypatch):
    """A start on a CPU without AVX-512 broke off: oneDNN refuses to pack bfloat16 there."""
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    tried = []
    monkeypatch.setattr(cpu, "_answer_s", lambda config, each: tried.append(each) or len(tried))
    choose_arithmetic(TextConfig(), None)
    assert {(each.dtype, each.is_packed) for each in tried} == {
        (FP32, False),
        (FP32, True),
        (BF16, False),
    }


def test_products_that_overflow_are_noticed_and_nothing_is_quantised(monkeypatch):
    """Without VNNI a row of ones times a row of ones was 0.5 instead of 64."""
    monkeypatch.setattr(Int8Weight, "multiply", lambda weight, x: torch.tensor([[0.5059]]))
    assert not can_quantise()
    assert not choose_arithmetic(TextConfig(), FP32, is_quantised=True).is_packed


def test_products_of_8_bits_are_probed_only_where_they_are_asked_for(monkeypatch):
    """Every start on a CPU probed them, twice."""
    probed: list[bool] = []
    monkeypatch.setattr(cpu, "can_quantise", lambda: not probed.append(True))
    monkeypatch.setattr(cpu, "_answer_s", lambda config, each: 1)
    choose_arithmetic(TextConfig(), None)
    assert probed == []
    choose_arithmetic(TextConfig(), None, is_quantised=True)
    assert probed == [True]


def test_measurement_is_real_and_a_small_network_stays_exact():
    half = Config().text.dim // 2
    assert choose_arithmetic(TextConfig(dim=half, ff_dim=2 * half), None).dtype in (FP32, BF16)
    assert choose_arithmetic(TextConfig(dim=128, ff_dim=512), None).dtype is FP32
