"""How many answers run side by side follows from the memory that is left."""

import pytest
import torch

from backends import loading
from backends.loading import count_rows
from moondream2.config import Config
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
