"""The graphs are those of the network; what they compute is compared in a real browser."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
import torch
from onnx import ModelProto, numpy_helper
from onnx.reference import ReferenceEvaluator

from in_browser.graph import Graph
from in_browser.graphs import GRAPHS, merge
from in_browser.stored import Place, Weights
from moondream2.config import Config, VisionConfig
from moondream2.network import Network
from tests.checkpoint_folders import PARITY


class Inside(Weights):
    """Weights that lie in the graph itself."""

    def __init__(self, network: Network) -> None:
        self._weights = dict(network.named_parameters())

    def tensor(self, graph: Graph, name: str) -> str:
        array = self._weights[name].detach().numpy()
        return graph.stored(numpy_helper.from_array(array, name))

    def table(self, name: str) -> tuple[list[Place], str]:
        raise AssertionError("no graph reads a table")

    def end_file(self) -> None:
        pass


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return Network(Config.from_file(PARITY / "config.json")).eval()


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_graph_is_one(network: Network, make: Callable[[Config, Weights], ModelProto]):
    onnx.checker.check_model(make(network.config, Inside(network)))


def shares(n: int, config: VisionConfig) -> np.ndarray:
    """How much of each cell of n tiles, laid side by side, goes into each place of the grid."""
    grid, margin = config.grid_size, config.overlap_margin
    kept = [
        tile * grid + cell
        for tile in range(n)
        for cell in range(margin if tile else 0, grid - margin if tile < n - 1 else grid)
    ]
    matrix = np.zeros((grid, n * grid), np.float32)
    for place in range(grid):
        begin, end = place * len(kept) // grid, -(-(place + 1) * len(kept) // grid)
        matrix[place, kept[begin:end]] = 1 / (end - begin)
    return matrix


@pytest.mark.parametrize("tiling", [(1, 1), (1, 2), (2, 3), (3, 1), (5, 2)])
@torch.inference_mode()
def test_tiles_are_joined_and_pooled_by_two_matrices(network: Network, tiling: tuple[int, int]):
    config = network.config.vision
    n_crops = 1 if tiling == (1, 1) else 1 + tiling[0] * tiling[1]
    features = torch.randn(n_crops, config.n_image_tokens, config.enc_dim)
    fed = {"features": features.numpy()}
    fed |= {name: shares(n, config) for name, n in zip(("down", "across"), tiling, strict=True)}
    (tokens,) = ReferenceEvaluator(merge(network.config, Inside(network))).run(None, fed)
    assert np.allclose(tokens[0], network.vision.merge(features, tiling), atol=1e-5)
