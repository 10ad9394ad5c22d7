"""When memory counts as flat."""

import subprocess
import sys

import pytest

from bench.memory import EARLY_ANSWERS, MemoryWatch, held_bytes


def watch_of(*read: int) -> MemoryWatch:
    """A watch that will read these values, one at each reading."""
    values = iter(read)
    return MemoryWatch(lambda: next(values))


def test_growth_counts_from_the_first_answers_to_the_end():
    watch = watch_of(1000, 1010)
    for _ in range(EARLY_ANSWERS + 5):
        watch.count_answer()
    told = watch.as_json()
    assert told["growth"] == pytest.approx(0.01)
    assert (told["early_bytes"], told["end_bytes"]) == (1000, 1010)
    assert told["answers"] == EARLY_ANSWERS + 5


def test_growth_is_unknown_after_too_few_answers():
    watch = watch_of(1010)
    watch.count_answer()
    assert watch.as_json()["growth"] is None


def test_memory_counts_the_processes_that_a_process_started():
    hold = "import sys; held = b'x' * 50_000_000; print(1, flush=True); sys.stdin.read()"
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        assert held_bytes(process.pid) > 50_000_000
        process.stdin.close()
