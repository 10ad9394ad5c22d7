"""What a schema costs is told for one row and for eight, whatever it is."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.grammar import BATCH_SIZES, main
from tests.server import make_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("tiny"))


def test_bench_tells_a_step_with_and_without_a_schema(checkpoint: Path):
    options = ["--checkpoint", str(checkpoint), "--device", "cpu", "--steps", "3"]
    done = CliRunner().invoke(main, options, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    document = json.loads(done.output.splitlines()[-1])
    assert [row["n_rows"] for row in document["rows"]] == list(BATCH_SIZES)
    for row in document["rows"]:
        assert row["ratio"] == row["held_ms"] / row["free_ms"]
        assert 0 < row["kept_pace"] <= 1
    assert document["mask_ms"] > 0
    assert str(checkpoint) not in done.output
