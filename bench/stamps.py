"""What both servers note while they answer."""

import json
from collections import deque
from collections.abc import MutableSequence
from pathlib import Path
from time import monotonic

from backends.resident import ResidentModel
from protocol.answer import AnswerEvent, Sink
from protocol.pieces import TextDelta
from protocol.request import Request
from settings import Settings

PROJECT = Path(__file__).parent.parent

# (request id, time.monotonic() when the model let go of a piece of text, its characters), in order.
# The clock is the system's, so a client on the same machine may subtract.
Stamps = MutableSequence[tuple[str, float, int]]


def make_stamps(file: Path | None) -> Stamps:
    """Where notes go; without a file to write them to, nowhere: notes are memory, too."""
    return [] if file else deque(maxlen=0)


def write_stamps(stamps: Stamps, file: Path | None) -> None:
    if file:
        file.write_text(json.dumps(stamps))


class StampedModel(ResidentModel):
    """The model as it is, but for a note at each token event before the sink gets it.

    The notes are written to a file when it closes; without one, nothing is kept.
    """

    def __init__(self, file: Path | None, settings: Settings) -> None:
        self._file = file
        self._stamps = make_stamps(file)
        super().__init__(settings)

    def submit(self, request: Request, sink: Sink) -> None:
        stamps = self._stamps

        def stamp(event: AnswerEvent) -> None:
            if isinstance(event, TextDelta):
                stamps.append((event.id, monotonic(), len(event.text)))
            sink(event)

        super().submit(request, stamp)

    def close(self) -> bool:
        has_ended = super().close()
        write_stamps(self._stamps, self._file)
        return has_ended
