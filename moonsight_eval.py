"""Yesterday's answers as a test set: asks everything in a file once more, and shows what differs.

`python -m moonsight_eval FILE --model …` reads what the page's *Save as data (JSON)* wrote. Each
question goes, with its own picture, to the model and settings of today; exit code 0 when all
answers are the same, 1 when some differ, 2 when the file cannot be used.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import click

from model import Model, load_model
from protocol.errors import RequestError
from protocol.formats.data_url import is_data_url
from protocol.places import Box, Point, SpatialRef, overlap
from protocol.request import SamplingParams, Skill
from settings import Settings, with_model_options

FORMAT, VERSION = "moonsight", 1
# Two boxes are of one thing from this overlap on, two points up to this distance, in fractions.
MIN_OVERLAP, MAX_DISTANCE = 0.5, 0.05

Place = Box | Point


class CannotUse(Exception):
    """The file is none of Moonsight's, or a newer one's."""


@dataclass(frozen=True)
class Kept:
    """One answer of the file. text: what was said, "" where places were found."""

    skill: Skill
    title: str
    words: str | None
    image: str
    text: str
    places: tuple[Place, ...]
    is_reasoning: bool
    spatial_refs: tuple[SpatialRef, ...] = ()


@dataclass(frozen=True)
class Again:
    """The same asked now. error: why there was no answer, or None."""

    text: str
    places: tuple[Place, ...]
    error: str | None = None


def read_answers(path: Path) -> Iterator[Kept]:
    """What a file holds that can be asked again, in its order. Raises CannotUse."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise CannotUse("This file is not from Moonsight.")
        if told["version"] > VERSION:
            raise CannotUse("This file is from a newer Moonsight: update this one.")
        images: dict[str, str] = {}
        for line in told["answers"]:
            frame = line["frame"]
            images.setdefault(frame["id"], frame.get("image", ""))
            # One that broke off, or was stopped, is nothing to compare with.
            if line["finish_reason"] in ("stop", "length"):
                yield _kept(line, images[frame["id"]])
    except OSError as error:
        raise CannotUse(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CannotUse("This file is not from Moonsight, or was changed since.") from error


def ask_again(model: Model, kept: Kept, sampling: SamplingParams) -> Again:
    """Ask what was asked then, about its picture; blocks."""
    try:
        match kept.skill:
            case Skill.QUERY:
                answer = model.query(
                    kept.image,
                    kept.words or "",
                    sampling,
                    is_reasoning=kept.is_reasoning,
                    spatial_refs=kept.spatial_refs,
                )
                return Again("".join(answer), ())
            case Skill.CAPTION:
                return Again("".join(model.caption(kept.image, sampling=sampling)), ())
            case Skill.DETECT:
                return Again("", tuple(model.detect(kept.image, kept.words or "", sampling)))
            case _:
                return Again("", tuple(model.point(kept.image, kept.words or "", sampling)))
    except RequestError as error:
        return Again("", (), error.message)


def is_same(kept: Kept, again: Again) -> bool:
    """Whether the same words came, or every place of either has one of the other."""
    if again.error is not None:
        return False
    if len(kept.places) != len(again.places):
        return False
    left = list(again.places)
    for place in kept.places:
        match = next((each for each in left if _is_one_thing(place, each)), None)
        if match is None:
            return False
        left.remove(match)
    return _plain(kept.text) == _plain(again.text)


def difference(kept: Kept, again: Again) -> str:
    """Both, one below the other, as a person compares them."""
    then, now = _said(kept.text, kept.places), again.error or _said(again.text, again.places)
    likeness = ""
    if kept.text and again.text:
        ratio = SequenceMatcher(None, _plain(kept.text), _plain(again.text)).ratio()
        likeness = f"  ({ratio:.0%} alike)"
    return f"{kept.title}{likeness}\n  then  {then}\n  now   {now}"


def compare(model: Model, answers: Sequence[Kept], sampling: SamplingParams) -> int:
    """Ask all of them again, and print each that differs; returns how many do."""
    n_different = 0
    for number, kept in enumerate(answers, 1):
        if sys.stderr.isatty():
            click.echo(f"\rAsking {number} of {len(answers)}. ", nl=False, err=True)
        again = ask_again(model, kept, sampling)
        if not is_same(kept, again):
            n_different += 1
            click.echo(difference(kept, again) + "\n")
    return n_different


@click.command(help="Ask everything in FILE, saved from the page as JSON, once more.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.0, show_default=True)
@click.option("--max-tokens", type=click.IntRange(1, 2048), default=512, show_default=True)
@with_model_options
def command(file: Path, temperature: float, max_tokens: int, **options: object) -> None:
    """Exit with 0, 1 or 2, as the module says."""
    try:
        answers = list(read_answers(file))
    except CannotUse as error:
        raise click.UsageError(str(error)) from error
    if not answers:
        raise click.UsageError("There is no answer in this file to compare with.")
    sampling = SamplingParams(temperature=temperature, max_tokens=max_tokens)
    # What it says on its way is for who watches a server.
    with load_model(Settings(**options)) as model:  # type: ignore[arg-type]
        n_different = compare(model, answers, sampling)
        name = model.status.model
    click.echo(f"{len(answers) - n_different} of {len(answers)} the same, asked of {name}.")
    sys.exit(1 if n_different else 0)


def _kept(line: dict[str, Any], image: str) -> Kept:
    skill = Skill(line["skill"])
    words = line.get("question") or line.get("object")
    places = tuple(_place(each) for each in line["places"])
    # What a search says is made of its places.
    text = "" if skill in (Skill.DETECT, Skill.POINT) else line["answer"]
    # A text of another kind would name a file of this computer.
    if not is_data_url(image) or not isinstance(text, str):
        raise ValueError
    is_reasoning = line.get("is_reasoning") is True
    refs = tuple(tuple(map(float, ref)) for ref in line.get("spatial_refs", ()))
    return Kept(skill, str(line["title"]), words, image, text, places, is_reasoning, refs)


def _place(told: dict[str, float]) -> Place:
    return Point(**told) if "x" in told else Box(**told)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _said(text: str, places: Sequence[Place]) -> str:
    return text or f"{len(places)} found: " + ", ".join(map(_where, places))


def _where(place: Place) -> str:
    if isinstance(place, Point):
        return f"{place.x:.2f} {place.y:.2f}"
    return f"{place.x_min:.2f} {place.y_min:.2f} to {place.x_max:.2f} {place.y_max:.2f}"


def _is_one_thing(one: Place, other: Place) -> bool:
    if isinstance(one, Point) and isinstance(other, Point):
        return abs(one.x - other.x) <= MAX_DISTANCE and abs(one.y - other.y) <= MAX_DISTANCE
    if isinstance(one, Box) and isinstance(other, Box):
        return overlap(one, other) >= MIN_OVERLAP
    return False


if __name__ == "__main__":
    sys.exit(command())
