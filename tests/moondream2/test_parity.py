"""Our network gets the reference's numbers from the reference's weights, stage by stage."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from bench.parity import GROUPS, Fixture, main
from tests.checkpoint_folders import PARITY
from tests.other_ids import write_other_ids


@pytest.fixture(scope="module")
def fixture() -> Fixture:
    return Fixture(PARITY)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
@torch.inference_mode()
def test_numbers_equal_the_recorded_reference(group: Callable, fixture: Fixture):
    stages = list(group(fixture))
    assert stages
    assert not [stage for stage in stages if not stage.passes]


def test_command_fails_when_a_number_differs(tmp_path: Path):
    folder = Path(shutil.copytree(PARITY, tmp_path / "fixture"))
    tensors = load_file(folder / "expected.safetensors")
    name = next(iter(json.loads((folder / "expected.json").read_text())["pictures"]))
    tensors[f"{name}/projected"] *= 1.01
    save_file(tensors, folder / "expected.safetensors")
    done = CliRunner().invoke(main, [str(folder)], catch_exceptions=False)
    assert done.exit_code == 1
    assert f"{name} projected" in next(
        line for line in done.stdout.splitlines() if line.startswith("FAIL")
    )


@pytest.mark.parametrize("n_moved", [21, None], ids=["control tokens", "all tokens"])
def test_numbers_are_those_of_the_reference_whatever_the_ids(n_moved: int | None, tmp_path: Path):
    """A checkpoint whose texts begin and end with different tokens was refused."""
    folder = write_other_ids(tmp_path / "fixture", seed=7, n_moved=n_moved)
    tokenizer = json.loads((folder / "config.json").read_text())["tokenizer"]
    assert len({0, tokenizer["bos_id"], tokenizer["eos_id"]}) == 3
    done = CliRunner().invoke(main, [str(folder)], catch_exceptions=False)
    assert [line for line in done.stdout.splitlines() if line.startswith("FAIL")] == []
    assert done.exit_code == 0
