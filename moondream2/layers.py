"""The pieces that vision, text and region share."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn


def drawn(*shape: int, std: float = 1.0) -> nn.Parameter:
    """Draw a parameter (…) for training to begin with; without memory it stays empty."""
    parameter = nn.Parameter(torch.empty(shape))
    # torch would import its compiler, for two seconds, to find out that there is nothing to draw.
    if not parameter.is_meta:
        nn.init.normal_(parameter, std=std)
    return parameter


class MLP(nn.Module):
    """Two linear layers with a tanh-approximated GELU between them."""

    def __init__(self, in_dim: int, inner_dim: int, out_dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(in_dim, inner_dim)
        self.fc2 = nn.Linear(inner_dim, out_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Turn x (…, in) into (…, out)."""
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


def mix_values(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Mix values by scaled dot products of queries and keys; returns (B, H, T, K).

    q: (B, H, T, K). k and v: (B, kv heads, keys, K); several heads of q may share one of theirs.
    mask: broadcastable to (B, H, T, keys), bool or what is added to the scores.
    """
    is_shared = q.shape[1] != k.shape[1]
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=is_shared)


Mix = Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]


class AttentionWeights(nn.Module):
    """The two projections around an attention; qkv is all query, all key, then all value heads."""

    def __init__(self, dim: int, n_heads: int, n_kv_heads: int) -> None:
        super().__init__()
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads
        self.qkv = nn.Linear(dim, (n_heads + 2 * n_kv_heads) * (dim // n_heads))
        self.proj = nn.Linear(dim, dim)
        # What mixes the values; a CPU may have a faster way.
        self.mix: Mix = mix_values

    def heads(self, x: Tensor) -> Tensor:
        """Turn (B, T, D) into all heads in one (B, H + 2 * kv heads, T, K)."""
        return rearrange(self.qkv(x), "b t (h k) -> b h t k", h=self.n_heads + 2 * self.n_kv_heads)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Turn (B, T, D) into queries (B, H, T, K), keys and values (B, kv heads, T, K)."""
        q, k, v = self.heads(x).split((self.n_heads, self.n_kv_heads, self.n_kv_heads), dim=1)
        return q, k, v

    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        """Mix values by scaled dot products and project them; returns (B, T, D).

        q, k, v and mask are those of `mix_values`: q (B, H, T, K), k and v (B, kv heads, keys, K).
        """
        return self.proj(rearrange(self.mix(q, k, v, mask), "b h t k -> b t (h k)"))
