"""What the bench of the tab prints, and that it measures both sides."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.browser import SERVER, WASM, Side, sizes
from bench.chromium import NAMES
from in_browser.runtime import FILES, is_fetched
from tests.browser.conftest import NO_BROWSER
from tests.browser.in_tab import NO_RUNTIME

ROOT = Path(__file__).parents[2]


def test_row_is_the_median_of_what_was_seen():
    side = Side(load_s=2.0, again_s=1.0)
    for first_ms, boxes_ms, look_ms in ((50, 8, 40), (70, 9, 60), (60, 7, 50)):
        side.add(first_ms, 11, 100.0, boxes_ms, look_ms)
    row = side.row()
    assert (row["first_word_ms"], row["boxes_ms"], row["look_ms"]) == (60, 8, 50)
    assert row["tokens_per_s"] == 100


def test_server_has_no_look_of_its_own():
    side = Side()
    side.add(50, 11, 100.0, 8)
    assert side.row()["look_ms"] is None


def test_bytes_are_told_by_what_they_are_for(tmp_path: Path):
    names = ["index.html", "service_worker.js", "moonsight.js", "static/a.css", "tab/b.js"]
    names += ["models/demo/model.json", *(f"runtime/{each}" for each in sum(FILES.values(), ()))]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(1000))
    told = sizes(tmp_path)
    assert {name: raw for name, (raw, _) in told.items()} == {
        "page": 5000,
        "runtime for wasm": 2000,
        "runtime for webgpu": 2000,
        "model demo": 1000,
    }
    assert all(compressed < raw / 10 for raw, compressed in told.values())


@pytest.mark.browser
@pytest.mark.skipif(not is_fetched(), reason=NO_RUNTIME)
@pytest.mark.skipif(not any(map(shutil.which, NAMES)), reason=NO_BROWSER)
def test_tab_and_server_are_asked_about_the_same_frames():
    done = subprocess.run(
        [sys.executable, "-m", "bench.browser", "--views", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sides = json.loads(done.stdout.splitlines()[-1])["sides"]
    assert sides.keys() == {SERVER, WASM}
    for side in sides.values():
        assert side["first_word_ms"] > 0
        assert side["tokens_per_s"] > 0
        assert side["memory_mb"] > 50
    assert "x of the server's" in done.stdout
