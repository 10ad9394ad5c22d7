"""Tiles lie where they were cut, each place once; any picture is as many tokens."""

from math import ceil, floor

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from moondream2.config import VisionConfig
from moondream2.crops import Tiling
from moondream2.vision import VisionEncoder

CONFIG = VisionConfig(
    enc_dim=8,
    enc_patch_size=2,
    enc_n_layers=1,
    enc_ff_dim=8,
    enc_n_heads=2,
    proj_out_dim=12,
    crop_size=14,
    overlap_margin=2,
    proj_inner_dim=16,
)
GRID, MARGIN = CONFIG.grid_size, CONFIG.overlap_margin
WINDOW = GRID - 2 * MARGIN
TILINGS = [(1, 1), (1, 2), (2, 1), (2, 3), (4, 3)]


@pytest.fixture(scope="module")
def vision() -> VisionEncoder:
    return VisionEncoder(CONFIG).requires_grad_(False)


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, CONFIG.enc_dim)


def cut(canvas: Tensor, tiling: Tiling) -> Tensor:
    """The tiles (rows * cols, G * G, E) of a canvas (height, width, E), as crops are cut."""
    rows, cols = tiling
    tops, lefts = (range(0, n * WINDOW, WINDOW) for n in (rows, cols))
    tiles = [canvas[y : y + GRID, x : x + GRID].flatten(0, 1) for y in tops for x in lefts]
    return torch.stack(tiles)


@pytest.mark.parametrize("tiling", TILINGS)
def test_tiles_are_joined_to_the_canvas_they_were_cut_from(vision: VisionEncoder, tiling: Tiling):
    rows, cols = tiling
    canvas = noise(rows * WINDOW + 2 * MARGIN, cols * WINDOW + 2 * MARGIN)
    assert torch.equal(vision.join_tiles(cut(canvas, tiling), tiling), canvas)


