"""The network as one piece: the parts joined, nothing decided."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from moondream2.config import Config
from moondream2.crops import Crops, Picture, distinct_crops, make_crops
from moondream2.device import to_device
from moondream2.graphs import StepGraphs, capture_steps, step_rows
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

# What a row is given that takes no part in a step.
IDLE: tuple[Input, ...] = (0,)


class Network(nn.Module):
    """moondream2 of any size. Parameters carry the published names; one thread at a time.

    graphs: the steps of one cache as CUDA graphs, once they were captured.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.text = TextDecoder(config.text)
        self.vision = VisionEncoder(config.vision)
        self.region = Region(config.region)
        self.graphs: StepGraphs | None = None

    @property
    def device(self) -> torch.device:
        return self.text.wte.device

    @property
    def dtype(self) -> torch.dtype:
        return self.text.wte.dtype

    def make_cache(self, n_rows: int) -> KVCache:
        return KVCache(self.config.text, n_rows, device=self.device, dtype=self.dtype)

    def capture_steps(self, cache: KVCache) -> None:
        """From now on, step through this empty cache by CUDA graphs; elsewhere, do nothing."""
        if self.device.type == "cuda":
            self.graphs = capture_steps(self.text, cache)

    def encode_picture(self, picture: Picture) -> Tensor:
        """Look at a picture; returns its image tokens (G * G, D)."""
        crops, tiling = self.cut(picture)
        return self.vision.merge(self.encode_crops(crops), tiling)

    def cut(self, picture: Picture) -> Crops:
        """Cut a picture into its distinct crops (N, S, S, 3) and their tiling; from any thread."""
        crops, tiling = make_crops(picture, self.config.vision, self.device)
        return distinct_crops(crops, tiling), tiling

    def encode_crops(self, crops: Tensor) -> Tensor:
        """Look at some of a picture's distinct crops (N, S, S, 3); returns (N, G * G, E)."""
        return self.vision.encode_crops(self.vision.normalise(crops))

    def begin_with_picture(self, cache: KVCache, row: int, image_tokens: Tensor) -> Tensor:
        """Make `row` start with BOS and image tokens (G * G, D), all of which see each other.

        Returns the prefix's residual stream (1 + G * G, D).
        """
        bos = to_device(torch.tensor([self.config.tokenizer.bos_id]), self.device)
        cache.lengths[row] = 0
        prefix = torch.cat([self.text.embed(bos), image_tokens])
        return self._extend(cache, row, prefix[None], is_picture=True)[0]

    def feed(self, cache: KVCache, rows: list[int], inputs: Sequence[Sequence[Input]]) -> Tensor:
        """Append `inputs[i]`, of one length T, to `rows[i]`; several rows only with T = 1.

        Returns the residual streams (B, T, D). The caller keeps rows within `max_context`.
        """
        graphs = self.graphs if self.graphs is not None and self.graphs.cache is cache else None
        if len(inputs[0]) == 1 and (graphs is not None or len(rows) > 1):
            return self._step(cache, dict(zip(rows, inputs, strict=True)), graphs)
        return self._extend(cache, rows[0], self.embed_inputs(inputs))

    def embed_inputs(self, inputs: Sequence[Sequence[Input]]) -> Tensor:
        """Turn B sequences of T inputs into vectors (B, T, D)."""
        ids = [[item if isinstance(item, int) else 0 for item in sequence] for sequence in inputs]
        x = self.text.embed(to_device(torch.tensor(ids), self.device))
        for b, sequence in enumerate(inputs):
            for t, item in enumerate(sequence):
                if isinstance(item, Coordinate):
                    x[b, t] = self.region.encode_coordinate(self._vector(item.value))
                elif isinstance(item, Size):
                    x[b, t] = self.region.encode_size(self._vector(item.width, item.height))
        return x

    def _vector(self, *values: float) -> Tensor:
        """Numbers as the region's heads read them, (1) or (2)."""
        return to_device(torch.tensor(values, dtype=self.dtype), self.device)

    def _extend(self, cache: KVCache, row: int, x: Tensor, *, is_picture: bool = False) -> Tensor:
        """Append x (1, T, D) to one row; returns its residual stream (1, T, D).

        A picture begins the row and sees all of itself.
        """
        start, end = cache.lengths[row], cache.lengths[row] + x.shape[1]
        positions = torch.arange(start, end, device=self.device)[None]
        # The last position may see all that is there, so one token alone needs no mask either.
        sees_all = is_picture or x.shape[1] == 1
        mask = None if sees_all else visibility(positions, end)
        hidden = self.text(x, positions, mask, cache, Span(row, positions, end, start))
        cache.lengths[row] = end
        return hidden

    def _step(
        self, cache: KVCache, inputs: dict[int, Sequence[Input]], graphs: StepGraphs | None
    ) -> Tensor:
        """Append one input to each of several rows in one pass; returns (B, 1, D).

        Rows between them that take no part are computed, too, and forgotten: what is written
        behind their end is never seen. So keys and values are read where they lie.
        """
        n_keys = 1 + max(cache.lengths[row] for row in inputs)
        first, end = min(inputs), max(inputs) + 1
        if graphs is not None:
            bucket = graphs.bucket(end, n_keys)
            first, end = 0, bucket.n_rows
        x = self.embed_inputs([inputs.get(row, IDLE) for row in range(first, end)])
        positions = to_device(torch.tensor(cache.lengths[first:end])[:, None], self.device)
        if graphs is not None:
            hidden = graphs.replay(bucket, x, positions)
        else:
            hidden = step_rows(self.text, cache, first, x, positions, n_keys)
        for row in inputs:
            cache.lengths[row] += 1
        # A copy in any case, because the next replay overwrites what this one returned.
        return torch.stack([hidden[row - first] for row in inputs])
