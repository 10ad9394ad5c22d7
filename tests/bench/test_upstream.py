"""The bench of `--upstream` in small."""

import json
import subprocess
import sys

from bench.stamps import PROJECT
from bench.upstream import DIRECT, SIDES

RUN_TIMEOUT_S = 200


def test_document_tells_what_upstream_adds_beside_the_server_itself():
    bench = subprocess.run(
        [sys.executable, "-m", "bench.upstream", "--answers", "3"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert bench.returncode == 0, bench.stderr
    *table, document = bench.stdout.splitlines()
    rows = {row["name"]: row for row in json.loads(document)["rows"]}
    assert tuple(rows) == SIDES
    assert all(0 < row["first_word_p50_ms"] <= row["first_word_p99_ms"] for row in rows.values())
    assert (rows[DIRECT]["added_ms"], rows[DIRECT]["rate_ratio"]) == (0, 1)
    assert len(table) == 1 + len(rows)
