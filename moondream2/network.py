"""The network as one piece: the parts joined, nothing decided."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor, nn

from moondream2.config import Config
from moondream2.crops import make_crops
from moondream2.kv_cache import KVCache
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
        return self.vision(torch.from_numpy(crops).to(self.device), tiling)

    def begin_with_picture(self, cache: KVCache, row: int, image_tokens: Tensor) -> Tensor:
        """Make `row` start with BOS and image tokens (G * G, D), all of which see each other.

        Returns the prefix's residual stream (1 + G * G, D).
        """
        bos = torch.tensor([self.config.tokenizer.bos_id], device=self.device)
        cache.lengths[row] = 0
        prefix = torch.cat([self.text.embed(bos), image_tokens])
        return self._extend(cache, [row], prefix[None], len(prefix))[0]

    def feed(self, cache: KVCache, rows: list[int], inputs: Sequence[Sequence[Input]]) -> Tensor:
        """Append `inputs[i]` to `rows[i]`, all of one length T.

        Returns the residual streams (B, T, D). The caller keeps rows within `max_context`.
        """
        return self._extend(cache, rows, self.embed_inputs(inputs), prefix_length=0)

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

    def _extend(self, cache: KVCache, rows: list[int], x: Tensor, prefix_length: int) -> Tensor:
        n_new = x.shape[1]
        starts = torch.tensor([cache.lengths[row] for row in rows], device=self.device)
        positions = starts[:, None] + torch.arange(n_new, device=self.device)
        end = max(cache.lengths[row] for row in rows) + n_new
        mask = visibility(positions, end, prefix_length)
        hidden = self.text(x, positions, mask, cache, torch.tensor(rows, device=self.device))
        for row in rows:
            cache.lengths[row] += n_new
        return hidden
