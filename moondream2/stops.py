"""Texts that end an answer, found in it however it is cut into pieces."""

from collections.abc import Sequence


class UntilStop:
    """Releases a text piece by piece, until one of some stop texts is complete in it.

    What the stop text begins with is not released, nor anything after it. Of several that are
    complete at the same place the longest counts. stops: none of them empty.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops, self._held = stops, ""
        self.is_over = False

    def push(self, text: str) -> str:
        """Take the next piece; returns what belongs to the text for certain, often ""."""
        if self.is_over:
            return ""
        self._held += text
        found = {each: at for each in self._stops if (at := self._held.find(each)) >= 0}
        if found:
            self.is_over = True
            end = min(found, key=lambda stop: (found[stop] + len(stop), found[stop]))
            return self._held[: found[end]]
        n_certain = len(self._held) - max(map(self._n_begun, self._stops), default=0)
        certain, self._held = self._held[:n_certain], self._held[n_certain:]
        return certain

    def finish(self) -> str:
        """Return what was held back, because the text ends here."""
        return "" if self.is_over else self._held

    def _n_begun(self, stop: str) -> int:
        """How many characters at the end may be the beginning of a stop text."""
        lengths = range(min(len(stop) - 1, len(self._held)), 0, -1)
        return next((n for n in lengths if self._held.endswith(stop[:n])), 0)
