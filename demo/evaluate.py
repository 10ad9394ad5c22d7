"""Measures the demo model on scenes it has never seen: `python -m demo.evaluate`.

Every picture goes the whole way: JPEG bytes, crops, greedy decoding, as in the product. An answer
counts when it is exactly right, character by character. Prints the table of demo/README.md.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import torch

from demo.askers import ASKERS, NEEDS_PICTURE, ONLY_SHAPES
from demo.drawing import draw, encode_jpeg
from demo.palette import COLOURS
from demo.phrasings import HELD_OUT_OFF_TOPIC, HELD_OUT_THINGS, OFF_TOPIC_ABOUT
from demo.questions import Question, ask, search
from demo.reader import Reader
from demo.scenes import FIRST_EVALUATION_SEED, KINDS, Box, Scene, make_scene
from demo.words import CAPTION_LENGTHS, caption, rephrase

CHECKPOINT = Path(__file__).parent / "checkpoint"
# The shapes of frame that browsers deliver, 640x480 and 640x360.
CAMERA_ASPECTS = {4 / 3: 480, 16 / 9: 360}
# Whether a box is found, by the share of it and its answer that overlaps.
MIN_OVERLAP = 0.5


@dataclass
class Tally:
    """How many answers of one kind were exactly right, and some that were not."""

    n_right: int = 0
    n_asked: int = 0
    mistakes: list[str] = field(default_factory=list)

    def add(self, question: str, answer: str, truth: str) -> None:
        self.n_asked += 1
        if answer == truth:
            self.n_right += 1
        else:
            self.mistakes.append(f"{question!r}: {answer!r}, not {truth!r}")

    def __str__(self) -> str:
        return f"{100 * self.n_right / self.n_asked:.1f}" if self.n_asked else "–"


@dataclass
class Overlaps:
    """How well the boxes of many detections fit."""

    best_overlaps: list[float] = field(default_factory=list)
    n_found: int = 0
    n_given: int = 0
    n_points_right: int = 0
    n_points_given: int = 0

    def add(self, given: list[Box], true: Sequence[Box]) -> None:
        free = list(given)
        self.n_given += len(given)
        for box in true:
            best = max(free, key=lambda other: overlap(box, other), default=None)
            share = overlap(box, best) if best else 0.0
            self.best_overlaps.append(share)
            if best and share >= MIN_OVERLAP:
                free.remove(best)
                self.n_found += 1

    def add_points(self, given: list[tuple[float, float]], true: Sequence[Box]) -> None:
        self.n_points_given += len(given)
        for x_min, y_min, x_max, y_max in true:
            inside = [(x, y) for x, y in given if x_min <= x <= x_max and y_min <= y <= y_max]
            self.n_points_right += bool(inside)

    @property
    def mean(self) -> float:
        return sum(self.best_overlaps) / max(1, len(self.best_overlaps))

    @property
    def f1(self) -> float:
        return 2 * self.n_found / max(1, self.n_given + len(self.best_overlaps))

    @property
    def points_f1(self) -> float:
        return 2 * self.n_points_right / max(1, self.n_points_given + len(self.best_overlaps))


def overlap(first: Box, second: Box) -> float:
    """Return the intersection of two boxes over their union."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = ((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return both / (sum(areas) - both)


def unseen_scenes(n_scenes: int, holders: Sequence[str], n_shapes: int | None) -> Iterator[Scene]:
    """Invent scenes that training never draws, in the frames of real cameras."""
    seed = FIRST_EVALUATION_SEED
    while n_scenes:
        scene = make_scene(seed, holders[seed % len(holders)], n_shapes)
        if scene.aspect in CAMERA_ASPECTS:
            n_scenes -= 1
            yield scene
        seed += 1


def photograph(scene: Scene) -> bytes:
    """Return the JPEG bytes of a scene in a frame 640 pixels wide."""
    return encode_jpeg(draw(scene, CAMERA_ASPECTS[scene.aspect]), scene.seed)


# How scenes are held -> kind of question -> result.
Table = dict[str, dict[str, Tally]]


