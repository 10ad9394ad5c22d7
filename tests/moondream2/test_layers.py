"""The shared pieces compute what their names say, by formulas written out here."""

import math

import torch
from torch import Tensor

from moondream2.layers import MLP, AttentionWeights, mix_values

N_HEADS, N_KV_HEADS, HEAD_DIM = 6, 2, 8
N_QUERIES, N_KEYS = 5, 7
Q = torch.randn(2, N_HEADS, N_QUERIES, HEAD_DIM)
K, V = torch.randn(2, 2, N_KV_HEADS, N_KEYS, HEAD_DIM)
# Every query may see two keys of three.
MASK = (torch.arange(N_QUERIES)[:, None] + torch.arange(N_KEYS)) % 3 != 0


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax of scaled scores, each head with keys and values of its own."""
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return scores.softmax(dim=-1) @ v


def test_heads_that_share_keys_and_values_mix_as_if_each_had_a_copy():
    """Neighbours share: query head i uses key head i // 3, not i % 2."""
    k, v = (each.repeat_interleave(N_HEADS // N_KV_HEADS, dim=1) for each in (K, V))
    for mask in (None, MASK):
        mixed = mix_values(Q, K, V, mask)
        assert torch.allclose(mixed, attention(Q, k, v, mask), atol=1e-5)


def test_query_is_not_changed_by_what_it_may_not_see():
    hidden = ~MASK[3]
    v = V.clone()
    v[0, :, hidden] = 100
    before, after = (mix_values(Q, K, each, MASK)[0, :, 3] for each in (V, v))
    assert torch.equal(before, after)


def test_attention_splits_into_all_query_then_all_key_then_all_value_heads():
    dim = N_HEADS * HEAD_DIM
    weights, x = AttentionWeights(dim, N_HEADS, N_KV_HEADS), torch.randn(2, N_QUERIES, dim)
    flat = weights.qkv(x)
    split, first = weights.split(x), 0
    for heads, n_heads in zip(split, (N_HEADS, N_KV_HEADS, N_KV_HEADS), strict=True):
        for head in range(n_heads):
            assert torch.equal(heads[:, head], flat[..., first : first + HEAD_DIM])
            first += HEAD_DIM
    assert first == flat.shape[-1]


def test_attention_projects_its_heads_side_by_side():
    dim = N_HEADS * HEAD_DIM
    weights = AttentionWeights(dim, N_HEADS, N_KV_HEADS)
    mixed = mix_values(Q, K, V, MASK)
    side_by_side = torch.cat([mixed[:, head] for head in range(N_HEADS)], dim=-1)
    assert torch.allclose(weights.attend(Q, K, V, MASK), weights.proj(side_by_side), atol=1e-5)


def test_mlp_uses_the_approximated_gelu():
    """The exact one is off by up to 5e-4, which bfloat16 hides and float32 shows."""
    mlp, x = MLP(1, 1, 1), torch.linspace(-4, 4, 101)[:, None]
    for linear in (mlp.fc1, mlp.fc2):
        torch.nn.init.ones_(linear.weight)
        torch.nn.init.zeros_(linear.bias)
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    assert torch.allclose(mlp(x), x / 2 * (1 + inner.tanh()), atol=1e-5)
