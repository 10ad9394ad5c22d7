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
        self.max_context = config.max_context

    def append(
        self, layer: int, rows: Tensor, positions: Tensor, keys: Tensor, values: Tensor, end: int
    ) -> tuple[Tensor, Tensor]:
        """Write keys and values (B, kv heads, T, K) at `positions` (B, T) of `rows` (B).

        Returns all keys and values of those rows up to `end`, each (B, kv heads, end, K).
        """
        places = (rows[:, None], slice(None), positions)
        self.keys[layer][places] = keys.transpose(1, 2)
        self.values[layer][places] = values.transpose(1, 2)
        if len(rows) == 1:
            row = int(rows[0])
            return self.keys[layer, row : row + 1, :, :end], self.values[
                layer, row : row + 1, :, :end
            ]
        return self.keys[layer, rows, :, :end], self.values[layer, rows, :, :end]

    def save(self, row: int) -> Prefix:
        """Copy what `row` holds, so that other rows can start from it."""
        end = self.lengths[row]
        return Prefix(self.keys[:, row, :, :end].clone(), self.values[:, row, :, :end].clone())

    def restore(self, row: int, prefix: Prefix) -> None:
        """Make `row` continue after `prefix`."""
        self.keys[:, row, :, : prefix.length] = prefix.keys
        self.values[:, row, :, : prefix.length] = prefix.values
        self.lengths[row] = prefix.length
