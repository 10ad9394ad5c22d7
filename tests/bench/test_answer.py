"""Every millisecond of an answer has a stage, and every stage is told."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.answer import Stages, main
from tests.server import make_checkpoint


def test_shares_are_of_all_stages():
    stages = Stages({"once": [6.0, 4.0], "often": [3.0, 2.0, 4.0, 1.0]})
    once, often = stages.rows(n_answers=2)
    assert (once["times_per_answer"], once["median_ms"], once["share"]) == (1, 5, 0.5)
    assert (often["times_per_answer"], often["best_ms"], often["share"]) == (2, 1, 0.5)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("tiny"), max_context=256)


def test_one_answer_is_taken_apart_and_told(checkpoint: Path):
    done = CliRunner().invoke(main, ["--model", str(checkpoint), "--answers", "1"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.output.splitlines()[-1])
    assert len(document["rows"]) == 9
    assert sum(row["share"] for row in document["rows"]) == pytest.approx(1)
    assert [row["stage"] for row in document["rows"] if row["stage"] not in done.output] == []
