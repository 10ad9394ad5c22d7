"""Thoughts that a model writes in front of its answer, told apart from it."""

import re

OPEN, CLOSE = TAGS = ("<think>", "</think>")
_TAG = re.compile("|".join(map(re.escape, TAGS)))
# More than any model thinks; what goes beyond it is not kept.
MAX_THOUGHT_CHARS = 200_000


class Thoughts:
    """Splits a text that comes in pieces: `thought` is what stands between the tags at its
    beginning, and what a server tells apart by itself. No tag is ever in the answer.
    """

    def __init__(self) -> None:
        self._thought: list[str] = []
        self._n_chars = 0
        self._held = ""
        self._is_inside = self._has_begun = False

    @property
    def thought(self) -> str:
        """All that was thought so far."""
        return "".join(self._thought).strip()

    def think(self, text: str) -> None:
        """Take what a server says is thought."""
        if self._n_chars <= MAX_THOUGHT_CHARS:
            self._thought.append(text)
            self._n_chars += len(text)

    def push(self, text: str) -> str:
        """Take the next piece; returns what belongs to the answer for certain, often ""."""
        self._held += text
        answer = ""
        while (tag := _TAG.search(self._held)) is not None:
            answer += self._take(self._held[: tag.start()])
            self._held = self._held[tag.end() :]
            # Only what stands at the beginning is thought: later, whoever opens says more.
            self._is_inside = tag[0] == OPEN and not self._has_begun
        n_certain = len(self._held) - _n_begun(self._held)
        certain, self._held = self._held[:n_certain], self._held[n_certain:]
        return answer + self._take(certain)

    def finish(self) -> str:
        """What was held back, because the text ends here."""
        held, self._held = self._held, ""
        return self._take(held)

    def _take(self, text: str) -> str:
        """Thought or answer; in front of the answer's first word there is no space."""
        if self._is_inside:
            self.think(text)
            return ""
        if not self._has_begun:
            text = text.lstrip()
        self._has_begun = self._has_begun or bool(text)
        return text


def _n_begun(text: str) -> int:
    """How many characters at the end may be the beginning of a tag."""
    lengths = range(min(len(CLOSE) - 1, len(text)), 0, -1)
    return next((n for n in lengths if any(tag.startswith(text[-n:]) for tag in TAGS)), 0)


def without_thoughts(text: str) -> str:
    """A whole answer without thoughts whose beginning was not marked."""
    return text.rpartition(CLOSE)[2].lstrip()
