"""Keys and values of every position that a row has seen."""

from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from torch import Tensor

from moondream2.config import TextConfig


@dataclass(frozen=True)
class Prefix:
    """Keys and values of one row's first positions, (layers, 2 * kv heads, positions, K).

    An encoded picture is such a prefix: any number of questions may start from it.
    """

    kv: Tensor

    @property
    def length(self) -> int:
        return self.kv.shape[2]

    @property
    def n_bytes(self) -> int:
        return self.kv.nbytes


@dataclass(frozen=True)
class Span:
    """What one pass writes and reads: B neighbouring rows of a cache from `first` on.

    positions: (B, T), where it writes. n_keys: how many positions of each row it reads, from 0 on.
    start: the first position, where there is one row and the host knows it.
    """

    first: int
    positions: Tensor
    n_keys: int
    start: int | None = None


class KVCache:
    """`n_rows` independent rows of up to `max_context` positions; one thread at a time.

    kv: (layers, rows, 2 * kv heads, max_context + 1, K), the heads of keys before those of values.
    `lengths[row]` positions are filled; what lies behind them is stale and must be masked. The one
    position too many is never filled: behind the end of a full row there is room, too.
    """

    def __init__(
        self, config: TextConfig, n_rows: int, *, device: torch.device, dtype: torch.dtype
    ) -> None:
        n_heads, n_positions = 2 * config.n_kv_heads, config.max_context + 1
        shape = (config.n_layers, n_rows, n_heads, n_positions, config.head_dim)
        self.kv = _zeros(shape, device, dtype)
        self.lengths = [0] * n_rows
        self._row_numbers = torch.arange(n_rows, device=device)[:, None]
        self.max_context = config.max_context

    @staticmethod
    def row_bytes(config: TextConfig, dtype: torch.dtype) -> int:
        """What one row takes."""
        n_vectors = 2 * config.n_layers * config.n_kv_heads * (config.max_context + 1)
        return n_vectors * config.head_dim * dtype.itemsize

    def append(self, layer: int, span: Span, kv: Tensor) -> Tensor:
        """Write keys and values (B, 2 * kv heads, T, K) into a span.

        Returns all that the span's rows hold, as a view (B, 2 * kv heads, n_keys, K): nothing is
        copied.
        """
        n_rows, _, n_new, _ = kv.shape
        rows = self.kv[layer, span.first : span.first + n_rows]
        if span.start is not None:
            rows[:, :, span.start : span.start + n_new] = kv
        else:
            rows[self._row_numbers[:n_rows], :, span.positions] = kv.transpose(1, 2)
        return rows[:, :, : span.n_keys]

    def save(self, row: int) -> Prefix:
        """Copy what `row` holds, so that other rows can start from it."""
        return Prefix(self.kv[:, row, :, : self.lengths[row]].clone())

    def restore(self, row: int, prefix: Prefix) -> None:
        """Make `row` continue after `prefix`."""
        self.kv[:, row, :, : prefix.length] = prefix.kv
        self.lengths[row] = prefix.length


def _zeros(shape: tuple[int, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    """Zeros (…); on a CPU those that take memory only once they are written, unlike torch's."""
    if device.type != "cpu":
        return torch.zeros(shape, device=device, dtype=dtype)
    n_bytes = prod(shape) * dtype.itemsize
    return torch.from_numpy(np.zeros(n_bytes, np.uint8)).view(dtype).view(shape)
