"""Cut a picture into the squares that the vision encoder reads."""

from math import ceil, floor, sqrt

import torch
from PIL import Image
from torch import Tensor

from moondream2.config import VisionConfig
from moondream2.resize import resizer

# How many (rows, cols) of tiles cover a picture.
Tiling = tuple[int, int]
# Crops (N, S, S, 3) of one picture, uint8 RGB, and their tiling.
Crops = tuple[Tensor, Tiling]
Picture = Image.Image
CPU = torch.device("cpu")


def make_crops(picture: Picture, config: VisionConfig, device: torch.device = CPU) -> Crops:
    """Cut `picture` into the whole frame, squeezed to a square, and overlapping tiles of it.

    Returns uint8 RGB crops (N, S, S, 3) on `device`, crop 0 the whole frame, then tiles row by row;
    and the tiling (rows, cols). With tiling (1, 1) the one tile equals crop 0.

    Follows `overlap_crop_image`, vikhyat/moondream@44146f1 moondream/torch/image_crops.py, the path
    that resizes with Pillow.
    """
    rgb = picture.convert("RGB")
    size, margin, window = config.crop_size, config.margin_px, config.window_px
    rows, cols = select_tiling(
        rgb.height - 2 * margin, rgb.width - 2 * margin, window, config.max_crops
    )
    resize = resizer(rgb, device)
    whole = resize(size, size)
    if (rows, cols) == (1, 1):
        return torch.stack([whole, whole]), (1, 1)
    canvas = resize(cols * window + 2 * margin, rows * window + 2 * margin)
    tiles = [
        canvas[row * window : row * window + size, col * window : col * window + size]
        for row in range(rows)
        for col in range(cols)
    ]
    return torch.stack([whole, *tiles]), (rows, cols)


def blank_picture(size: tuple[int, int]) -> Picture:
    """A black picture of (width, height) pixels."""
    return Image.new("RGB", size)


def distinct_crops(crops: Tensor, tiling: Tiling) -> Tensor:
    """Leave out what is there twice: the only tile is the whole frame again.

    crops: (N, S, S, 3). Returns the same or (1, S, S, 3).
    """
    return crops[:1] if tiling == (1, 1) else crops


def select_tiling(height: int, width: int, window: int, max_crops: int) -> Tiling:
    """Choose how many (rows, cols) of windows cover a picture, at most `max_crops` in all."""
    if height <= window or width <= window:
        return 1, 1
    min_rows, min_cols = ceil(height / window), ceil(width / window)
    if min_rows * min_cols > max_crops:
        shrink = sqrt(max_crops / (min_rows * min_cols))
        return max(1, floor(min_rows * shrink)), max(1, floor(min_cols * shrink))
    rows = max(floor(sqrt(max_crops * height / width)), min_rows)
    cols = max(floor(sqrt(max_crops * width / height)), min_cols)
    if rows * cols > max_crops:
        if cols > rows:
            cols = floor(max_crops / rows)
        else:
            rows = floor(max_crops / cols)
    return max(1, rows), max(1, cols)
