"""The network as one piece: the parts joined, nothing decided."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from moondream2.config import Config
from moondream2.crops import distinct_crops, make_crops
from moondream2.kv_cache import KVCache, Span
from moondream2.region import Region
from moondream2.text import TextDecoder, visibility
from moondream2.vision import VisionEncoder


@dataclass(frozen=True)
class Coordinate:
    """One coordinate in 0..1 as the decoder reads it."""

    value: float


@dataclass(frozen=True)
class Size:
    """A width and a height in 0..1 as the decoder reads them."""

    width: float
    height: float


# What one position of a prompt or an answer can hold: a token id, a coordinate or a size.
Input = int | Coordinate | Size


class Network(nn.Module):
    """moondream2 of any size. Parameters carry the published names; one thread at a time."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.text = TextDecoder(config.text)
        self.vision = VisionEncoder(config.vision)
        self.region = Region(config.region)

    @property
    def device(self) -> torch.device:
        return self.text.wte.device

    @property
    def dtype(self) -> torch.dtype:
        return self.text.wte.dtype

    def make_cache(self, n_rows: int) -> KVCache:
        return KVCache(self.config.text, n_rows, device=self.device, dtype=self.dtype)

    def encode_picture(self, picture: Image.Image) -> Tensor:
        """Look at a picture; returns its image tokens (G * G, D)."""
        crops, tiling = make_crops(picture, self.config.vision)
        return self.vision.merge(self.encode_crops(distinct_crops(crops, tiling)), tiling)

    def encode_crops(self, crops: np.ndarray) -> Tensor:
        """Look at some of a picture's distinct crops (N, S, S, 3); returns (N, G * G, E)."""
        return self.vision.encode_crops(
            self.vision.normalise(torch.from_numpy(crops).to(self.device))
        )

    def begin_with_picture(self, cache: KVCache, row: int, image_tokens: Tensor) -> Tensor:
        """Make `row` start with BOS and image tokens (G * G, D), all of which see each other.

        Returns the prefix's residual stream (1 + G * G, D).
        """
        bos = torch.tensor([self.config.tokenizer.bos_id], device=self.device)
        cache.lengths[row] = 0
        prefix = torch.cat([self.text.embed(bos), image_tokens])
        return self._extend(cache, row, prefix[None], is_picture=True)[0]

    def feed(self, cache: KVCache, rows: list[int], inputs: Sequence[Sequence[Input]]) -> Tensor:
        """Append `inputs[i]`, of one length T, to `rows[i]`; several rows only with T = 1.

        Returns the residual streams (B, T, D). The caller keeps rows within `max_context`.
        """
        x = self.embed_inputs(inputs)
        if len(rows) == 1:
            return self._extend(cache, rows[0], x)
        return self._step(cache, rows, x)

    def embed_inputs(self, inputs: Sequence[Sequence[Input]]) -> Tensor:
        """Turn B sequences of T inputs into vectors (B, T, D)."""
        ids = [[item if isinstance(item, int) else 0 for item in sequence] for sequence in inputs]
        x = self.text.embed(torch.tensor(ids, device=self.device))
        for b, sequence in enumerate(inputs):
            for t, item in enumerate(sequence):
                if isinstance(item, Coordinate):
                    x[b, t] = self.region.encode_coordinate(self._vector(item.value))
                elif isinstance(item, Size):
                    x[b, t] = self.region.encode_size(self._vector(item.width, item.height))
        return x

    def _vector(self, *values: float) -> Tensor:
        return torch.tensor(values, device=self.device, dtype=self.dtype)

    def _extend(self, cache: KVCache, row: int, x: Tensor, *, is_picture: bool = False) -> Tensor:
        """Append x (1, T, D) to one row. A picture begins the row and sees all of itself."""
        start, end = cache.lengths[row], cache.lengths[row] + x.shape[1]
        positions = torch.arange(start, end, device=self.device)[None]
        # The last position may see all that is there, so one token alone needs no mask either.
        sees_all = is_picture or x.shape[1] == 1
        mask = None if sees_all else visibility(positions, end)
        hidden = self.text(x, positions, mask, cache, Span(row, positions, end, start))
        cache.lengths[row] = end
        return hidden

    def _step(self, cache: KVCache, rows: list[int], x: Tensor) -> Tensor:
        """Append x (B, 1, D) to several rows in one pass over all rows from the first to the last.

        Rows in between that take no part are computed, too, and forgotten: what is written behind
        their end is never seen. So keys and values are read where they lie.
        """
        first, last = min(rows), max(rows)
        places = torch.tensor([row - first for row in rows], device=self.device)
        starts = [min(cache.lengths[row], cache.max_context - 1) for row in range(first, last + 1)]
        positions = torch.tensor(starts, device=self.device)[:, None]
        all_x = x.new_zeros(len(starts), 1, x.shape[-1]).index_copy_(0, places, x)
        n_keys = 1 + max(cache.lengths[row] for row in rows)
        mask = visibility(positions, n_keys)
        hidden = self.text(all_x, positions, mask, cache, Span(first, positions, n_keys))
        for row in rows:
            cache.lengths[row] += 1
        return hidden[places]
