"""Each skill as the plain procedure it is.

A procedure is a generator without a tensor in it. It yields what it wants of the network (a `Wish`:
`Feed`, `NextToken` and the like) and is sent the result; and it yields what it found (a `Finding`:
`Text`, `Box` and the like) and is sent nothing. It returns why it ended. `decoding` runs any number
of them side by side, so none ever knows who shares the batch, and stopping one between two yields
stops the work.
"""

from collections.abc import Generator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal

from moondream2.choices import Choice, Node, log_rest, log_sum, probabilities_of, tree_of
from moondream2.config import TokenizerConfig
from moondream2.grammar import Grammar, Mask
from moondream2.network import Coordinate, Input, Size
from moondream2.prompts import Prompts
from moondream2.stops import UntilStop
from moondream2.tokenizer import TextStream, Tokenizer
from protocol.places import Box, Grounding, Point

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Feed:
    """Append inputs to the row. Sent back: nothing."""

    inputs: tuple[Input, ...]


@dataclass(frozen=True)
class Forget:
    """Take the row's last positions back, so that it goes on before them. Sent back: nothing.

    The next wish after it, if any but another, is to feed: hidden states are not taken back.
    """

    n_positions: int


@dataclass(frozen=True)
class NextToken:
    """Choose a token from the row's last hidden state; `banned` ids cannot win.

    mask: only what it allows can win; None allows everything.
    """

    banned: tuple[int, ...] = ()
    is_greedy: bool = False
    mask: Future[Mask] | None = None


@dataclass(frozen=True)
class NextLikelihoods:
    """Read how likely each of these ids comes next, of all there are, from the row's last hidden
    state. Sent back: the natural logarithms, in their order.
    """

    ids: tuple[int, ...]


@dataclass(frozen=True)
class NextCoordinate:
    """Read a coordinate in 0..1 from the row's last hidden state."""


@dataclass(frozen=True)
class NextSize:
    """Read (width, height) in 0..1 from the row's last hidden state."""


Wish = Feed | Forget | NextToken | NextLikelihoods | NextCoordinate | NextSize


@dataclass(frozen=True)
class Text:
    """The next words of the answer."""

    text: str


@dataclass(frozen=True)
class Chosen(Text):
    """The whole answer, one of some choices. probabilities: one for each, their sum is 1."""

    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Thought:
    """The whole reasoning, before the answer begins."""

    text: str
    grounding: tuple[Grounding, ...]


Finding = Text | Thought | Box | Point

# What one skill does for one answer.
Procedure = Generator[Wish | Finding, Any, FinishReason]


