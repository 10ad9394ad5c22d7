"""Coordinates and sizes as vectors the decoder reads, and back from what it thinks."""

from math import log2, pi

import torch
from torch import Tensor, nn

from moondream2.config import RegionConfig
from moondream2.layers import MLP, drawn

# Sizes are powers of two over this many octaves: the smallest is 1/1024 of the frame.
SIZE_OCTAVES = 10


class Region(nn.Module):
    """Fourier features and a linear layer in, an MLP over bins out."""

    def __init__(self, config: RegionConfig) -> None:
        super().__init__()
        self.config = config
        self.coord_features = drawn(1, config.coord_feat_dim // 2)
        self.size_features = drawn(2, config.size_feat_dim // 2)
        self.coord_encoder = nn.Linear(config.coord_feat_dim, config.dim)
        self.size_encoder = nn.Linear(config.size_feat_dim, config.dim)
        self.coord_decoder = MLP(config.dim, config.inner_dim, config.coord_out_dim)
        self.size_decoder = MLP(config.dim, config.inner_dim, config.size_out_dim)

    def encode_coordinate(self, values: Tensor) -> Tensor:
        """Turn coordinates (…, 1) in 0..1 into vectors (…, D)."""
        return self.coord_encoder(_fourier_features(values, self.coord_features))

    def encode_size(self, values: Tensor) -> Tensor:
        """Turn (width, height) pairs (…, 2) in 0..1 into vectors (…, D)."""
        return self.size_encoder(_fourier_features(values, self.size_features))

    def decode_coordinate(self, hidden: Tensor) -> Tensor:
        """Score the bins of a coordinate; returns (…, bins).

        hidden: (…, D), the raw residual stream.
        """
        return self.coord_decoder(hidden)

    def decode_size(self, hidden: Tensor) -> Tensor:
        """Score the bins of a width and a height; returns (…, 2, bins).

        hidden: (…, D), the raw residual stream.
        """
        return self.size_decoder(hidden).unflatten(-1, (2, -1))

    def coordinate_of_bin(self, index: int) -> float:
        return index / self.config.coord_out_dim

    def size_of_bin(self, index: int) -> float:
        last = self.config.size_out_dim // 2 - 1
        return 2.0 ** (index / last * SIZE_OCTAVES - SIZE_OCTAVES)

    def bin_of_size(self, size: float) -> float:
        """The (fractional) bin of a size, clamped to the smallest; the inverse of `size_of_bin`."""
        last = self.config.size_out_dim // 2 - 1
        return (log2(max(size, 2.0**-SIZE_OCTAVES)) / SIZE_OCTAVES + 1) * last


def _fourier_features(values: Tensor, weights: Tensor) -> Tensor:
    """Cosines, then sines, of values (…, n) by weights (n, features / 2); gives (…, features)."""
    angles = 2 * pi * values @ weights
    return torch.cat([angles.cos(), angles.sin()], dim=-1)
