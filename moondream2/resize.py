"""Pillow's Lanczos filter as matrix products, for devices that multiply faster than they fetch.

Pillow takes 3 to 40 ms for a frame's crops, which alone may be more than a GPU needs for all that
follows; as products they are 2 to 50 GFLOP. Their numbers are whole, and so the pixels are Pillow's
to the last bit.
"""

from collections.abc import Callable
from functools import lru_cache
from math import ceil

import numpy as np
import torch
from einops import rearrange
from PIL import Image
from torch import Tensor

from moondream2.device import to_device

# The filter's reach, in pixels of the smaller picture.
REACH = 3
# Pillow's weights are whole numbers, this many of which make one; halves of their bits keep every
# sum a whole number that float32 can hold.
WEIGHT_BITS, LOW_BITS = 22, 11
# How many lines are numbers of 32 bits at once; the rest of a large picture stays bytes.
LINES_AT_ONCE = 1024
# A longer picture would need a matrix of gigabytes.
MAX_SIDE_PX = 8192

# Resizes one picture to (width, height); returns uint8 (height, width, 3).
Resize = Callable[[int, int], Tensor]


def resizer(picture: Image.Image, device: torch.device) -> Resize:
    """Resize an RGB picture with the Lanczos filter to (height, width, 3) on `device`."""
    if device.type == "cpu" or max(picture.size) > MAX_SIDE_PX:
        return lambda width, height: _pixels(
            picture.resize((width, height), Image.Resampling.LANCZOS), device
        )
    pixels = _pixels(picture, device)
    return lambda width, height: resize(pixels, width, height)


def _pixels(picture: Image.Image, device: torch.device) -> Tensor:
    """An RGB picture as (height, width, 3), uint8."""
    return to_device(torch.from_numpy(np.array(picture)), device)


def resize(pixels: Tensor, width: int, height: int) -> Tensor:
    """Resize uint8 pixels (from_height, from_width, 3) where they lie to (height, width, 3).

    One axis after the other, rounded to bytes in between. Follows `ImagingResampleInner`,
    python-pillow/Pillow@af037475b src/libImaging/Resample.c, and the order of axes of Pillow 13.
    """
    from_height, from_width = pixels.shape[:2]
    across = _weights(from_width, width, pixels.device)
    down = _weights(from_height, height, pixels.device)
    if 0 < from_height - height > 2 * (from_width - width):
        flat = _filtered(rearrange(pixels, "y x c -> c x y"), down)
        return rearrange(_filtered(flat.mT, across), "c y x -> y x c").contiguous()
    narrow = _filtered(rearrange(pixels, "y x c -> c y x"), across)
    return rearrange(_filtered(narrow.mT, down), "c x y -> y x c").contiguous()


def _filtered(planes: Tensor, weights: Tensor) -> Tensor:
    """Filter uint8 planes (3, lines, from) by weights (2, from, to); returns (3, lines, to)."""
    filtered = []
    for lines in planes.split(LINES_AT_ONCE, dim=1):
        high, low = (torch.matmul(lines.float(), half).int() for half in weights)
        sums = (high << LOW_BITS) + low + (1 << WEIGHT_BITS - 1)
        filtered.append((sums >> WEIGHT_BITS).clamp_(0, 255).byte())
    return torch.cat(filtered, dim=1)


@lru_cache(maxsize=8)
def _weights(n_from: int, n_to: int, device: torch.device) -> Tensor:
    """High and low bits of what each of `n_from` pixels gives to each of `n_to`, (2, from, to)."""
    scale = n_from / n_to
    # A picture that grows is filtered as finely as it is.
    stretch = max(scale, 1.0)
    reach = REACH * stretch
    centres = (np.arange(n_to)[:, None] + 0.5) * scale
    first = np.maximum((centres - reach + 0.5).astype(int), 0)
    end = np.minimum((centres + reach + 0.5).astype(int), n_from)
    places = first + np.arange(2 * ceil(reach) + 1)
    x = (places - centres + 0.5) / stretch
    taps = np.where((places < end) & (np.abs(x) < REACH), np.sinc(x) * np.sinc(x / REACH), 0.0)
    taps *= 2**WEIGHT_BITS / taps.sum(axis=1, keepdims=True)
    whole = (taps + np.copysign(0.5, taps)).astype(int)
    matrix = np.zeros((n_from, n_to), np.int32)
    np.add.at(matrix, (np.minimum(places, n_from - 1), np.arange(n_to)[:, None]), whole)
    halves = np.stack([matrix >> LOW_BITS, matrix & (1 << LOW_BITS) - 1])
    return to_device(torch.from_numpy(halves.astype(np.float32)), device)
