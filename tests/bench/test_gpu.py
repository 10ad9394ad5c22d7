"""The whole GPU bench on a processor, with a network small enough for a test."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bench.floor import BATCH_SIZES, FRAME_SIZES
from bench.gpu import Row
from bench.stamps import PROJECT

RUN_TIMEOUT_S = 300


def run_bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench.gpu", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )


def test_bench_writes_each_figure_with_its_floor(tmp_path: Path):
    done = run_bench("--device", "cpu", "--config", "tiny", "--out", str(tmp_path / "gpu.json"))
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "gpu.json").read_text())
    assert document == json.loads(done.stdout.splitlines()[-1])
    names = [row["name"] for row in document["rows"] if row["floor_ms"]]
    frames = [f"{w}x{h}" for w, h in FRAME_SIZES]
    assert names == [
        *(f"{what} {frame}" for frame in frames for what in ("encode", "first word")),
        "follow-up, first word",
        *(f"decode step, {n_rows} rows" for n_rows in BATCH_SIZES),
    ]
    assert str(tmp_path) not in done.stdout


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU to measure")
def test_bench_says_in_one_sentence_that_there_is_no_gpu():
    done = run_bench()
    assert done.returncode == 2
    assert "no cuda device" in done.stderr
    assert "Traceback" not in done.stderr


def test_work_of_the_host_has_no_floor():
    assert Row("eager", "crops", 2.0).over_floor is None
    assert Row("eager", "encode", 3.0, 2.0).over_floor == 1.5
