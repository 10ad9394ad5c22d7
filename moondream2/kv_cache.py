"""Keys and values of every position that a row has seen."""

from dataclasses import dataclass

import torch
from torch import Tensor

from moondream2.config import TextConfig


@dataclass(frozen=True)
class Prefix:
    """Keys and values of one row's first positions, each (layers, kv heads, positions, K).

    An encoded picture is such a prefix: any number of questions may start from it.
    """

    keys: Tensor
    values: Tensor

    @property
    def length(self) -> int:
        return self.keys.shape[2]

    @property
    def n_bytes(self) -> int:
        return self.keys.nbytes + self.values.nbytes


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

    keys, values: (layers, rows, kv heads, positions, K). `lengths[row]` positions are filled; what
    lies behind them is stale and must be masked.
    """

    def __init__(
        self, config: TextConfig, n_rows: int, *, device: torch.device, dtype: torch.dtype
    ) -> None:
        shape = (config.n_layers, n_rows, config.n_kv_heads, config.max_context, config.head_dim)
        self.keys = torch.zeros(shape, device=device, dtype=dtype)
        self.values = torch.zeros(shape, device=device, dtype=dtype)
        self.lengths = [0] * n_rows
        self._row_numbers = torch.arange(n_rows, device=device)[:, None]
        self.max_context = config.max_context

    @staticmethod
    def row_bytes(config: TextConfig, dtype: torch.dtype) -> int:
        """What one row takes."""
        n_values = config.n_layers * config.n_kv_heads * config.max_context * config.head_dim
        return 2 * n_values * dtype.itemsize

    def append(self, layer: int, span: Span, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write keys and values (B, kv heads, T, K) into a span.

        Returns all that the span's rows hold, as views (B, kv heads, n_keys, K): nothing is copied.
        """
        n_rows, _, n_new, _ = keys.shape
        rows = slice(span.first, span.first + n_rows)
        row_keys, row_values = self.keys[layer, rows], self.values[layer, rows]
        if span.start is not None:
            new = slice(span.start, span.start + n_new)
            row_keys[:, :, new], row_values[:, :, new] = keys, values
        else:
            places = (self._row_numbers[:n_rows], slice(None), span.positions)
            row_keys[places] = keys.transpose(1, 2)
            row_values[places] = values.transpose(1, 2)
        return row_keys[:, :, : span.n_keys], row_values[:, :, : span.n_keys]

    def save(self, row: int) -> Prefix:
        """Copy what `row` holds, so that other rows can start from it."""
        end = self.lengths[row]
        return Prefix(self.keys[:, row, :, :end].clone(), self.values[:, row, :, :end].clone())

    def restore(self, row: int, prefix: Prefix) -> None:
        """Make `row` continue after `prefix`."""
        self.keys[:, row, :, : prefix.length] = prefix.keys
        self.values[:, row, :, : prefix.length] = prefix.values
        self.lengths[row] = prefix.length
