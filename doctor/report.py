"""Lines of a check: read by a person, pasted into a report, and silent about who somebody is."""

import sys
from pathlib import Path
from typing import TextIO

MARK_WIDTH, TOPIC_WIDTH = 7, 11
FAULT = "FAULT"


class Report:
    """Prints a line as soon as it is known; `n_faults` counts what is wrong. From any thread."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self.n_faults = 0

    def tell(self, topic: str, words: str) -> None:
        """Say how something is."""
        self._print("", topic, words, end="\n")

    def begin(self, topic: str, words: str) -> None:
        """Begin a line that `go_on` ends."""
        self._print("", topic, words, end="")

    def go_on(self, words: str, *, is_end: bool = False) -> None:
        """Say more in the line that was begun."""
        print(plain(words), end="\n" if is_end else "", file=self._out, flush=True)

    def fault(self, topic: str, words: str) -> None:
        """Say what is wrong, and what helps."""
        self.n_faults += 1
        self._print(FAULT, topic, words, end="\n")

    def _print(self, mark: str, topic: str, words: str, end: str) -> None:
        line = f"{mark:{MARK_WIDTH}}{topic:{TOPIC_WIDTH}}{plain(words)}"
        print(line, end=end, file=self._out, flush=True)


def plain(words: str) -> str:
    """Words without the home folder's name, and without what would move a terminal's cursor."""
    home = str(Path.home())
    # A home such as "/" is nobody's name.
    if len(Path(home).parts) > 1:
        words = words.replace(home, "~")
    return "".join(each if each.isprintable() else " " for each in words)
