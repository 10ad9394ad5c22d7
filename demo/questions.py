"""What people ask about a scene, in many phrasings, and the one true answer to each.

The order from left to right is the backbone of every answer: lists run that way, and with several
shapes the first of them is "on the left". A shape alone is placed by thirds of its ground.
"""

from dataclasses import dataclass
from random import Random

from demo.askers import ASKER_WEIGHTS, ASKERS, ask_off_topic, choose_colour, choose_kind
from demo.phrasings import THINGS
from demo.scenes import Box, Scene
from demo.words import plural, rephrase, vary_spelling


@dataclass(frozen=True)
class Question:
    """One question about a scene; `kind` is its row in the evaluation table."""

    kind: str
    text: str
    answer: str


@dataclass(frozen=True)
class Search:
    """What to look for and the boxes that hold it, from left to right."""

    name: str
    boxes: tuple[Box, ...]


def ask(scene: Scene, random: Random, kind: str | None = None) -> Question:
    """Ask one question that this scene answers without doubt."""
    while True:
        chosen = kind or random.choices(list(ASKERS), ASKER_WEIGHTS)[0]
        pair = ASKERS[chosen](scene, random)
        if pair is not None:
            text, answer = pair
            return Question(chosen, rephrase(text, random), answer)


def search(scene: Scene, random: Random) -> Search:
    """Name something to detect or point at, mostly present, and where it is."""
    kind, colour = choose_kind(scene, random), choose_colour(scene, random)
    wanted = random.random()
    if wanted < 0.35:
        name, found = f"{colour} {kind}", scene.select(kind, colour)
    elif wanted < 0.6:
        name, found = kind, scene.select(kind)
    elif wanted < 0.75:
        name, found = f"{colour} shape", scene.select(None, colour)
    elif wanted < 0.95:
        name, found = random.choice(("shape", "coloured shape", "object")), list(scene.shapes)
    else:
        name, found = random.choice(THINGS), []
    if random.random() < 0.25:
        name = plural(name)
    boxes = [box for shape, box in zip(scene.shapes, scene.boxes(), strict=True) if shape in found]
    return Search(vary_spelling(name, random), tuple(boxes))


def ask_anything(random: Random, scene: Scene) -> str:
    """Ask something when there is no picture: about shapes or about anything else."""
    if random.random() < 0.35:
        return rephrase(ask_off_topic(random), random)
    return ask(scene, random).text
