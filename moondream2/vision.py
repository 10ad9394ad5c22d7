"""From crops to image tokens: the vision encoder, the joining of tiles, the projection."""

import torch
from einops import rearrange
from torch import Tensor, nn

from moondream2.config import VisionConfig
from moondream2.crops import Tiling
from moondream2.device import to_device
from moondream2.layers import MLP, AttentionWeights


class VisionBlock(nn.Module):
    """A pre-norm transformer block in which every patch sees every other."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(config.enc_dim)
        self.attn = AttentionWeights(config.enc_dim, config.enc_n_heads, config.enc_n_heads)
        self.ln2 = nn.LayerNorm(config.enc_dim)
        self.mlp = MLP(config.enc_dim, config.enc_ff_dim, config.enc_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Run the block over crops x (N, G * G, E); returns (N, G * G, E)."""
        x = x + self.attn.attend(*self.attn.split(self.ln1(x)), mask=None)
        return x + self.mlp(self.ln2(x))


class VisionEncoder(nn.Module):
    """Crops in, image tokens for the text decoder out."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        self.patch_emb = nn.Linear(config.patch_dim, config.enc_dim)
        self.pos_emb = nn.Parameter(torch.zeros(1, config.n_image_tokens, config.enc_dim))
        self.blocks = nn.ModuleList(VisionBlock(config) for _ in range(config.enc_n_layers))
        self.post_ln = nn.LayerNorm(config.enc_dim)
        self.proj_mlp = MLP(2 * config.enc_dim, config.proj_inner_dim, config.proj_out_dim)

    def normalise(self, crops: Tensor) -> Tensor:
        """Turn uint8 crops (N, S, S, 3) into pixels (N, 3, S, S) in [-1, 1], in the compute dtype.

        The dtype comes first and then the steps in this order, because each of them rounds.
        """
        pixels = rearrange(crops, "n y x c -> n c y x").to(self.pos_emb.dtype)
        return ((pixels / 255) - 0.5) / 0.5

    def encode_crops(self, crops: Tensor) -> Tensor:
        """Turn crops into patch features.

        crops: (N, 3, S, S), RGB in [-1, 1].
        Returns (N, G * G, E), row by row from the top left of each crop.

        Follows `vision_encoder`, vikhyat/moondream@44146f1 moondream/torch/vision.py.
        """
        size = self.config.enc_patch_size
        patches = rearrange(crops, "n c (gy py) (gx px) -> n (gy gx) (c py px)", py=size, px=size)
        x = self.patch_emb(patches) + self.pos_emb
        for block in self.blocks:
            x = block(x)
        return self.post_ln(x)

    def join_tiles(self, features: Tensor, tiling: Tiling) -> Tensor:
        """Lay tile features (rows * cols, G * G, E) back as one canvas (height, width, E).

        Neighbours overlap by twice the margin; each keeps its own half, so every cell is written
        once.
        """
        rows, cols = tiling
        grid, margin = self.config.grid_size, self.config.overlap_margin
        tiles = rearrange(features, "(r c) (y x) e -> r c y x e", r=rows, y=grid)

        def kept(index: int, n: int) -> slice:
            return slice(margin if index else 0, grid - margin if index < n - 1 else grid)

        return torch.cat(
            [
                torch.cat([tiles[r, c, kept(r, rows), kept(c, cols)] for c in range(cols)], dim=1)
                for r in range(rows)
            ],
            dim=0,
        )

    def pool(self, canvas: Tensor) -> Tensor:
        """Average a canvas (height, width, E) down to the grid of one crop, (G, G, E).

        The same as torch's adaptive_avg_pool2d, which on MPS refuses sizes that do not divide, and
        on a CPU takes several times as long.
        """
        down, across = (
            to_device(_shares(side, self.config.grid_size), canvas.device)
            for side in canvas.shape[:2]
        )
        rows = (down @ canvas.float().flatten(1)).unflatten(1, canvas.shape[1:])
        return (across @ rows).to(canvas.dtype)

    def project(self, global_features: Tensor, tile_features: Tensor) -> Tensor:
        """Turn two views (…, G * G, E) of the same places into image tokens (…, G * G, D)."""
        return self.proj_mlp(torch.cat([global_features, tile_features], dim=-1))

    def merge(self, features: Tensor, tiling: Tiling) -> Tensor:
        """Turn the features of all distinct crops of a picture into image tokens (G * G, D).

        features: (N, G * G, E), those of the whole frame first.
        """
        if tiling == (1, 1):
            # The only tile is the whole frame again: one pass served both views.
            return self.project(features[0], features[0])
        pooled = self.pool(self.join_tiles(features[1:], tiling))
        return self.project(features[0], rearrange(pooled, "y x e -> (y x) e"))


def _shares(side: int, grid: int) -> Tensor:
    """How much of each cell of a side goes into each place of the grid, (G, side); rows sum to 1.

    A place averages every cell that it touches.
    """
    places, cells = torch.arange(grid)[:, None], torch.arange(side)
    is_touched = (cells >= places * side // grid) & (cells * grid < (places + 1) * side)
    return is_touched / is_touched.sum(dim=1, keepdim=True)
