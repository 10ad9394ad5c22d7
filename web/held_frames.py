"""The last frames of each client, in memory only, so that it can ask about one again."""

from collections import OrderedDict

from protocol.frame import Frame


class HeldFrames:
    """At most `max_bytes` of encoded frames; the longest unused go first. On the loop only."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes, self._n_bytes = max_bytes, 0
        self._frames: OrderedDict[tuple[str, str], Frame] = OrderedDict()

    def hold(self, client: str, frame_id: str, frame: Frame) -> None:
        """Keep a frame for its client, and for nobody else."""
        self._drop((client, frame_id))
        self._frames[client, frame_id] = frame
        self._n_bytes += len(frame.data)
        while self._n_bytes > self._max_bytes:
            self._drop(next(iter(self._frames)))

    def find(self, client: str, frame_id: str) -> Frame | None:
        """A frame that this client sent, None when it is no longer held."""
        if (client, frame_id) not in self._frames:
            return None
        self._frames.move_to_end((client, frame_id))
        return self._frames[client, frame_id]

    def forget(self, client: str) -> None:
        """Drop everything of a client that left."""
        for key in [key for key in self._frames if key[0] == client]:
            self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        frame = self._frames.pop(key, None)
        if frame is not None:
            self._n_bytes -= len(frame.data)
