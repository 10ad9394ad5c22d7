"""Whether a server's memory stays flat."""

from collections.abc import Callable

import psutil

# By then everything that is made once has been made.
EARLY_ANSWERS = 200
# Less growth than this from then to the end is called flat.
FLAT_GROWTH = 0.02


def held_bytes(pid: int) -> int:
    """Memory that a process and those it started hold in RAM now."""
    process = psutil.Process(pid)
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))


class MemoryWatch:
    """Reads a server's memory after its first answers and whenever it is asked."""

    def __init__(self, read_bytes: Callable[[], int]) -> None:
        self._read_bytes = read_bytes
        self.n_answers = 0
        self.early_bytes: int | None = None

    def count_answer(self) -> None:
        self.n_answers += 1
        if self.n_answers == EARLY_ANSWERS:
            self.early_bytes = self._read_bytes()

    def as_json(self) -> dict:
        """Read the memory once more; growth is a fraction of EARLY_ANSWERS', None if unknown."""
        end_bytes, growth = self._read_bytes(), None
        if self.early_bytes is not None:
            growth = end_bytes / self.early_bytes - 1
        return {
            "early_answers": EARLY_ANSWERS,
            "early_bytes": self.early_bytes,
            "answers": self.n_answers,
            "end_bytes": end_bytes,
            "growth": growth,
        }
