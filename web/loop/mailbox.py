"""From one place of the loop to a greenlet that waits there."""

from typing import Generic, TypeVar

import eventlet
from eventlet.queue import Empty, LightQueue

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds what was put in, in order, for the one greenlet that takes it out. On the loop only."""

    def __init__(self) -> None:
        self._queue: LightQueue = LightQueue()

    def __len__(self) -> int:
        return self._queue.qsize()

    def put(self, item: T) -> None:
        """Never blocks."""
        self._queue.put_nowait(item)

    def take(self, timeout_s: float) -> T | None:
        """The next item; None when none came for so long. Lets others run meanwhile."""
        try:
            return self._queue.get(timeout=timeout_s)
        except Empty:
            return None


def pause(seconds: float) -> None:
    """Let only others run for so long."""
    eventlet.sleep(seconds)
