"""What the network is told it got wrong: words, boxes, and what each patch shows."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from demo.packing import IGNORED, Batch
from demo.palette import COLOURS, GROUNDS
from demo.scenes import KINDS
from demo.words import HOLDERS
from moondream2.config import Config
from moondream2.network import Network
from moondream2.region import SIZE_OCTAVES

# Coordinates and sizes are learned as a hill this many bins wide, not as one exact bin.
HILL_BINS = 1.5


class PatchHeads(nn.Module):
    """Linear heads that say what each patch shows; they teach the eye and are not saved."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        n_parts = (config.vision.enc_patch_size // 2) ** 2
        n_kinds, n_colours = len(KINDS) + 1, len(COLOURS) + 1
        n_grounds, n_holders = len(GROUNDS) + 1, len(HOLDERS) + 1
        self.sizes = (n_kinds, n_colours, n_parts, 4, 1, n_grounds, n_holders)
        self.linear = nn.Linear(config.vision.enc_dim, sum(self.sizes))

    def forward(self, features: Tensor, batch: Batch) -> Tensor:
        """Return the auxiliary loss of features (B, G * G, E)."""
        kind, colour, mask, box, centre, ground, holder = (
            self.linear(features).float().split(self.sizes, dim=-1)
        )
        shown = batch["patch_object"] > 0
        n_patches = features.shape[1]
        loss = 4 * F.binary_cross_entropy_with_logits(mask, batch["patch_mask"])
        loss = loss + F.binary_cross_entropy_with_logits(centre[..., 0], batch["patch_centre"]) / 2
        for scores, truth in ((ground, batch["ground"]), (holder, batch["holder"])):
            everywhere = truth[:, None].expand(-1, n_patches)
            loss = loss + 0.3 * F.cross_entropy(scores.flatten(0, 1), everywhere.flatten())
        # Bare patches are many: averaged on their own, they cannot drown the others.
        for scores in (kind[~shown], colour[~shown]):
            nothing = torch.full((len(scores),), scores.shape[-1] - 1)
            loss = loss + 0.3 * F.cross_entropy(scores, nothing)
        if shown.any():
            loss = loss + F.cross_entropy(kind[shown], batch["patch_kind"][shown])
            loss = loss + F.cross_entropy(colour[shown], batch["patch_colour"][shown])
            loss = loss + 4 * F.l1_loss(box[shown], batch["patch_box"][shown])
        return loss


def compute_losses(
    network: Network, heads: PatchHeads, batch: Batch, with_text: bool
) -> dict[str, Tensor]:
    """Return the losses of a batch by name."""
    features = network.vision.encode_crops(network.vision.normalise(batch["crops"]))
    losses = {"patches": heads(features, batch)}
    return losses | text_losses(network, features, batch) if with_text else losses


def text_losses(network: Network, features: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return the losses of answers, coordinates and sizes, given patch features (B, G * G, E)."""
    n_rows = len(features)
    image_tokens = network.vision.project(features, features)
    bos = network.text.embed(torch.full((n_rows, 1), network.config.tokenizer.bos_id))
    x = torch.cat([bos, image_tokens, embed_rows(network, batch)], dim=1)
    prefix_length = 1 + image_tokens.shape[1]
    prefix = torch.arange(prefix_length).expand(n_rows, -1)
    positions = torch.cat([prefix, batch["positions"]], dim=1)
    hidden = network.text(x, positions, make_mask(batch, prefix_length))[:, prefix_length:]
    speaking = batch["next_ids"] != IGNORED
    logits = network.text.logits(hidden[speaking]).float()
    losses = {"words": F.cross_entropy(logits, batch["next_ids"][speaking])}
    locating = batch["coordinates"] != IGNORED
    if locating.any():
        scores = network.region.decode_coordinate(hidden[locating]).float()
        bins = batch["coordinates"][locating] * scores.shape[-1]
        losses["coordinates"] = 0.3 * hill_loss(scores, bins)
    measuring = batch["sizes"][..., 0] != IGNORED
    if measuring.any():
        scores = network.region.decode_size(hidden[measuring]).float()
        bins = (batch["sizes"][measuring].log2() / SIZE_OCTAVES + 1) * (scores.shape[-1] - 1)
        losses["sizes"] = 0.3 * hill_loss(scores, bins)
    return losses


def embed_rows(network: Network, batch: Batch) -> Tensor:
    """Embed the rows' tokens (B, T, D); coordinates and sizes by their values."""
    ids, control = batch["ids"], network.config.tokenizer
    x = network.text.embed(ids)
    # A row's own text never contains these ids: they are control tokens.
    is_coordinate, is_size = ids == control.coord_id, ids == control.size_id
    coordinates = network.region.encode_coordinate(batch["values"][is_coordinate][:, :1])
    sizes = network.region.encode_size(batch["values"][is_size])
    x = x.masked_scatter(is_coordinate[..., None], coordinates.to(x.dtype))
    return x.masked_scatter(is_size[..., None], sizes.to(x.dtype))


def make_mask(batch: Batch, prefix_length: int) -> Tensor:
    """Return who may see whom, bool (B, 1, T, T): the prefix itself, a segment both."""
    segments, sees_picture = batch["segments"], batch["sees_picture"]
    n_rows, length = segments.shape
    total = prefix_length + length
    mask = torch.zeros(n_rows, 1, total, total, dtype=torch.bool)
    mask[:, :, :prefix_length, :prefix_length] = True
    mask[:, 0, prefix_length:, :prefix_length] = sees_picture[:, :, None]
    earlier = torch.ones(length, length, dtype=torch.bool).tril()
    together = segments[:, :, None] == segments[:, None, :]
    mask[:, 0, prefix_length:, prefix_length:] = together & earlier
    return mask


def hill_loss(scores: Tensor, bins: Tensor) -> Tensor:
    """Cross entropy against a hill around fractional bins (...); scores (..., n_bins)."""
    distance = (torch.arange(scores.shape[-1]) - bins[..., None]) / HILL_BINS
    hill = (-0.5 * distance**2).softmax(dim=-1)
    return -(hill * scores.log_softmax(dim=-1)).sum(-1).mean()
