"""The whole GPU bench on a processor, with a network small enough for a test."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from bench.floor import BATCH_SIZES, FRAME_SIZES, Limits
from bench.gpu import CONFIGS, Row, main, measure_network
from bench.make_checkpoint import write_checkpoint
from moondream2.graphs import GraphDiffers, StepGraphs
from settings import Settings


def run_bench(*arguments: str) -> Result:
    """What `python -m bench.gpu` does."""
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_bench_writes_each_figure_with_its_floor(tmp_path: Path):
    done = run_bench("--device", "cpu", "--config", "tiny", "--out", str(tmp_path / "gpu.json"))
    assert done.exit_code == 0, done.stderr
    document = json.loads((tmp_path / "gpu.json").read_text())
    assert document == json.loads(done.stdout.splitlines()[-1])
    names = [row["name"] for row in document["rows"] if row["floor_ms"]]
    frames = [f"{w}x{h}" for w, h in FRAME_SIZES]
    assert names == [
        *(f"{what} {frame}" for frame in frames for what in ("encode", "first word")),
        "follow-up, first word",
        *[f"decode step, {n_rows} rows" for n_rows in BATCH_SIZES] * 2,
    ]
    assert [each["rows"] for each in document["graphs"]] == list(BATCH_SIZES)
    assert all(each["verified"] and not each["largest_difference"] for each in document["graphs"])
    assert document["operations"].keys() == {"eager", "static"}
    assert document["faults"] == []
    assert str(tmp_path) not in done.stdout


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU to measure")
def test_bench_says_in_one_sentence_that_there_is_no_gpu():
    done = run_bench()
    assert done.exit_code == 2
    assert "no cuda device" in done.stderr
    assert "Traceback" not in done.stderr


def test_work_of_the_host_has_no_floor():
    assert Row("eager", "crops", 2.0).over_floor is None
    assert Row("eager", "encode", 3.0, 2.0).over_floor == 1.5


def test_bandwidth_is_told_of_what_mostly_reads():
    assert Row("graphs", "encode", 4.0, 3.0).of_bandwidth is None
    assert Row("graphs", "decode step", 4.0, 3.0, is_reading=True).of_bandwidth == 0.75


class Sabotaged(StepGraphs):
    """Graphs that work for one row and no others."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        if max(bucket.n_rows for bucket in self.differences) > 1:
            raise GraphDiffers("is off by 1")


def test_graphs_that_fail_cost_no_other_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bench.gpu.StepGraphs", Sabotaged)
    write_checkpoint(tmp_path, CONFIGS["tiny"], torch.float32)
    limits = Limits(operations_per_s=1e9, bytes_per_s=1e9)
    figures = measure_network(tmp_path, Settings(device="cpu", dtype="float32"), limits)
    decoded = [(row.variant, row.name) for row in figures.rows if "decode" in row.name]
    assert decoded == [
        *(("eager", f"decode step, {n_rows} rows") for n_rows in BATCH_SIZES),
        ("static", "decode step, 1 rows"),
    ]
    assert figures.faults == [
        f"static, {n_rows} rows: GraphDiffers: is off by 1" for n_rows in BATCH_SIZES[1:]
    ]
