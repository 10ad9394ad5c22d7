"""The last frames of each client, in memory only, so that it can ask about one again."""

from collections import OrderedDict

from protocol.frame import Frame

# A loop brings some each second; all of them together would push out every frame of everybody.
MAX_LIVE = 16

Key = tuple[str, str]


class HeldFrames:
    """At most `max_bytes` of encoded frames; the longest unused go first. On the loop only.

    Of the frames of one client's live requests there are at most MAX_LIVE, the newest.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes, self._n_bytes = max_bytes, 0
        self._frames: OrderedDict[Key, Frame] = OrderedDict()
        # By client, the oldest first.
        self._live: dict[str, list[Key]] = {}

    def hold(self, client: str, frame_id: str, frame: Frame, is_live: bool = False) -> None:
        """Keep a frame for its client, and for nobody else.

        is_live: it came with a live request. One that a person asks about is not counted as such
        any more, whatever a loop asks about it then.
        """
        key = client, frame_id
        is_live = is_live and (key not in self._frames or key in self._live.get(client, ()))
        self._drop(key)
        self._frames[key] = frame
        self._n_bytes += len(frame.data)
        if is_live:
            self._live.setdefault(client, []).append(key)
            for each in self._live[client][:-MAX_LIVE]:
                self._drop(each)
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

    def _drop(self, key: Key) -> None:
        frame = self._frames.pop(key, None)
        if frame is None:
            return
        self._n_bytes -= len(frame.data)
        live = self._live.get(key[0], [])
        if key in live:
            live.remove(key)
            if not live:
                del self._live[key[0]]
