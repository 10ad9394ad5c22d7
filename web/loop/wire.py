"""From another process to the loop, and back."""

import pickle
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import eventlet
from eventlet.event import Event
from eventlet.greenio import GreenSocket

from web.loop.calls import run_guarded

BUFFER_BYTES = 2**16


class Wire:
    """Messages to and from another process, on the loop: whatever can be pickled, in order.

    end: this side's end of a socket pair. on_message gets each message; on_end is called once, when
    the other side is gone. Both processes are ours: unpickling runs what it is told to.
    """

    def __init__(
        self,
        end: socket.socket,
        on_message: Callable[[Any], None],
        on_end: Callable[[], None],
    ) -> None:
        self._end = GreenSocket(end)
        self._on_message, self._on_end = on_message, on_end
        self._unsent: deque[bytes] = deque()
        self._has_ended = Event()
        eventlet.spawn(self._read)

    def send(self, message: object) -> None:
        """Send soon; what is sent after the other side's end is lost."""
        self._unsent.append(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
        if len(self._unsent) == 1:
            eventlet.spawn(self._write)

    def wait_for_end(self, timeout_s: float) -> bool:
        """Wait until the other side is gone; says whether that was in time."""
        with eventlet.Timeout(timeout_s, False):
            self._has_ended.wait()
        return self._has_ended.ready()

    def _write(self) -> None:
        with suppress(OSError):
            while self._unsent:
                self._end.sendall(self._unsent[0])
                self._unsent.popleft()

    def _read(self) -> None:
        inlet = self._end.makefile("rb", BUFFER_BYTES)
        # A process that was killed may leave half a message behind.
        with suppress(OSError, EOFError, pickle.UnpicklingError):
            while True:
                run_guarded(self._on_message, pickle.load(inlet))
        self._has_ended.send()
        self._on_end()
