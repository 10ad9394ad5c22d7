"""A frame that is resized on a GPU is, byte for byte, the one that Pillow makes.

The products are whole numbers that every device computes exactly; here a CPU does.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from moondream2.resize import LINES_AT_ONCE, MAX_SIDE_PX, resize, resizer

CPU = torch.device("cpu")
sides = st.integers(1, 200)


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """Black, grey and white pixels at random: nothing makes the filter overshoot more."""
    levels = np.random.default_rng(seed).choice([0, 255, 128], (height, width, 3))
    return Image.fromarray(levels.astype(np.uint8))


def by_pillow(picture: Image.Image, width: int, height: int) -> np.ndarray:
    return np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS))


def assert_same(picture: Image.Image, width: int, height: int) -> None:
    resized = resize(torch.from_numpy(np.array(picture)), width, height)
    assert np.array_equal(resized.numpy(), by_pillow(picture, width, height))


@pytest.mark.parametrize("wanted", [(378, 378), (1176, 644)])
@pytest.mark.parametrize("size", [(640, 360), (640, 480), (480, 640), (1280, 720), (378, 378)])
def test_camera_frame_is_resized_as_pillow_does(size, wanted):
    assert_same(noise(*size), *wanted)


@settings(max_examples=200)
@given(width=sides, height=sides, to_width=sides, to_height=sides, seed=st.integers(0, 9))
def test_any_picture_is_resized_as_pillow_does(width, height, to_width, to_height, seed):
    assert_same(noise(width, height, seed), to_width, to_height)


@pytest.mark.parametrize("size", [(1, 3000), (3000, 1), (2, 2 * LINES_AT_ONCE + 1)])
def test_long_picture_is_resized_as_pillow_does(size):
    assert_same(noise(*size), 60, 50)


@pytest.mark.parametrize("size", [(50, 40), (MAX_SIDE_PX + 1, 2)])
def test_picture_is_resized_by_pillow_itself_on_a_cpu(size):
    picture = noise(*size)
    assert np.array_equal(resizer(picture, CPU)(30, 20).numpy(), by_pillow(picture, 30, 20))
