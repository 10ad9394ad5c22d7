"""Rows of a cache know nothing of each other, and a prefix goes from one to the next unchanged."""

import pytest
import torch
from torch import Tensor

from moondream2.config import TextConfig
from moondream2.device import used_bytes
from moondream2.kv_cache import KVCache, Span

CPU = torch.device("cpu")
CONFIG = TextConfig(dim=32, n_layers=2, n_heads=4, n_kv_heads=2, max_context=12)
N_ROWS, N_KV, HEAD_DIM = 4, 2 * CONFIG.n_kv_heads, CONFIG.head_dim


def make_cache(lengths: list[int]) -> KVCache:
    """A cache in which every number differs, those behind the rows' ends too."""
    cache = KVCache(CONFIG, len(lengths), device=CPU, dtype=torch.float32)
    cache.kv.copy_(torch.arange(cache.kv.numel()).view(cache.kv.shape))
    cache.lengths[:] = lengths
    return cache


def noise(n_rows: int, n_new: int) -> Tensor:
    return -torch.rand(n_rows, N_KV, n_new, HEAD_DIM)


def test_new_rows_are_empty():
    cache = KVCache(CONFIG, N_ROWS, device=CPU, dtype=torch.bfloat16)
    assert cache.lengths == [0] * N_ROWS
    assert (cache.kv.dtype, cache.kv.count_nonzero()) == (torch.bfloat16, 0)


def test_row_takes_what_its_cache_takes():
    cache = KVCache(CONFIG, 3, device=CPU, dtype=torch.float32)
    assert cache.kv.nbytes == 3 * KVCache.row_bytes(CONFIG, torch.float32)


@pytest.mark.skipif(used_bytes(CPU) is None, reason="this system does not tell its memory")
def test_rows_take_memory_only_once_they_are_written():
    config = TextConfig(dim=512, n_heads=8, n_kv_heads=8, n_layers=8, max_context=2047)
    n_rows = 2**28 // KVCache.row_bytes(config, torch.float32)
    before = used_bytes(CPU)
    cache = KVCache(config, n_rows, device=CPU, dtype=torch.float32)
    unwritten = used_bytes(CPU)
    cache.kv[:, 0] = 1
    written = used_bytes(CPU)
    row_bytes = cache.kv.nbytes // n_rows
    assert unwritten - before < row_bytes / 2 < written - unwritten < 2 * row_bytes


@pytest.mark.parametrize("start", [None, 5])
def test_append_writes_its_span_of_one_layer_and_nothing_else(start: int | None):
    cache = make_cache([0, 5, 0, 0])
    expected, new = cache.kv.clone(), noise(1, 3)
    expected[1, 1, :, 5:8] = new[0]
    cache.append(1, Span(1, torch.tensor([[5, 6, 7]]), 8, start), new)
    assert torch.equal(cache.kv, expected)


def test_append_writes_each_row_where_it_ends():
    cache = make_cache([0, 3, 7, 0])
    expected, new = cache.kv.clone(), noise(2, 1)
    expected[0, 1, :, 3], expected[0, 2, :, 7] = new[0, :, 0], new[1, :, 0]
    cache.append(0, Span(1, torch.tensor([[3], [7]]), 8), new)
    assert torch.equal(cache.kv, expected)


def test_append_returns_what_its_rows_hold_where_it_lies():
    cache = make_cache([0, 3, 7, 0])
    held = cache.append(1, Span(1, torch.tensor([[3], [7]]), 8), noise(2, 1))
    assert torch.equal(held, cache.kv[1, 1:3, :, :8])
    assert held.data_ptr() == cache.kv[1, 1].data_ptr()


def test_full_row_that_takes_no_part_may_be_written_behind_its_end():
    full = CONFIG.max_context
    cache = make_cache([full, 2])
    before = cache.kv[:, 0, :, :full].clone()
    cache.append(0, Span(0, torch.tensor([[full], [2]]), 3), noise(2, 1))
    assert torch.equal(cache.kv[:, 0, :, :full], before)


def test_prefix_is_what_the_row_holds_of_all_layers():
    cache = make_cache([0, 0, 5, 0])
    prefix = cache.save(2)
    assert torch.equal(prefix.kv, cache.kv[:, 2, :, :5])
    assert (prefix.length, prefix.n_bytes) == (5, CONFIG.n_layers * N_KV * 5 * HEAD_DIM * 4)


def test_saved_prefix_stays_when_its_row_goes_on():
    cache = make_cache([0, 0, 5, 0])
    prefix = cache.save(2)
    before = prefix.kv.clone()
    cache.kv.zero_()
    assert torch.equal(prefix.kv, before)


@pytest.mark.parametrize("length", [0, 5, 9], ids=["empty", "as long", "longer"])
def test_row_continues_after_the_prefix_whatever_it_held_and_no_other_is_touched(length: int):
    source = make_cache([5])
    prefix = source.save(0)
    cache = make_cache([1, length, 3])
    expected = cache.kv.clone()
    expected[:, 1, :, :5] = source.kv[:, 0, :, :5]
    cache.restore(1, prefix)
    assert torch.equal(cache.kv, expected)
    assert cache.lengths == [1, 5, 3]
