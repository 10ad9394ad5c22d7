"""What was looked at stays within its bytes."""

import torch

from engine.prefix_cache import PrefixCache
from moondream2.kv_cache import Prefix

PREFIX = Prefix(torch.zeros(1, 2, 4, 2))


def test_longest_unused_prefix_goes_first():
    cache = PrefixCache(2 * PREFIX.n_bytes)
    cache.keep(b"a", PREFIX)
    cache.keep(b"b", PREFIX)
    cache.find(b"a")
    cache.keep(b"c", PREFIX)
    assert [cache.find(key) is PREFIX for key in (b"a", b"b", b"c")] == [True, False, True]


def test_cache_never_holds_more_than_its_bytes():
    cache = PrefixCache(3 * PREFIX.n_bytes)
    for number in range(20):
        cache.keep(bytes([number]), PREFIX)
        assert cache.n_bytes <= 3 * PREFIX.n_bytes


def test_prefix_larger_than_everything_is_not_held():
    cache = PrefixCache(PREFIX.n_bytes - 1)
    cache.keep(b"a", PREFIX)
    assert cache.find(b"a") is None
    assert cache.n_bytes == 0


def test_cleared_cache_is_empty():
    cache = PrefixCache(PREFIX.n_bytes)
    cache.keep(b"a", PREFIX)
    cache.clear()
    assert cache.find(b"a") is None
    assert cache.n_bytes == 0
