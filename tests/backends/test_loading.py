"""How many answers run side by side follows from the memory that is left."""

import os

import pytest
import torch

from backends import loading
from backends.loading import count_rows
from moondream2.config import Config
from moondream2.device import free_bytes
from moondream2.kv_cache import KVCache
from moondream2.network import Network
from tests.checkpoint_folders import PARITY

CONFIG = Config.from_file(PARITY / "config.json")
ROW_BYTES = KVCache.row_bytes(CONFIG.text, torch.float32)


@pytest.mark.parametrize(
    ("free", "n_rows"),
    [(None, 4), (0, 1), (4 * ROW_BYTES - 1, 1), (12 * ROW_BYTES, 3), (4000 * ROW_BYTES, 8)],
)
def test_rows_take_a_quarter_of_free_memory(free: int | None, n_rows: int, monkeypatch):
    monkeypatch.setattr(loading, "free_bytes", lambda device: free)
    assert count_rows(Network(CONFIG)) == n_rows


def test_row_takes_what_its_cache_takes():
    cache = KVCache(CONFIG.text, 3, device=torch.device("cpu"), dtype=torch.float32)
    assert cache.kv.nbytes == 3 * ROW_BYTES


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="this system does not tell its memory")
def test_free_memory_is_some_of_what_there_is():
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    free = free_bytes(torch.device("cpu"))
    assert free is None or 0 < free < total
