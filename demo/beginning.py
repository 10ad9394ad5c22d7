"""The weights that training begins with, where they matter."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from demo.packing import look
from demo.scenes import make_scene
from moondream2.network import Network


@torch.no_grad()
def prepare_start(network: Network) -> None:
    """Give the network the starts that were measured to matter.

    Patches start as their whitened principal components in three quarters of the width, positions
    as sines in the last quarter: mixed up, the eye learns shapes but loses where they are.
    """
    vision, text = network.vision, network.text
    width = vision.config.enc_dim
    n_components = 3 * width // 4
    scenes = [make_scene(-seed) for seed in range(1, 161)]
    crops = [torch.from_numpy(look(scene, network.config, 240)) for scene in scenes]
    pixels = vision.normalise(torch.stack(crops))
    size = vision.config.enc_patch_size
    patches = F.unfold(pixels, size, stride=size).mT.flatten(0, 1)
    mean = patches.mean(0)
    variances, directions = torch.linalg.eigh((patches - mean).T.cov())
    kept = directions[:, -n_components:] / (variances[-n_components:] + 1e-2).sqrt()
    vision.patch_emb.weight.zero_()
    vision.patch_emb.bias.zero_()
    vision.patch_emb.weight[:n_components] = kept.T
    vision.patch_emb.bias[:n_components] = -mean @ kept
    vision.pos_emb.zero_()
    vision.pos_emb[0, :, n_components:] = sine_positions(
        vision.config.grid_size, width - n_components
    )
    text.wte.normal_(std=0.3)
    for block in (*vision.blocks, *text.blocks):
        block.attn.proj.weight.mul_(0.3)
        block.mlp.fc2.weight.mul_(0.3)
    network.region.coord_features.normal_(std=2.0)


def sine_positions(grid_size: int, n_dims: int) -> Tensor:
    """Return sines and cosines of the row and the column of each patch, (G * G, n_dims)."""
    frequencies = math.pi / 2 * 2 ** torch.arange(n_dims // 4).mul(0.5)
    centres = (torch.arange(grid_size) + 0.5) / grid_size
    angles = centres[:, None] * frequencies
    waves = torch.cat([angles.sin(), angles.cos()], dim=-1)
    rows = waves[:, None].expand(-1, grid_size, -1)
    columns = waves[None].expand(grid_size, -1, -1)
    return torch.cat([rows, columns], dim=-1).flatten(0, 1)
