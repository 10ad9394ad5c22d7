"""The bench of a flood in small."""

import json
import subprocess
import sys
from itertools import islice

from bench.flood import FLOODS, Flood
from bench.stamps import PROJECT

RUN_TIMEOUT_S = 200


def test_document_tells_how_long_a_page_waits_beside_each_flood():
    bench = subprocess.run(
        [sys.executable, "-m", "bench.flood", "--questions", "2", "--floods", "2"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert bench.returncode == 0, bench.stderr
    *table, document = bench.stdout.splitlines()
    rows = json.loads(document)["rows"]
    assert [row["name"] for row in rows] == [flood.name for flood in FLOODS[:2]]
    assert all(0 < row["p50_ms"] <= row["p99_ms"] for row in rows)
    assert len(table) == 1 + len(rows)


def test_good_questions_are_all_different():
    bodies = list(islice(Flood("good", 1).bodies(), 10))
    assert len(set(bodies)) == 10
    assert all("image_url" in json.loads(body) for body in bodies)