class Skills:
    """Begins procedures in the words of one checkpoint."""

    def __init__(self, config: TokenizerConfig, tokenizer: Tokenizer, prompts: Prompts) -> None:
        self._config, self._tokenizer, self._prompts = config, tokenizer, prompts

    def look(self) -> Procedure:
        """Take no step beyond the picture that every procedure starts from."""
        yield from ()
        return "stop"

    def write(
        self,
        prompt: list[Input],
        max_tokens: int,
        *,
        grammar: Grammar | None = None,
        stops: Sequence[str] = (),
    ) -> Procedure:
        """Continue a prompt with text: an answer or a caption.

        grammar: what the text is held to; when its budget ends it, it fits no more. stops: the
        text ends before the first of these.
        """
        yield Feed(tuple(prompt))
        words, text = TextStream(self._tokenizer), UntilStop(stops)
        guide = None if grammar is None else grammar.begin()
        token = yield NextToken(mask=guide.mask if guide else None)
        for _ in range(max_tokens):
            if token == self._config.eos_id:
                break
            if guide is not None:
                guide.push(token)
            if chunk := text.push(words.push(token)):
                yield Text(chunk)
            if text.is_over:
                return "stop"
            yield Feed((token,))
            token = yield NextToken(
                banned=(self._config.answer_id,), mask=guide.mask if guide else None
            )
        if chunk := text.push(words.finish()) + text.finish():
            yield Text(chunk)
        return "stop" if text.is_over or token == self._config.eos_id else "length"

    def choose(self, prompt: list[Input], choices: Sequence[Choice]) -> Procedure:
        """Answer with the likeliest of some choices, as `moondream2/choices.py` compares them.

        Where all are one token long, that takes no step beyond the prompt.
        """
        yield Feed(tuple(prompt))
        logs = yield from _likelihoods(tree_of(choices))
        probabilities = probabilities_of(logs, len(choices))
        yield Chosen(choices[probabilities.index(max(probabilities))].text, probabilities)
        return "stop"

    def reason(
        self,
        prompt: list[Input],
        max_tokens: int,
        *,
        grammar: Grammar | None = None,
        stops: Sequence[str] = (),
    ) -> Procedure:
        """Think first, pointing at places, then answer. Each part has its own `max_tokens`.

        grammar, stops: of the answer alone.
        """
        yield Feed(tuple(prompt))
        parts = [_ThoughtPart()]
        token = yield NextToken()
        for _ in range(max_tokens):
            if token == self._config.answer_id:
                break
            if token in (self._config.start_ground_points_id, self._config.end_ground_id):
                parts.append(_ThoughtPart())
            parts[-1].ids.append(token)
            if token == self._config.coord_id:
                value = yield NextCoordinate()
                parts[-1].coordinates.append(value)
                yield Feed((Coordinate(value),))
            else:
                yield Feed((token,))
            token = yield NextToken(banned=(self._config.eos_id, self._config.size_id))
        yield self._thought(parts)
        answer = self._prompts.answer_after_reasoning()
        return (yield from self.write(answer, max_tokens, grammar=grammar, stops=stops))

    def _thought(self, parts: list["_ThoughtPart"]) -> Thought:
        text, grounding = "", []
        for part in parts:
            words = self._tokenizer.decode(part.ids)
            if points := part.points:
                grounding.append(Grounding(len(text), len(text) + len(words), points))
            text += words
        return Thought(text, tuple(grounding))

    def detect(self, prompt: list[Input], max_objects: int) -> Procedure:
        """Find boxes, one after the other."""
        return (yield from self._find(prompt, max_objects, with_size=True))

    def point(self, prompt: list[Input], max_objects: int) -> Procedure:
        """Find points, one after the other."""
        return (yield from self._find(prompt, max_objects, with_size=False))

    def _find(self, prompt: list[Input], max_objects: int, *, with_size: bool) -> Procedure:
        yield Feed(tuple(prompt))
        token = yield NextToken(is_greedy=True)
        for _ in range(max_objects):
            # Any token but the end means "another object"; which one does not matter.
            if token == self._config.eos_id:
                break
            x = yield NextCoordinate()
            yield Feed((Coordinate(x),))
            y = yield NextCoordinate()
            yield Feed((Coordinate(y),))
            if with_size:
                width, height = yield NextSize()
                yield Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
                yield Feed((Size(width, height),))
            else:
                yield Point(x, y)
            token = yield NextToken(is_greedy=True)
        return "stop" if token == self._config.eos_id else "length"


def _likelihoods(node: Node) -> Generator[Wish, Any, dict[int, float]]:
    """Read how likely the row goes on as each choice below a node that it stands at.

    Returns natural logarithms by the choice's number. Feeds each place that tokens go on from once,
    and takes it back before the next.
    """
    steps = yield NextLikelihoods(tuple(node.children))
    logs: dict[int, list[float]] = {}
    for (token, child), step in zip(node.children.items(), steps, strict=True):
        below: dict[int, float] = {}
        if child.children:
            yield Feed((token,))
            below = yield from _likelihoods(child)
            yield Forget(1)
        if child.choice is not None:
            below[child.choice] = log_rest(below.values())
        for choice, log in below.items():
            logs.setdefault(choice, []).append(step + log)
    return {choice: log_sum(ways) for choice, ways in logs.items()}


class _ThoughtPart:
    """Words of the reasoning and the coordinates given with them."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.coordinates: list[float] = []

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        """Coordinates paired as (x, y); an odd last one is dropped."""
        return tuple(zip(self.coordinates[::2], self.coordinates[1::2], strict=False))
