"""Tilings of the sizes that cameras have."""

import json

import pytest

from moondream2.config import VisionConfig
from moondream2.crops import select_tiling
from tests.checkpoint_folders import PARITY

TILINGS = json.loads((PARITY / "expected.json").read_text())["tilings"]
ROWS = [(case, row) for case in TILINGS.values() for row in case["rows"]]


@pytest.mark.parametrize(("case", "row"), ROWS)
def test_tiling_equals_the_reference(case: dict, row: dict):
    height, width = row["height"] - case["border"], row["width"] - case["border"]
    tiling = select_tiling(height, width, case["window"], case["max_crops"])
    assert list(tiling) == row["tiling"]


def test_grid_size_does_not_depend_on_the_number_of_layers():
    """The reference takes its 27 layers for the 27 patches of a side."""
    assert VisionConfig(enc_n_layers=3).grid_size == 27
