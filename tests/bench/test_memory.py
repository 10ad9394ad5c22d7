"""When memory counts as flat."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from bench.memory import EARLY_ANSWERS, WINDOW, MemoryWatch, held_bytes, processes_of


def watch_of(n_answers: int, read: Callable[[int], int]) -> MemoryWatch:
    """A watch that saw so many answers; `read` tells the memory after each of them."""
    watch = MemoryWatch(lambda: read(watch.n_answers))
    for _ in range(n_answers):
        watch.count_answer()
    return watch


def test_growth_counts_from_the_first_answers_to_the_last():
    n_answers = EARLY_ANSWERS + 2 * WINDOW
    told = watch_of(n_answers, lambda n: 1 if n <= EARLY_ANSWERS else 1000 + n // WINDOW).as_json()
    assert (told["early_bytes"], told["end_bytes"]) == (1001, 1002)
    assert told["growth"] == pytest.approx(1 / 1001)
    assert told["answers"] == n_answers


def test_growth_is_not_that_of_a_single_moment():
    """Whatever was on its way when the last answer came counted as a leak of 3%."""
    n_answers = EARLY_ANSWERS + 3 * WINDOW
    told = watch_of(n_answers, lambda n: 2000 if n == n_answers else 1000).as_json()
    assert told["growth"] == 0.0


def test_growth_is_unknown_after_too_few_answers():
    watch = watch_of(EARLY_ANSWERS + 2 * WINDOW - 1, lambda n: 1000)
    assert watch.as_json()["growth"] is None


def test_memory_counts_the_processes_that_a_process_started():
    hold = "import sys; held = b'x' * 50_000_000; print(1, flush=True); sys.stdin.read()"
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        assert held_bytes(processes_of(process.pid)) > 50_000_000
        process.stdin.close()
