"""The parts joined: what one row is given is its own, and a picture begins it."""

import pytest
import torch
from torch import Tensor

from moondream2.crops import blank_picture
from moondream2.kv_cache import KVCache
from moondream2.network import Coordinate, Input, Network, Size
from tests.moondream2.conftest import Loaded

INPUTS: list[Input] = [7, Coordinate(0.25), Size(0.5, 0.125), 300]


@pytest.fixture(scope="module")
def network(loaded: Loaded) -> Network:
    return loaded.network


def image_tokens(network: Network) -> Tensor:
    return torch.randn(network.config.vision.n_image_tokens, network.config.text.dim)


def fill(cache: KVCache, lengths: list[int]) -> None:
    """Make rows so long; what lies behind their ends is noise, as earlier answers leave it."""
    cache.kv.normal_()
    cache.lengths[:] = lengths


@torch.inference_mode()
def test_rows_fed_together_get_what_each_gets_alone_in_the_order_asked(network: Network):
    together, alone = network.make_cache(5), network.make_cache(5)
    fill(together, [3, 9, 0, 20, 1])
    alone.kv.copy_(together.kv)
    alone.lengths[:] = together.lengths
    rows = [3, 0, 4, 2]
    hidden = network.feed(together, rows, [[item] for item in INPUTS])
    for place, (row, item) in enumerate(zip(rows, INPUTS, strict=True)):
        assert torch.allclose(hidden[place], network.feed(alone, [row], [[item]])[0], atol=1e-4)
    assert together.lengths == alone.lengths == [4, 9, 1, 21, 2]


@torch.inference_mode()
def test_row_between_those_that_are_fed_keeps_what_it_holds(network: Network):
    cache = network.make_cache(3)
    fill(cache, [3, 9, 5])
    before = cache.kv[:, 1, :, :9].clone()
    network.feed(cache, [0, 2], [[7], [300]])
    assert torch.equal(cache.kv[:, 1, :, :9], before)
    assert cache.lengths == [4, 9, 6]


@torch.inference_mode()
def test_inputs_of_three_kinds_become_the_vectors_of_their_parts(network: Network):
    x = network.embed_inputs([INPUTS, INPUTS[::-1]])
    expected = torch.stack(
        [
            network.text.wte[7],
            network.region.encode_coordinate(torch.tensor([0.25])),
            network.region.encode_size(torch.tensor([0.5, 0.125])),
            network.text.wte[300],
        ]
    )
    assert torch.allclose(x, torch.stack([expected, expected.flip(0)]), atol=1e-6)


@torch.inference_mode()
def test_bos_and_picture_see_each_other_both_ways(network: Network):
    cache, picture = network.make_cache(1), image_tokens(network)
    before = network.begin_with_picture(cache, 0, picture)
    assert before.shape == (network.config.prefix_length, network.config.text.dim)
    picture[-1].neg_()
    after = network.begin_with_picture(cache, 0, picture)
    assert (after - before).abs().amax(dim=-1).min() > 1e-4


@torch.inference_mode()
def test_prompt_after_a_picture_sees_only_what_came_before(network: Network):
    cache, picture = network.make_cache(1), image_tokens(network)
    streams = []
    for last in (7, 300):
        network.begin_with_picture(cache, 0, picture)
        streams.append(network.feed(cache, [0], [[33, 34, last]])[0])
    assert torch.equal(streams[0][:2], streams[1][:2])
    assert not torch.allclose(streams[0][2], streams[1][2])


@torch.inference_mode()
def test_picture_begins_its_row_anew(network: Network):
    cache, picture = network.make_cache(2), image_tokens(network)
    first = network.begin_with_picture(cache, 1, picture)
    network.feed(cache, [1], [[33, 34]])
    assert torch.equal(network.begin_with_picture(cache, 1, picture), first)
    assert cache.lengths == [0, network.config.prefix_length]


@pytest.mark.parametrize("size", [(20, 20), (400, 20), (200, 100)])
@torch.inference_mode()
def test_picture_of_any_size_is_as_many_tokens(network: Network, size: tuple[int, int]):
    expected = (network.config.vision.n_image_tokens, network.config.text.dim)
    assert network.encode_picture(blank_picture(size)).shape == expected


@torch.inference_mode()
def test_crops_may_be_encoded_in_several_passes(network: Network, loaded: Loaded):
    """So that steps of running answers come between them."""
    crops, tiling = network.cut(loaded.reference.picture("kiosk"))
    assert len(crops) > 2
    features = torch.cat([network.encode_crops(part) for part in crops.split(2)])
    at_once = network.vision.merge(network.encode_crops(crops), tiling)
    assert torch.allclose(network.vision.merge(features, tiling), at_once, atol=1e-4)


def test_small_picture_is_cut_once(network: Network):
    crops, tiling = network.cut(blank_picture((20, 20)))
    size = network.config.vision.crop_size
    assert (crops.shape, crops.dtype, tiling) == ((1, size, size, 3), torch.uint8, (1, 1))


def test_cpu_captures_no_steps_and_complains_of_nothing(
    loaded: Loaded, caplog: pytest.LogCaptureFixture
):
    network = Network(loaded.network.config)
    network.capture_steps(network.make_cache(1))
    assert network.graphs is None
    assert not caplog.records
