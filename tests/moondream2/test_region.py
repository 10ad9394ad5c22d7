"""Bins cover the frame from end to end, and what is read can be fed back."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from moondream2.config import RegionConfig
from moondream2.region import Region

CONFIG = RegionConfig(
    dim=8, coord_feat_dim=6, coord_out_dim=16, size_feat_dim=10, size_out_dim=40, inner_dim=12
)
REGION = Region(CONFIG)
N_SIZES = CONFIG.size_out_dim // 2


def test_coordinates_go_from_the_edge_in_even_steps_and_stop_one_short_of_the_other_edge():
    places = [REGION.coordinate_of_bin(index) for index in range(CONFIG.coord_out_dim)]
    assert places == [index / 16 for index in range(16)]


def test_sizes_go_from_a_1024th_of_the_frame_to_all_of_it_by_one_factor():
    sizes = [REGION.size_of_bin(index) for index in range(N_SIZES)]
    assert (sizes[0], sizes[-1]) == (1 / 1024, 1.0)
    factors = [after / before for before, after in pairwise(sizes)]
    assert factors == pytest.approx([1024 ** (1 / (N_SIZES - 1))] * (N_SIZES - 1))


@pytest.mark.parametrize("size_out_dim", [4, 40, RegionConfig.size_out_dim])
def test_bin_of_a_size_is_the_inverse_of_the_size_of_a_bin(size_out_dim: int):
    region = Region(replace(CONFIG, size_out_dim=size_out_dim))
    bins = list(range(size_out_dim // 2))
    assert [region.bin_of_size(region.size_of_bin(each)) for each in bins] == pytest.approx(bins)


@pytest.mark.parametrize("size", [0.0, -0.5, 1e-9, 1 / 1024])
def test_whatever_is_smaller_than_the_smallest_size_takes_its_bin(size: float):
    assert REGION.bin_of_size(size) == 0


def test_width_bins_stand_before_height_bins():
    hidden = torch.randn(3, CONFIG.dim)
    widths, heights = REGION.decode_size(hidden).unbind(dim=-2)
    assert torch.equal(torch.cat([widths, heights], dim=-1), REGION.size_decoder(hidden))


@pytest.mark.parametrize(
    ("encode", "n_values"), [(REGION.encode_coordinate, 1), (REGION.encode_size, 2)]
)
def test_places_encoded_together_are_encoded_as_alone(encode, n_values: int):
    values = torch.rand(2, 3, n_values)
    vectors = encode(values)
    assert vectors.shape == (2, 3, CONFIG.dim)
    assert torch.allclose(vectors[1, 2], encode(values[1, 2]), atol=1e-6)


def test_all_cosines_stand_before_all_sines():
    """At 0 every cosine is 1 and every sine 0, whatever the frequencies are."""
    half = CONFIG.coord_feat_dim // 2
    encoder = REGION.coord_encoder
    expected = encoder.weight[:, :half].sum(dim=-1) + encoder.bias
    assert torch.allclose(REGION.encode_coordinate(torch.zeros(1)), expected, atol=1e-6)
