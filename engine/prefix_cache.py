"""Frames that were looked at, so that the next question about one costs no look."""

from collections import OrderedDict

from moondream2.kv_cache import Prefix


class PrefixCache:
    """At most `max_bytes` of encoded frames; the longest unused go first. One thread at a time."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes, self.n_bytes = max_bytes, 0
        self._prefixes: OrderedDict[bytes, Prefix] = OrderedDict()

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._prefixes

    def find(self, digest: bytes) -> Prefix | None:
        """The prefix of the frame with this digest, None when it is not held."""
        if digest not in self._prefixes:
            return None
        self._prefixes.move_to_end(digest)
        return self._prefixes[digest]

    def keep(self, digest: bytes, prefix: Prefix) -> None:
        """Hold a prefix; one that is larger than everything allowed is not held at all."""
        if prefix.n_bytes > self._max_bytes or digest in self._prefixes:
            return
        self._prefixes[digest] = prefix
        self.n_bytes += prefix.n_bytes
        while self.n_bytes > self._max_bytes:
            self.n_bytes -= self._prefixes.popitem(last=False)[1].n_bytes

    def clear(self) -> None:
        self._prefixes.clear()
        self.n_bytes = 0
