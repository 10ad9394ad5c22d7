"""What temperature and top-p leave, and that draws can be repeated."""

import json

import pytest
import torch

from moondream2.sampling import Sampling, choose, distribution
from tests.checkpoint_folders import PARITY
from tests.moondream2.conftest import Reference

CASES = json.loads((PARITY / "expected.json").read_text())["sampling"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["key"])
def test_distribution_equals_the_reference(case: dict, reference: Reference):
    sampling = Sampling(case["temperature"], case["top_p"])
    left = distribution(reference.tensors["sampling/logits"], sampling)
    assert reference.distance(left, case["key"]) <= 1e-5


@pytest.mark.parametrize("temperature", [0.0, 5e-324, 1e-40, 1e-4])
def test_temperature_near_zero_takes_the_likeliest(temperature: float):
    """A temperature of 1e-40 once divided the scores to infinity, and the draw broke."""
    sampling = Sampling(temperature)
    generator = sampling.generator(torch.device("cpu"))
    assert choose(torch.tensor([0.1, 3.0, 2.9]), sampling, generator) == 1


def test_the_same_seed_draws_the_same_tokens():
    sampling = Sampling(temperature=1.0, top_p=1.0, seed=7)
    logits = torch.zeros(100)
    draws = []
    for _ in range(2):
        generator = sampling.generator(torch.device("cpu"))
        draws.append([choose(logits, sampling, generator) for _ in range(20)])
    assert draws[0] == draws[1]
