"""The events of one answer on their way to its client."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from protocol.answer import AnswerEvent
from protocol.pieces import TextDelta


class Outlet:
    """A sink that sends from the loop, in order, and never more words than the loop can take.

    What is written while the loop is still busy with earlier events leaves as one: so words do not
    queue up, however fast the model and however many the people. Called from one thread at a time,
    any.
    """

    def __init__(self, call: Callable[..., None], send: Callable[[AnswerEvent], Any]) -> None:
        """call: runs its arguments on the loop soon, in order; see `Bridge.call`."""
        self._call, self._send = call, send
        # Guards what follows: words that wait for the loop, None when the last event was another.
        self._lock = Lock()
        self._unsent: list[str] | None = None

    def __call__(self, event: AnswerEvent) -> None:
        with self._lock:
            if not isinstance(event, TextDelta):
                self._unsent = None
                self._call(self._send, event)
            elif self._unsent is not None:
                self._unsent.append(event.text)
            else:
                self._unsent = [event.text]
                self._call(self._send_words, event.id, self._unsent)

    def _send_words(self, id: str, unsent: list[str]) -> None:
        with self._lock:
            if self._unsent is unsent:
                self._unsent = None
        self._send(TextDelta(id, "".join(unsent)))
