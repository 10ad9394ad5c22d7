"""Lines of a check: read by a person, pasted into a report, and silent about who somebody is."""

import sys
from pathlib import Path
from typing import TextIO

MARK_WIDTH, TOPIC_WIDTH = 7, 11
FAULT = "FAULT"


class Report:
    """Prints a line as soon as it is known; `n_faults` counts what is wrong. One thread a time."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._is_open = False
        self.n_faults = 0

    def tell(self, topic: str, words: str) -> None:
        """Say how something is."""
        self._print("", topic, words)

    def begin(self, topic: str, words: str) -> None:
        """Begin a line to which `go_on` adds."""
        self._print("", topic, words, end="")
        self._is_open = True

    def go_on(self, words: str, *, is_end: bool = False) -> None:
        """Say more in the line that was begun."""
        self._write(plain(words) + ("\n" if is_end else ""))
        self._is_open = not is_end

    def fault(self, topic: str, words: str) -> None:
        """Say what is wrong, and what helps."""
        self.n_faults += 1
        self._print(FAULT, topic, words)

    def _print(self, mark: str, topic: str, words: str, end: str = "\n") -> None:
        # What breaks off in the middle of an answer gets a line of its own.
        before = "\n" if self._is_open else ""
        self._is_open = False
        self._write(f"{before}{mark:{MARK_WIDTH}}{topic:{TOPIC_WIDTH}}{plain(words)}{end}")

    def _write(self, text: str) -> None:
        # A terminal of few letters shows what it can.
        encoding = self._out.encoding or "utf-8"
        print(text.encode(encoding, "replace").decode(encoding), end="", file=self._out, flush=True)


def plain(words: str) -> str:
    """Words without the home folder's name, and without what would move a terminal's cursor."""
    home = str(Path.home())
    # A home such as "/" is nobody's name.
    if len(Path(home).parts) > 1:
        words = words.replace(home, "~")
    return "".join(each if each.isprintable() else " " for each in words)
