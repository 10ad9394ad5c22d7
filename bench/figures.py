"""From recorded times to the rows of the table."""

import math
import os
import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import fmean

from bench.clients import Arrival, Record
from bench.stamps import Stamps

# What the rows are called on paper, by their names in the JSON document.
ROWS = {
    "page_p50_ms": "GET / p50, ms",
    "page_p99_ms": "GET / p99, ms",
    "hop_p50_ms": "token hop p50, ms",
    "hop_p99_ms": "token hop p99, ms",
    "first_word_p50_ms": "first word p50, ms",
    "first_word_p99_ms": "first word p99, ms",
    "answer_tokens_per_s": "tokens / s of an answer",
    "tokens_per_s": "tokens / s",
    "answers_per_s": "answers / s",
    "wait_spread": "slowest / fastest wait",
    "late_p99_ms": "load late p99, ms",
}
CPU_INFO = Path("/proc/cpuinfo")

Figures = dict[str, float | None]


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that `percent` of all values do not exceed; None when there are none."""
    if not values:
        return None
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[max(0, rank - 1)]


def hops_ms(stamps: Stamps, arrivals: dict[str, list[Arrival]]) -> list[float]:
    """Milliseconds from the sink to the client, one for each piece of text that the model wrote.

    A piece arrived when its last character did; pieces may arrive together. Raises ValueError when
    an answer did not arrive whole.
    """
    written: dict[str, list[Arrival]] = {id: [] for id in arrivals}
    for id, written_at, n_chars in stamps:
        if id in written:
            written[id].append((written_at, n_chars))
    return [each for id in arrivals for each in _hops_ms(written[id], arrivals[id])]


def _hops_ms(written: list[Arrival], arrived: list[Arrival]) -> Iterator[float]:
    if sum(n for _, n in written) != sum(n for _, n in arrived):
        raise ValueError("Text was lost on its way.")
    ways, n_arrived, n_written, arrived_at = iter(arrived), 0, 0, 0.0
    for written_at, n_chars in written:
        n_written += n_chars
        while n_arrived < n_written:
            arrived_at, n_more = next(ways)
            n_arrived += n_more
        yield (arrived_at - written_at) * 1000


def summarise(record: Record, stamps: Stamps) -> Figures:
    """One value for each of ROWS.

    late_p99_ms is the load process's own: where it is large, the machine was too busy to measure.
    """
    hop_ms = hops_ms(stamps, record.arrivals)
    first_word_ms = [each for waits in record.wait_ms.values() for each in waits]
    return {
        "page_p50_ms": percentile(record.page_ms, 50),
        "page_p99_ms": percentile(record.page_ms, 99),
        "hop_p50_ms": percentile(hop_ms, 50),
        "hop_p99_ms": percentile(hop_ms, 99),
        "first_word_p50_ms": percentile(first_word_ms, 50),
        "first_word_p99_ms": percentile(first_word_ms, 99),
        "answer_tokens_per_s": percentile(record.answer_tokens_per_s, 50),
        "tokens_per_s": record.n_tokens / record.seconds,
        "answers_per_s": record.n_answers / record.seconds,
        "wait_spread": wait_spread(record.wait_ms),
        "late_p99_ms": percentile(record.late_ms, 99),
    }


def wait_spread(wait_ms: dict[int, list[float]]) -> float | None:
    """The slowest client's mean wait over the fastest's; None when nobody waited."""
    means = [fmean(waits) for waits in wait_ms.values()]
    return max(means) / min(means) if means else None


def ratios(naive: Figures, ours: Figures) -> Figures:
    """naive / ours for each row; None where one of them has no value."""
    return {
        name: naive_value / ours_value
        if (naive_value := naive[name]) is not None and (ours_value := ours[name])
        else None
        for name in ROWS
    }


def machine() -> dict[str, str | int]:
    """The class of this machine: nothing in it names the machine itself."""
    return {
        "cores": os.cpu_count() or 1,
        "cpu": _cpu_model(),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": version("torch"),
    }


def busy_cores() -> float | None:
    """How many cores were busy in the last minute, None where the system does not say."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def _cpu_model() -> str:
    if CPU_INFO.is_file():
        for line in CPU_INFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