def evaluate(reader: Reader, n_scenes: int) -> tuple[Table, dict[str, Overlaps]]:
    """Ask every kind of question about `n_scenes` pictures of each sort."""
    table: Table = {}
    overlaps: dict[str, Overlaps] = {}
    for title, holders in {"fills the frame": ["frame"], "held up": ["card", "phone"]}.items():
        tallies: dict[str, Tally] = defaultdict(Tally)
        overlaps[title] = Overlaps()
        for scene in unseen_scenes(n_scenes, holders, None):
            reader.look_at(photograph(scene))
            _ask_all_kinds(reader, scene, tallies)
            _search(reader, scene, overlaps[title])
        for scene in unseen_scenes(n_scenes, holders, 1):
            reader.look_at(photograph(scene))
            _ask_about_one(reader, scene, tallies)
        table[title] = tallies
    table["nothing to see"] = defaultdict(Tally)
    for scene in unseen_scenes(n_scenes // 3, ["room"], None):
        reader.look_at(photograph(scene))
        _ask_all_kinds(reader, scene, table["nothing to see"])
    return table, overlaps


def _ask_all_kinds(reader: Reader, scene: Scene, tallies: dict[str, Tally]) -> None:
    random = Random(scene.seed + 4)
    kinds = [kind for kind in ASKERS if kind != "something else"]
    if not scene.shapes:
        kinds = [kind for kind in kinds if kind not in ("is it", "is A left of B")]
    elif len(scene.shapes) < 2:
        kinds.remove("is A left of B")
    questions = [ask(scene, random, kind) for kind in kinds if _can_ask(scene, kind)]
    questions.append(ask_held_out(random))
    prompts = [reader.prompts.query(question.text) for question in questions]
    answers = reader.write(
        [*prompts, *(reader.prompts.caption(length) for length in CAPTION_LENGTHS)]
    )
    for question, answer in zip(questions, answers, strict=False):
        tallies[question.kind].add(question.text, answer, question.answer)
    for length, answer in zip(CAPTION_LENGTHS, answers[-len(CAPTION_LENGTHS) :], strict=True):
        tallies[f"caption, {length}"].add(length, answer, caption(scene, length))


def _can_ask(scene: Scene, kind: str) -> bool:
    """Whether this scene has an unambiguous question of this kind."""
    random = Random(0)
    return any(ASKERS[kind](scene, random) is not None for _ in range(50))


def _ask_about_one(reader: Reader, scene: Scene, tallies: dict[str, Tally]) -> None:
    """Ask for the shape and the colour of the only object there is."""
    random = Random(scene.seed + 4)
    (shape,) = scene.shapes
    asked = {
        "one object: shape": ("What shape is it?", f"It is a {shape.kind}."),
        "one object: colour": (
            f"What colour is the {shape.kind}?",
            f"The {shape.kind} is {shape.colour}.",
        ),
    }
    texts = [rephrase(text, random) for text, _ in asked.values()]
    answers = reader.write([reader.prompts.query(text) for text in texts])
    for (kind, (_, truth)), text, answer in zip(asked.items(), texts, answers, strict=True):
        tallies[kind].add(text, answer, truth)


def _search(reader: Reader, scene: Scene, overlaps: Overlaps) -> None:
    wanted = search(scene, Random(scene.seed + 5))
    overlaps.add(reader.detect(wanted.name), wanted.boxes)
    overlaps.add_points(reader.point(wanted.name), wanted.boxes)


def ask_held_out(random: Random) -> Question:
    """Ask about something else, in words that training keeps away."""
    if random.random() < 0.5:
        text = random.choice(HELD_OUT_OFF_TOPIC)
    else:
        text = random.choice(OFF_TOPIC_ABOUT)
    text = text.format(
        thing=random.choice(HELD_OUT_THINGS),
        other=random.choice(HELD_OUT_THINGS),
        kind=random.choice(KINDS),
        colour=random.choice(list(COLOURS)),
    )
    return Question("something else", rephrase(text, random), ONLY_SHAPES)


def evaluate_without_picture(reader: Reader, n_questions: int) -> Tally:
    """Ask about shapes when there is no picture at all."""
    tally = Tally()
    reader.forget_picture()
    for seed in range(FIRST_EVALUATION_SEED, FIRST_EVALUATION_SEED + n_questions):
        random = Random(seed)
        text = (ask(make_scene(seed), random) if seed % 3 else ask_held_out(random)).text
        (answer,) = reader.write([reader.prompts.query(text, with_picture=False)])
        tally.add(text, answer, NEEDS_PICTURE)
    return tally


def print_table(table: Table, overlaps: dict[str, Overlaps], without_picture: Tally) -> None:
    """Print the table as Markdown, in percent of exact answers."""
    titles = list(table)
    print(f"| asked | {' | '.join(titles)} |")
    print(f"|---|{'---:|' * len(titles)}")
    first = ["one object: shape", "one object: colour"]
    rest = [kind for kind in table[titles[0]] if kind not in first]
    for kind in (*first, *rest):
        print(f"| {kind} | {' | '.join(str(table[title][kind]) for title in titles)} |")
    summary = [_sum(table[title], with_captions=False) for title in titles]
    print(f"| **all questions** | {' | '.join(f'**{tally}**' for tally in summary)} |")
    summary = [_sum(table[title], with_captions=True) for title in titles]
    print(f"| with captions | {' | '.join(map(str, summary))} |")
    for name in ("mean", "f1", "points_f1"):
        label = {"mean": "detect: overlap", "f1": "detect: F1", "points_f1": "point: F1"}[name]
        cells = [f"{getattr(overlaps[title], name):.2f}" for title in overlaps]
        print(f"| {label} | {' | '.join(cells)} | – |")
    print(f"\nWithout a picture: {without_picture} % of {without_picture.n_asked}.")


def _sum(tallies: dict[str, Tally], with_captions: bool) -> Tally:
    counted = [
        tally
        for kind, tally in tallies.items()
        if not kind.startswith("one object") and (with_captions or not kind.startswith("caption"))
    ]
    return Tally(sum(t.n_right for t in counted), sum(t.n_asked for t in counted))


def main() -> None:
    """Evaluate a checkpoint and print the table."""
    parser = argparse.ArgumentParser(description="Evaluate the demo model.")
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT)
    parser.add_argument("--scenes", type=int, default=200, help="pictures of each sort")
    parser.add_argument("--mistakes", type=int, default=0, help="wrong answers to show per kind")
    parser.add_argument("--quantize", choices=("none", "int8"), default="none")
    options = parser.parse_args()
    torch.set_num_threads(1)
    reader = Reader(options.checkpoint, is_quantised=options.quantize == "int8")
    table, overlaps = evaluate(reader, options.scenes)
    print_table(table, overlaps, evaluate_without_picture(reader, options.scenes))
    for title, tallies in table.items():
        for kind, tally in tallies.items():
            for mistake in tally.mistakes[: options.mistakes]:
                print(f"{title}, {kind}: {mistake}")


if __name__ == "__main__":
    main()
