"""A chat as one question, for a network that is asked once and remembers nothing.

A single message of the user is exactly its text, so that asking by chat is asking.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from protocol.tiled import LETTERS

# Asked where there are pictures and no question.
DESCRIBE_ONE, DESCRIBE_SEVERAL = "Describe this picture.", "Describe these pictures."


class Role(StrEnum):
    """Who says something; a system says how to answer."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True)
class Turn:
    """One message: its texts, and its pictures by their number in the chat, in their order."""

    role: Role
    pieces: tuple[str | int, ...]

    @property
    def is_silent(self) -> bool:
        """Whether it holds neither a picture nor a text that says something."""
        return all(isinstance(piece, str) and not piece.strip() for piece in self.pieces)

    @property
    def n_pictures(self) -> int:
        return sum(isinstance(piece, int) for piece in self.pieces)


def one_question(turns: Sequence[Turn]) -> str:
    """The text to ask. The last turn that no system says is the user's, and not silent.

    What a system says stands in front; then comes what was said earlier, each turn on a line of its
    own that begins with who says it; then the question as it is. Where text stands between the
    pictures, each picture's letter stands in its place.
    """
    instructions = [turn for turn in turns if turn.role is Role.SYSTEM]
    *earlier, last = (turn for turn in turns if turn.role is not Role.SYSTEM)
    with_letters = _has_text_between(turns)
    lines = [_words(turn, with_letters) for turn in instructions]
    for turn in earlier:
        if words := _words(turn, with_letters):
            lines.append(f"{turn.role.capitalize()}: {words}")
    n_pictures = sum(turn.n_pictures for turn in turns)
    lines.append(_words(_with_question(last, n_pictures), with_letters))
    return "\n".join(line for line in lines if line)


def _with_question(last: Turn, n_pictures: int) -> Turn:
    """The last turn, with a question if it is pictures alone."""
    if any(isinstance(piece, str) and piece.strip() for piece in last.pieces):
        return last
    question = DESCRIBE_ONE if n_pictures == 1 else DESCRIBE_SEVERAL
    return Turn(last.role, (*last.pieces, question))


def _has_text_between(turns: Sequence[Turn]) -> bool:
    """Whether the pictures are told apart by what stands between them."""
    pieces = [piece for turn in turns for piece in turn.pieces]
    places = [place for place, piece in enumerate(pieces) if isinstance(piece, int)]
    return bool(places) and places[-1] - places[0] >= len(places)


def _words(turn: Turn, with_letters: bool) -> str:
    said = (
        piece if isinstance(piece, str) else f"({LETTERS[piece]})"
        for piece in turn.pieces
        if isinstance(piece, str) or with_letters
    )
    return "\n".join(said)
