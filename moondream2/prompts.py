"""What is prefilled for each skill, position by position."""

from collections.abc import Sequence

from moondream2.choices import Choice
from moondream2.config import Template, TokenizerConfig
from moondream2.network import Coordinate, Input, Size
from moondream2.tokenizer import Tokenizer
from protocol.places import SpatialRef


class SkillMissing(NotImplementedError):
    """The checkpoint has no template for this skill."""


class ChoiceUnwritable(ValueError):
    """The tokenizer has no tokens for this choice."""


class Prompts:
    """Writes prompts in the words of one checkpoint; may be used from any thread."""

    def __init__(self, config: TokenizerConfig, tokenizer: Tokenizer) -> None:
        self._config, self._tokenizer = config, tokenizer

    def query(
        self,
        question: str,
        *,
        with_picture: bool = True,
        reasoning: bool = False,
        spatial_refs: Sequence[SpatialRef] = (),
    ) -> list[Input]:
        """A question, with places in the picture it speaks of.

        The suffix stands twice when not reasoning: the published weights were asked that way.
        """
        template = self._template("query")
        start = [] if with_picture else [self._config.bos_id]
        end = self._config.thinking_id if reasoning else None
        return [
            *start,
            *template.prefix,
            *_places(spatial_refs),
            *self._tokenizer.encode(question),
            *template.suffix,
            *(template.suffix if end is None else [end]),
        ]

    def choice(self, text: str, spellings: Sequence[str]) -> Choice:
        """A choice in tokens, with those of its spellings that the tokenizer can write.

        Raises ChoiceUnwritable when there are none.
        """
        encoded = {each: self._tokenizer.encode(each) for each in spellings}
        # What it cannot write it drops, or writes as something else.
        written = [ids for each, ids in encoded.items() if self._tokenizer.decode(ids) == each]
        if not written:
            raise ChoiceUnwritable(f"{text!r} is not made of this model's tokens.")
        return Choice(text, tuple(map(tuple, written)))

    def answer_after_reasoning(self) -> list[Input]:
        return list(self._template("query").suffix)

    def caption(self, length: str) -> list[Input]:
        """length: one of `caption_lengths`."""
        if length not in self.caption_lengths:
            raise SkillMissing(f"This model writes no {length} captions.")
        return list((self._config.templates.caption or {})[length])

    @property
    def caption_lengths(self) -> tuple[str, ...]:
        return tuple(self._config.templates.caption or ())

    def detect(self, name: str) -> list[Input]:
        return self._object("detect", name)

    def point(self, name: str) -> list[Input]:
        return self._object("point", name)

    def _object(self, skill: str, name: str) -> list[Input]:
        template = self._template(skill)
        return [*template.prefix, *self._tokenizer.encode(" " + name), *template.suffix]

    def _template(self, skill: str) -> Template:
        template: Template | None = getattr(self._config.templates, skill)
        if template is None:
            raise SkillMissing(f"This model cannot {skill}.")
        return template


def _places(spatial_refs: Sequence[SpatialRef]) -> list[Input]:
    places: list[Input] = []
    for ref in spatial_refs:
        if len(ref) == 2:
            places += [Coordinate(ref[0]), Coordinate(ref[1])]
        else:
            x_min, y_min, x_max, y_max = ref
            places += [Coordinate((x_min + x_max) / 2), Coordinate((y_min + y_max) / 2)]
            places += [Size(x_max - x_min, y_max - y_min)]
    return places