@pytest.mark.parametrize("tiling", TILINGS)
def test_each_tile_keeps_its_own_half_of_an_overlap(vision: VisionEncoder, tiling: Tiling):
    """What a tile shows beyond that is its neighbour's to show."""
    rows, cols = tiling
    numbers = torch.arange(rows * cols).view(-1, 1, 1).expand(-1, GRID * GRID, 1)
    owners = vision.join_tiles(numbers, tiling)[..., 0]
    for y in range(len(owners)):
        for x in range(owners.shape[1]):
            row, col = (
                min(max((place - MARGIN) // WINDOW, 0), n - 1)
                for place, n in ((y, rows), (x, cols))
            )
            assert owners[y, x] == row * cols + col


@pytest.mark.parametrize("size", [(7, 7), (7, 10), (13, 10), (16, 21), (3, 5)])
def test_pool_averages_the_cells_that_each_place_of_the_grid_touches(
    vision: VisionEncoder, size: tuple[int, int]
):
    """Sizes that the grid does not divide too, which torch refuses to pool on some devices."""
    canvas = noise(*size)
    pooled = vision.pool(canvas)
    assert pooled.shape == (GRID, GRID, CONFIG.enc_dim)
    spans = [
        [slice(floor(i * side / GRID), ceil((i + 1) * side / GRID)) for i in range(GRID)]
        for side in size
    ]
    for y, lines in enumerate(spans[0]):
        for x, columns in enumerate(spans[1]):
            mean = canvas[lines, columns].mean(dim=(0, 1))
            assert torch.allclose(pooled[y, x], mean, atol=1e-6)


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 30))
def test_pool_equals_torchs_adaptive_pooling_at_any_size(height: int, width: int, grid: int):
    canvas = torch.randn(height, width, 3)
    config = VisionConfig(crop_size=grid * 14, overlap_margin=0)
    with torch.device("meta"):
        vision = VisionEncoder(config)
    pooled = F.adaptive_avg_pool2d(canvas.permute(2, 0, 1), grid).permute(1, 2, 0)
    assert torch.allclose(vision.pool(canvas), pooled, rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_pool_rounds_once_in_half_precision(vision: VisionEncoder, dtype: torch.dtype):
    canvas = noise(13, 10).to(dtype)
    assert torch.equal(vision.pool(canvas), vision.pool(canvas.float()).to(dtype))


class Called(TorchDispatchMode):
    """Notes the name of every operator that torch runs."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.add(str(func))
        return func(*args, **(kwargs or {}))


def test_tiled_frame_is_merged_without_the_pooling_that_mps_refuses(vision: VisionEncoder):
    """46 patches to 27: on a Mac, torch's adaptive pooling failed for every frame of 640x480."""
    with Called() as called:
        vision.merge(noise(7, GRID * GRID), (2, 3))
    assert any("mm" in name for name in called.names)
    assert not [name for name in called.names if "pool" in name]


def test_only_tile_of_a_small_picture_is_the_whole_frame_again(vision: VisionEncoder):
    features = noise(1, GRID * GRID)
    assert torch.equal(
        vision.merge(features, (1, 1)), vision.proj_mlp(torch.cat([features[0]] * 2, dim=-1))
    )


@pytest.mark.parametrize("tiling", TILINGS[1:])
def test_image_token_joins_the_whole_frame_and_the_tiles_at_one_place(
    vision: VisionEncoder, tiling: Tiling
):
    """Tiles that all say the same, all over the canvas, leave one vector to each place."""
    rows, cols = tiling
    whole, same = noise(1, GRID * GRID), noise()
    features = torch.cat([whole, same.expand(rows * cols, GRID * GRID, -1)])
    image_tokens = vision.merge(features, tiling)
    assert image_tokens.shape == (CONFIG.n_image_tokens, CONFIG.proj_out_dim)
    alone = vision.proj_mlp(torch.cat([whole[0, 5], same]))
    assert torch.allclose(image_tokens[5], alone, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pixels_go_from_minus_one_to_one_in_the_dtype_of_the_weights(dtype: torch.dtype):
    crops = torch.zeros(1, 14, 14, 3, dtype=torch.uint8)
    crops[0, 5, 9] = torch.tensor([0, 51, 255])
    pixels = VisionEncoder(CONFIG).to(dtype).normalise(crops)
    assert (pixels.shape, pixels.dtype) == ((1, 3, 14, 14), dtype)
    assert pixels[0, :, 5, 9].tolist() == pytest.approx([-1, -0.6, 1], abs=0.004)


def test_patches_and_their_positions_stand_row_by_row_from_the_top_left():
    """Without blocks a patch's feature is made of its own pixels and its position alone."""
    plain = VisionEncoder(CONFIG).requires_grad_(False)
    plain.blocks, plain.post_ln = torch.nn.ModuleList(), torch.nn.Identity()
    torch.nn.init.ones_(plain.patch_emb.weight)
    torch.nn.init.zeros_(plain.patch_emb.bias)
    places = torch.arange(GRID * GRID, dtype=torch.float32).view(GRID, GRID)
    pixels = places.repeat_interleave(2, dim=0).repeat_interleave(2, dim=1).expand(1, 3, -1, -1)
    plain.pos_emb.copy_(places.view(1, -1, 1).expand_as(plain.pos_emb))
    features = plain.encode_crops(pixels)
    assert torch.equal(features[0, :, 0], torch.arange(GRID * GRID) * (CONFIG.patch_dim + 1))


def test_crops_of_one_pass_are_encoded_as_alone(vision: VisionEncoder):
    crops = torch.rand(3, 3, CONFIG.crop_size, CONFIG.crop_size)
    together = vision.encode_crops(crops)
    assert together.shape == (3, CONFIG.n_image_tokens, CONFIG.enc_dim)
    assert torch.allclose(together[1:2], vision.encode_crops(crops[1:2]), atol=1e-5)


def test_every_patch_sees_every_other(vision: VisionEncoder):
    crops = torch.rand(1, 3, CONFIG.crop_size, CONFIG.crop_size)
    before = vision.encode_crops(crops)
    crops[..., -2:, -2:] = 5 * torch.randn(2, 2)
    changes = (vision.encode_crops(crops) - before).abs().amax(dim=-1)
    assert changes.min() > 1e-5
