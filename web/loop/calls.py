"""From other threads to the loop."""

import logging
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import eventlet
from eventlet.hubs import trampoline

log = logging.getLogger(__name__)


class Bridge:
    """Runs calls of other threads on the loop, in the order in which they were made."""

    def __init__(self) -> None:
        self._calls: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._is_woken = False

    def call(self, function: Callable[..., None], *args: Any) -> None:
        """Run `function(*args)` on the loop soon. From any thread, or a signal handler."""
        self._calls.append((function, args))
        # One wake-up serves all calls until the loop has heard it. Each costs two threads the lock.
        if not self._is_woken:
            self._is_woken = True
            with suppress(BlockingIOError):
                self._writer.send(b"\0")

    def call_later(self, delay_s: float, function: Callable[..., None], *args: Any) -> None:
        """Run `function(*args)` on the loop after so many seconds. On the loop only."""
        eventlet.spawn_after(delay_s, run_guarded, function, *args)

    def breathe(self) -> None:
        """Let others run: a client that never pauses must not starve the rest."""
        eventlet.sleep(0)

    def carry(self) -> None:
        """Make the calls as they come, without end."""
        while True:
            trampoline(self._reader, read=True)
            self._reader.recv(4096)
            # First this, then the calls: one that comes in between wakes the loop once more.
            self._is_woken = False
            while self._calls:
                function, args = self._calls.popleft()
                run_guarded(function, *args)


def run_guarded(function: Callable[..., None], *args: Any) -> None:
    """Make one call of many: what it raises is logged and ends nothing but itself."""
    try:
        function(*args)
    # One failing call must not take the others with it.
    except Exception:
        log.exception("A call on the loop failed")
