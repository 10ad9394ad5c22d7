"""What both servers note while they answer."""

from collections.abc import MutableSequence
from pathlib import Path

PROJECT = Path(__file__).parent.parent

# (request id, time.monotonic() when the model let go of a piece of text, its characters), in order.
# The clock is the system's, so a client on the same machine may subtract.
Stamps = MutableSequence[tuple[str, float, int]]
