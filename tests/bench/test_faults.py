"""The bench of faults in small: everybody gets one end, and nothing is left behind."""

import json
import subprocess
import sys
from itertools import islice

import pytest

from bench.ends import Phase
from bench.hostile import BODIES, EVENTS, hostile_events, hostile_posts
from bench.stamps import PROJECT

RUN_TIMEOUT_S = 300


def test_nothing_is_lost_doubled_or_leaked_whatever_is_done_to_a_server():
    size = ["--malformed", "12", "--cuts", "2", "--clients", "6"]
    bench = subprocess.run(
        [sys.executable, "-m", "bench.faults", *size],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert bench.returncode == 0, bench.stdout + bench.stderr
    document = json.loads(bench.stdout.splitlines()[-1])
    phases = {phase["name"]: phase for phase in document["phases"]}
    n_doors = len(BODIES) + 1 + len(EVENTS)
    assert phases["malformed"]["sent"] == 12 * n_doors + 2
    assert phases["malformed"]["refused"] > phases["malformed"]["answered"] > 0
    assert phases["everybody"]["answered"] == 12
    assert phases["server killed"]["answered"] == 2


@pytest.mark.parametrize(
    ("error", "counted"),
    [(None, "answered"), ({"code": "busy"}, "refused"), ({"code": "internal"}, "broken")],
)
def test_each_end_is_counted_as_what_it_is(error, counted):
    phase = Phase("a phase", sent=1)
    phase.take(error)
    assert getattr(phase, counted) == 1
    assert phase.is_right is (counted != "broken")


def test_hostile_requests_are_the_same_for_the_same_seed():
    for make in (hostile_posts, hostile_events):
        first, again, other = (list(islice(make(seed), 50)) for seed in (1, 1, 2))
        assert first == again != other
