"""The decoder knows a position by its angle, sees what it may see, and names the next token."""

import pytest
import torch

from moondream2.config import TextConfig
from moondream2.kv_cache import KVCache, Span
from moondream2.text import TextDecoder, rotary_table, rotate_, visibility

CONFIG = TextConfig(
    dim=64, ff_dim=48, n_layers=2, vocab_size=50, max_context=40, n_heads=4, n_kv_heads=2
)
TABLE = rotary_table(CONFIG)
T = 6
X = torch.randn(2, T, CONFIG.dim)
POSITIONS = torch.arange(T).expand(2, T)


@pytest.fixture(scope="module")
def decoder() -> TextDecoder:
    return TextDecoder(CONFIG).requires_grad_(False)


def rotated(x: torch.Tensor, position: int) -> torch.Tensor:
    """One head's vector at one position."""
    return rotate_(x.clone()[None, None, None], TABLE[None, position, None])[0, 0, 0]


def test_angles_of_distant_positions_are_those_of_exact_arithmetic():
    table = rotary_table(TextConfig(max_context=4096))
    position, half = 4095, 16
    exact = torch.tensor([position * 10_000.0 ** (-i / half) for i in range(half)]).double()
    expected = torch.stack([exact.cos(), exact.sin()], dim=-1).float()
    assert torch.allclose(table[position], expected, atol=1e-3)


def test_position_leaves_the_trailing_dims_of_a_head_alone_and_turns_all_leading_ones():
    x = torch.randn(CONFIG.head_dim)
    turned = rotated(x, 7)
    assert torch.equal(turned[CONFIG.rotary_dim :], x[CONFIG.rotary_dim :])
    assert turned[: CONFIG.rotary_dim].norm() == pytest.approx(x[: CONFIG.rotary_dim].norm())


def test_pairs_are_half_split_on_the_way_in_and_interleaved_on_the_way_out():
    x = torch.arange(CONFIG.head_dim, dtype=torch.float32)
    half = CONFIG.rotary_dim // 2
    pairs = torch.stack([x[:half], x[half : 2 * half]], dim=-1)
    assert torch.equal(rotated(x, 0)[: 2 * half], pairs.flatten())


@pytest.mark.parametrize(("query_at", "key_at"), [(5, 3), (30, 28), (39, 37)])
def test_score_depends_on_the_distance_of_two_positions_alone(query_at: int, key_at: int):
    query, key = torch.randn(2, CONFIG.head_dim)
    score = rotated(query, query_at) @ rotated(key, key_at)
    assert score.item() == pytest.approx((rotated(query, 2) @ rotated(key, 0)).item(), abs=1e-4)


def test_positions_in_bfloat16_are_rounded_once_at_the_end():
    x = torch.randn(2, 4, T, CONFIG.head_dim, dtype=torch.bfloat16)
    exact = rotate_(x.float(), TABLE[POSITIONS])
    assert torch.equal(rotate_(x.clone(), TABLE[POSITIONS]), exact.to(torch.bfloat16))


def test_text_sees_itself_and_what_came_before():
    mask = visibility(torch.tensor([[1, 2, 3]]), n_keys=5)[0, 0]
    assert mask.int().tolist() == [[1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0]]


def test_each_row_sees_as_far_as_it_is_long():
    mask = visibility(torch.tensor([[2], [0]]), n_keys=4)[:, 0]
    assert mask.int().tolist() == [[[1, 1, 1, 0]], [[1, 0, 0, 0]]]


def test_position_is_not_changed_by_a_later_one_and_is_by_an_earlier_one(decoder: TextDecoder):
    mask = visibility(POSITIONS, T)
    before = decoder(X, POSITIONS, mask)
    changed = X.clone()
    changed[:, 3].neg_()
    after = decoder(changed, POSITIONS, mask)
    assert torch.equal(after[:, :3], before[:, :3])
    assert not torch.isclose(after[:, 4:], before[:, 4:]).all(dim=-1).any()


def test_without_a_mask_every_position_sees_every_other(decoder: TextDecoder):
    everything = torch.ones(2, 1, T, T, dtype=torch.bool)
    seen = decoder(X, POSITIONS, everything)
    assert torch.allclose(decoder(X, POSITIONS, None), seen, atol=1e-5)


def test_decoder_computes_with_a_cache_what_it_computes_without(decoder: TextDecoder):
    """Without one it is trained, with one it answers."""
    cache = KVCache(CONFIG, 2, device=X.device, dtype=X.dtype)
    cache.kv.fill_(torch.nan)
    mask = visibility(POSITIONS, T)
    cached = decoder(X, POSITIONS, mask, cache, Span(0, POSITIONS, T))
    assert torch.allclose(cached, decoder(X, POSITIONS, mask), atol=1e-5)


def test_next_token_does_not_depend_on_how_long_the_residual_stream_is(decoder: TextDecoder):
    """Every block adds to the stream; a norm stands between it and the vocabulary."""
    hidden = torch.randn(2, T, CONFIG.dim)
    logits = decoder.logits(hidden)
    assert logits.shape == (2, T, CONFIG.vocab_size)
    assert torch.allclose(decoder.logits(10 * hidden), logits, atol=1e-4)


def test_embedding_of_an_id_is_its_row(decoder: TextDecoder):
    assert torch.equal(decoder.embed(torch.tensor([[3, 49], [0, 3]]))[1, 1], decoder.wte[3])
