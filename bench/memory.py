"""Whether a server's memory stays flat."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from statistics import median

import psutil

# By then everything that is made once has been made.
EARLY_ANSWERS = 200
# Memory is the median of readings, one every so many answers, over a window of so many: at any one
# moment some messages are on their way, and each of them is held several times.
READ_EVERY, WINDOW = 10, 200
# Less growth than this from the window after the early answers to the last one is called flat.
FLAT_GROWTH = 0.02


def processes_of(pid: int) -> list[psutil.Process]:
    """A process and all that it started."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def titled(processes: Iterable[psutil.Process], words: str) -> list[psutil.Process]:
    """Those whose command line holds these words; one that has ended has none."""
    found = []
    for each in processes:
        with suppress(psutil.Error):
            if words in " ".join(each.cmdline()):
                found.append(each)
    return found


def model_processes(pid: int) -> list[psutil.Process]:
    """The process of a server in which its model lives, once it has started."""
    return titled(psutil.Process(pid).children(), "spawn_main")


def held_bytes(processes: list[psutil.Process]) -> int:
    """Memory that processes hold in RAM now."""
    return sum(each.memory_info().rss for each in processes)


class MemoryWatch:
    """Reads a server's memory now and then while it answers."""

    def __init__(self, read_bytes: Callable[[], int]) -> None:
        self._read_bytes = read_bytes
        self._readings: list[int] = []
        self.n_answers = 0

    def count_answer(self) -> None:
        self.n_answers += 1
        if self.n_answers % READ_EVERY == 0:
            self._readings.append(self._read_bytes())

    def as_json(self) -> dict:
        """What was read; growth is a fraction of early_bytes, both None after too few answers."""
        n_early, n_window = EARLY_ANSWERS // READ_EVERY, WINDOW // READ_EVERY
        readings = [*self._readings, self._read_bytes()]
        end_bytes, early_bytes, growth = round(median(readings[-n_window:])), None, None
        if len(readings) > n_early + 2 * n_window:
            early_bytes = round(median(readings[n_early : n_early + n_window]))
            growth = end_bytes / early_bytes - 1
        return {
            "early_answers": EARLY_ANSWERS,
            "early_bytes": early_bytes,
            "answers": self.n_answers,
            "end_bytes": end_bytes,
            "growth": growth,
        }
