"""The text decoder: parallel blocks, partial rotary positions, a head that names the next token."""

import torch
from torch import Tensor, nn

from moondream2.config import TextConfig
from moondream2.kv_cache import KVCache, Span
from moondream2.layers import MLP, AttentionWeights, drawn

ROTARY_BASE = 10_000.0
# Of a network that is trained from the beginning.
EMBEDDING_STD = 0.02


def rotary_table(config: TextConfig, device: torch.device | None = None) -> Tensor:
    """Cosine and sine of every position's angles, (max_context, rotary_dim / 2, 2), float32.

    Always float32: rounded angles move distant positions, so this is no buffer that a cast of the
    network would reach.
    """
    half = config.rotary_dim // 2
    frequencies = ROTARY_BASE ** (-torch.arange(half, dtype=torch.float32, device=device) / half)
    positions = torch.arange(config.max_context, dtype=torch.float32, device=device)
    angles = positions[:, None] * frequencies
    return torch.stack([angles.cos(), angles.sin()], dim=-1)


def rotate_(x: Tensor, cos_sin: Tensor) -> Tensor:
    """Turn the leading dims of each head of x (B, H, T, K) by its position's angles, in place.

    cos_sin: (B, T, rotary_dim / 2, 2). Pairs are half split on the way in, interleaved on the way
    out, as the reference writes them: scores do not care, cached keys do. A pair is one complex
    number, so that all of them are turned by one product: a GPU spends a step on starting such
    small operations, not on their numbers.
    """
    half = cos_sin.shape[-2]
    leading = x[..., : 2 * half]
    pairs = leading.unflatten(-1, (2, half)).mT
    # The cast alone would leave float32 as it lies, and complex numbers need both parts together.
    pairs = pairs.to(torch.float32, memory_format=torch.contiguous_format).contiguous()
    turned = torch.view_as_complex(pairs) * torch.view_as_complex(cos_sin).unsqueeze(1)
    leading.copy_(torch.view_as_real(turned).flatten(-2))
    return x


def visibility(positions: Tensor, n_keys: int) -> Tensor:
    """Which keys each query may see: its own and the earlier ones.

    positions: (B, T). Returns bool (B, 1, T, n_keys).
    """
    return torch.arange(n_keys, device=positions.device) <= positions[:, None, :, None]


class TextBlock(nn.Module):
    """One norm feeds attention and MLP side by side; both are added to the residual stream."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.ln = nn.LayerNorm(config.dim)
        self.attn = AttentionWeights(config.dim, config.n_heads, config.n_kv_heads)
        self.mlp = MLP(config.dim, config.ff_dim, config.dim)


class TextDecoder(nn.Module):
    """Embeds tokens, runs the blocks, names the next token."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.wte = drawn(config.vocab_size, config.dim, std=EMBEDDING_STD)
        self.blocks = nn.ModuleList(TextBlock(config) for _ in range(config.n_layers))
        self.post_ln = nn.LayerNorm(config.dim)
        self.lm_head = nn.Linear(config.dim, config.vocab_size)
        self.rotary = rotary_table(config, torch.device("cpu"))

    def embed(self, ids: Tensor) -> Tensor:
        """Look up token ids (…) as vectors (…, D)."""
        return self.wte[ids]

    def forward(
        self,
        x: Tensor,
        positions: Tensor,
        mask: Tensor | None,
        cache: KVCache | None = None,
        span: Span | None = None,
    ) -> Tensor:
        """Run the blocks over x (B, T, D) at `positions` (B, T).

        mask: bool, broadcastable to (B, 1, T, keys), True means "may see"; None sees everything.
        With a cache, keys and values are written and read at `span`; the cache's lengths are the
        caller's. Without one, keys are x's own. Returns the residual stream (B, T, D) before
        post_ln, which the region heads read raw.

        Follows `text_decoder`, vikhyat/moondream@44146f1 moondream/torch/text.py.
        """
        cos_sin = self.rotary[positions]
        if mask is not None:
            # What attention adds to the scores, once for all layers.
            mask = torch.zeros_like(mask, dtype=x.dtype).masked_fill_(~mask, -torch.inf)
        for layer, block in enumerate(self.blocks):
            assert isinstance(block, TextBlock)
            h = block.ln(x)
            heads = block.attn.heads(h)
            n_heads, n_kv_heads = self.config.n_heads, self.config.n_kv_heads
            rotate_(heads[:, : n_heads + n_kv_heads], cos_sin)
            q, kv = heads[:, :n_heads], heads[:, n_heads:]
            if cache is not None and span is not None:
                kv = cache.append(layer, span, kv)
            k, v = kv.chunk(2, dim=1)
            x = x + block.attn.attend(q, k, v, mask) + block.mlp(h)
        return x

    def logits(self, hidden: Tensor) -> Tensor:
        """Score the next token for residual streams (…, D); returns (…, V)."""
        return self.lm_head(self.post_ln(hidden))
