"""The terminal that nobody may be reading: what is said there never ends the program.

A pipe whose reader left, a full disk, a stream that was closed at the start or that cannot spell a
letter loses words, and nothing but words.
"""

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import Any, TextIO

STANDARD_STREAMS = (0, 1, 2)


class Voice:
    """A text stream that swallows what it cannot say; in all else it is the stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def open_terminal() -> None:
    """Make the standard streams ones that can be written to at any time. First of all."""
    _fill_closed_streams()
    sys.stdout, sys.stderr = _voice(sys.stdout), _voice(sys.stderr)


def _voice(stream: TextIO | None) -> Voice:
    if stream is None:
        stream = open(os.devnull, "w")  # noqa: SIM115
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return Voice(stream)


def _fill_closed_streams() -> None:
    """Give closed standard streams a place: a socket opened in one would hear what is printed."""
    for number in STANDARD_STREAMS:
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            # Inherited by the model's process, too.
            os.dup2(nowhere, number)
            if nowhere != number:
                os.close(nowhere)
