"""What people ask about a scene, in many phrasings, and the one true answer to each.

The order from left to right is the backbone of every answer: lists run that way, and with several
shapes the first of them is "on the left". A shape alone is placed by thirds of its ground.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from demo.phrasings import (
    BACKGROUND,
    COLOUR_OF,
    COLOUR_OF_IT,
    COLOUR_OF_MANY,
    COLOUR_ON_SIDE,
    DESCRIBE,
    DESCRIBE_LONG,
    HOW_MANY,
    HOW_MANY_SHAPES,
    IS_BESIDE,
    IS_IT,
    IS_THE,
    IS_THERE,
    IS_THERE_COLOUR,
    OFF_TOPIC,
    OFF_TOPIC_ABOUT,
    SHAPE_OF_COLOUR,
    SHAPE_ON_SIDE,
    THINGS,
    WHAT_AM_I_HOLDING,
    WHAT_BESIDE,
    WHAT_DO_YOU_SEE,
    WHAT_ON_SIDE,
    WHAT_SHAPE,
    WHERE,
)
from demo.scenes import COLOURS, KINDS, Box, Scene, Shape

NUMBERS = ("no", "one", "two", "three", "four")
ORDINALS = ("first", "second", "third", "fourth")
CAPTION_LENGTHS = ("short", "normal", "long")
# Colours a person may name that no shape has.
STRANGE_COLOURS = ("white", "grey", "brown", "turquoise", "golden")
ONLY_SHAPES = "I only know coloured shapes, nothing else."
NEEDS_PICTURE = "I need a picture. I only know coloured shapes."
NO_SHAPES = "I see no shapes."


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


def caption(scene: Scene, length: str) -> str:
    """Return the true caption of a scene: short, normal or long."""
    if not scene.shapes or scene.ground is None:
        return "There are no shapes."
    listed = list_shapes(scene.shapes)
    if length == "short":
        return f"{_capitalise(listed)}."
    ground = f"on a {scene.ground.colour} background"
    if scene.ground.colour == "orange":
        ground = "on an orange background"
    if len(scene.shapes) == 1:
        normal = f"{_capitalise(listed)} {ground}."
        detail = f"The {scene.shapes[0].kind} is {place(scene, scene.shapes[0])}."
    else:
        normal = f"{_capitalise(NUMBERS[len(scene.shapes)])} shapes {ground}: {listed}."
        first = scene.shapes[0]
        detail = f"The {first.colour} {first.kind} is on the left."
    if length == "normal":
        return normal
    return f"{normal} {detail} {HOLDERS[scene.ground.holder]}"


HOLDERS = {
    "frame": "It fills the picture.",
    "card": "Somebody holds it on a card.",
    "phone": "Somebody holds it on a phone.",
}


def search(scene: Scene, random: Random) -> Search:
    """Name something to detect or point at, mostly present, and where it is."""
    kind, colour = _choose_kind(scene, random), _choose_colour(scene, random)
    wanted = random.random()
    if wanted < 0.35:
        name, found = f"{colour} {kind}", _select(scene, kind, colour)
    elif wanted < 0.6:
        name, found = kind, _select(scene, kind)
    elif wanted < 0.75:
        name, found = f"{colour} shape", _select(scene, None, colour)
    elif wanted < 0.95:
        name, found = random.choice(("shape", "coloured shape", "object")), list(scene.shapes)
    else:
        name, found = random.choice(THINGS), []
    if random.random() < 0.25:
        name = _plural(name)
    boxes = [box for shape, box in zip(scene.shapes, scene.boxes(), strict=True) if shape in found]
    return Search(_vary_spelling(name, random), tuple(boxes))


def ask_off_topic(random: Random) -> str:
    """Ask something that coloured shapes cannot answer."""
    template = random.choice(OFF_TOPIC)
    # Half of the plain sentences; the other half about things, which there are more of.
    if random.random() < 0.5:
        template = random.choice(OFF_TOPIC_ABOUT)
    text = template.format(
        thing=random.choice(THINGS),
        other=random.choice(THINGS),
        kind=random.choice(KINDS),
        colour=random.choice(list(COLOURS)),
    )
    return rephrase(text, random)


def ask_anything(random: Random, scene: Scene) -> str:
    """Ask something when there is no picture: about shapes or about anything else."""
    if random.random() < 0.35:
        return ask_off_topic(random)
    return ask(scene, random).text


# Words about shapes


def name(shape: Shape) -> str:
    """Return the shape with its article: "an orange star"."""
    article = "an" if shape.colour == "orange" else "a"
    return f"{article} {shape.colour} {shape.kind}"


def list_shapes(shapes: Sequence[Shape]) -> str:
    """Return "a red circle, a blue star and a pink heart"."""
    return _join([name(shape) for shape in shapes])


def place(scene: Scene, shape: Shape) -> str:
    """Say where a shape is: its rank among several, or the third of the ground it lies in."""
    n_shapes, rank = len(scene.shapes), scene.shapes.index(shape)
    if n_shapes == 1:
        return ("on the left", "in the middle", "on the right")[int(shape.x * 3)]
    if rank == 0:
        return "on the left"
    if rank == n_shapes - 1:
        return "on the right"
    return "in the middle" if n_shapes == 3 else f"{ORDINALS[rank]} from the left"


def rephrase(text: str, random: Random) -> str:
    """Write a question as hurried people do: American, lower case, no question mark."""
    text = _vary_spelling(text, random)
    if random.random() < 0.25:
        text = text.replace("What is", "What's").replace("Where is", "Where's")
    if random.random() < 0.06:
        text = random.choice(("Please tell me: ", "Hey, ", "So, ", "And ", "Hello, ")) + text
    if random.random() < 0.04:
        text = text.rstrip("?.") + random.choice((", please?", " please", " now?", " here?"))
    if random.random() < 0.25:
        text = text.rstrip("?.")
    if random.random() < 0.25:
        text = text.lower()
    elif random.random() < 0.02:
        text = text.upper()
    return text


def _vary_spelling(text: str, random: Random) -> str:
    if random.random() < 0.4:
        text = text.replace("colour", "color")
    return text


def _join(parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _capitalise(text: str) -> str:
    return text[0].upper() + text[1:]


def _article(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _plural(kind: str) -> str:
    return f"{kind}es" if kind.endswith("cross") else f"{kind}s"


def _select(scene: Scene, kind: str | None = None, colour: str | None = None) -> list[Shape]:
    return [
        shape
        for shape in scene.shapes
        if kind in (None, shape.kind) and colour in (None, shape.colour)
    ]


def _choose_kind(scene: Scene, random: Random, present: float = 0.75) -> str:
    if scene.shapes and random.random() < present:
        return random.choice(scene.shapes).kind
    return random.choice(KINDS)


def _choose_colour(scene: Scene, random: Random, present: float = 0.75) -> str:
    if scene.shapes and random.random() < present:
        return random.choice(scene.shapes).colour
    return random.choice((*COLOURS, *STRANGE_COLOURS) if random.random() < 0.3 else list(COLOURS))


def _unique_name(scene: Scene, shape: Shape, random: Random) -> str | None:
    """Return words that mean this shape and no other, or None where there are none."""
    choices = []
    if len(_select(scene, shape.kind)) == 1:
        choices += [shape.kind] * 2
    if len(_select(scene, None, shape.colour)) == 1:
        choices += [f"{shape.colour} shape", f"{shape.colour} one"]
    if len(_select(scene, shape.kind, shape.colour)) == 1:
        choices += [f"{shape.colour} {shape.kind}"]
    return random.choice(choices) if choices else None


# One asker per kind: a scene -> (question, answer), or None where it would be ambiguous.

Asked = tuple[str, str] | None


def _ask_shape(scene: Scene, random: Random) -> Asked:
    draw = random.random()
    if draw < 0.45 or len(scene.shapes) < 2:
        text = random.choice(WHAT_SHAPE)
        if len(scene.shapes) == 1:
            return text, f"It is a {scene.shapes[0].kind}."
        if not scene.shapes:
            return text, NO_SHAPES
        return text, f"I see {list_shapes(scene.shapes)}."
    if draw < 0.6:
        side, shape = random.choice((("left", scene.shapes[0]), ("right", scene.shapes[-1])))
        text = random.choice(SHAPE_ON_SIDE).format(side=side)
        return text, f"The shape on the {side} is a {shape.kind}."
    colour = _choose_colour(scene, random)
    text = random.choice(SHAPE_OF_COLOUR).format(colour=colour)
    kinds = [shape.kind for shape in _select(scene, None, colour)]
    if not kinds:
        return text, f"There is no {colour} shape."
    if len(kinds) == 1:
        return text, f"The {colour} shape is a {kinds[0]}."
    if len(set(kinds)) == 1:
        return text, f"The {colour} shapes are {_plural(kinds[0])}."
    return text, f"The {colour} shapes are {_join([_article(kind) for kind in kinds])}."


def _ask_colour(scene: Scene, random: Random) -> Asked:
    draw = random.random()
    if draw < 0.2:
        text = random.choice(COLOUR_OF_IT)
        if len(scene.shapes) == 1:
            return text, f"It is {scene.shapes[0].colour}."
        return text, f"I see {list_shapes(scene.shapes)}." if scene.shapes else NO_SHAPES
    if draw < 0.35 and len(scene.shapes) > 1:
        side, shape = random.choice((("left", scene.shapes[0]), ("right", scene.shapes[-1])))
        text = random.choice(COLOUR_ON_SIDE).format(side=side)
        return text, f"The shape on the {side} is {shape.colour}."
    kind = _choose_kind(scene, random, present=0.85)
    colours = [shape.colour for shape in _select(scene, kind)]
    if len(colours) > 1:
        text = random.choice((*COLOUR_OF_MANY, *COLOUR_OF)).format(kind=kind, kinds=_plural(kind))
        if len(set(colours)) == 1:
            return text, f"The {_plural(kind)} are {colours[0]}."
        return text, f"The {_plural(kind)} are {_join(colours)}."
    text = random.choice(COLOUR_OF).format(kind=kind)
    return text, f"The {kind} is {colours[0]}." if colours else f"There is no {kind}."


def _ask_count(scene: Scene, random: Random) -> Asked:
    draw = random.random()
    if draw < 0.45:
        wanted, n_found = ("shape", "shapes"), len(scene.shapes)
    elif draw < 0.75:
        kind = _choose_kind(scene, random)
        wanted, n_found = (kind, _plural(kind)), len(_select(scene, kind))
    elif draw < 0.9:
        colour = _choose_colour(scene, random)
        wanted = (f"{colour} shape", f"{colour} shapes")
        n_found = len(_select(scene, None, colour))
    else:
        wanted = ("colour", "colours")
        n_found = len({shape.colour for shape in scene.shapes})
    text = random.choice(HOW_MANY).format(things=wanted[1])
    if wanted[0] == "shape" and random.random() < 0.2:
        text = random.choice(HOW_MANY_SHAPES)
    if n_found == 1:
        return text, f"There is one {wanted[0]}."
    return text, f"There are {NUMBERS[n_found]} {wanted[1]}."


def _ask_presence(scene: Scene, random: Random) -> Asked:
    draw = random.random()
    kind = _choose_kind(scene, random, 0.5)
    colour = _choose_colour(scene, random, 0.5)
    if draw < 0.35:
        wanted, is_there = kind, bool(_select(scene, kind))
    elif draw < 0.55:
        wanted, is_there = f"{colour} shape", bool(_select(scene, None, colour))
    else:
        if scene.shapes and random.random() < 0.4:
            shape = random.choice(scene.shapes)
            kind, colour = shape.kind, shape.colour
        wanted, is_there = f"{colour} {kind}", bool(_select(scene, kind, colour))
    plural = f"{wanted.removesuffix(kind)}{_plural(kind)}" if kind in wanted else f"{wanted}s"
    text = random.choice(IS_THERE).format(thing=_article(wanted), things=plural)
    if wanted == f"{colour} shape" and random.random() < 0.5:
        text = random.choice(IS_THERE_COLOUR).format(colour=colour)
    if is_there:
        return text, f"Yes, there is {_article(wanted)}."
    return text, f"No, there is no {wanted}."


def _ask_is_it(scene: Scene, random: Random) -> Asked:
    """Ask whether a shape has a colour, or is of a kind."""
    if not scene.shapes:
        return None
    shape = random.choice(scene.shapes)
    if random.random() < 0.5:
        colour = random.choice((shape.colour, _choose_colour(scene, random, 0.4)))
        start = "Yes, " if colour == shape.colour else "No, "
        if len(scene.shapes) == 1 and random.random() < 0.4:
            return f"Is it {colour}?", f"{start}it is {shape.colour}."
        if len(_select(scene, shape.kind)) > 1:
            return None
        text = random.choice(IS_THE).format(thing=shape.kind, value=colour)
        return text, f"{start}the {shape.kind} is {shape.colour}."
    kind = random.choice((shape.kind, _choose_kind(scene, random, 0.4)))
    start = "Yes, " if kind == shape.kind else "No, "
    if len(scene.shapes) == 1 and random.random() < 0.6:
        return random.choice(IS_IT).format(kind=kind), f"{start}it is a {shape.kind}."
    if len(_select(scene, None, shape.colour)) > 1:
        return None
    text = random.choice(IS_THE).format(thing=f"{shape.colour} shape", value=f"a {kind}")
    return text, f"{start}the {shape.colour} shape is a {shape.kind}."


def _ask_side(scene: Scene, random: Random) -> Asked:
    """Ask what is left or right of something."""
    side = random.choice(("left", "right"))
    if len(scene.shapes) > 1 and random.random() < 0.15:
        shape = scene.shapes[0 if side == "left" else -1]
        text = random.choice(WHAT_ON_SIDE).format(side=side)
        return text, f"{_capitalise(name(shape))} is on the {side}."
    if not scene.shapes or random.random() < 0.1:
        kind = random.choice(KINDS)
        if _select(scene, kind):
            return None
        return random.choice(WHAT_BESIDE).format(side=side, thing=kind), f"There is no {kind}."
    rank = random.randrange(len(scene.shapes))
    thing = _unique_name(scene, scene.shapes[rank], random)
    if thing is None:
        return None
    text = random.choice(WHAT_BESIDE).format(side=side, thing=thing)
    beside = scene.shapes[:rank] if side == "left" else scene.shapes[rank + 1 :]
    if not beside:
        return text, f"Nothing is {side} of the {thing}."
    verb = "is" if len(beside) == 1 else "are"
    return text, f"{_capitalise(list_shapes(beside))} {verb} {side} of the {thing}."


def _ask_order(scene: Scene, random: Random) -> Asked:
    """Ask whether one shape is left or right of another."""
    if len(scene.shapes) < 2:
        return None
    first, second = random.sample(scene.shapes, 2)
    names = _unique_name(scene, first, random), _unique_name(scene, second, random)
    if None in names:
        return None
    side = random.choice(("left", "right"))
    is_left = scene.shapes.index(first) < scene.shapes.index(second)
    true_side = "left" if is_left else "right"
    text = random.choice(IS_BESIDE).format(side=side, thing=names[0], other=names[1])
    start = "Yes" if side == true_side else "No"
    return text, f"{start}, the {names[0]} is {true_side} of the {names[1]}."


def _ask_where(scene: Scene, random: Random) -> Asked:
    if not scene.shapes or random.random() < 0.1:
        kind = random.choice(KINDS)
        if _select(scene, kind):
            return None
        return random.choice(WHERE).format(thing=kind), f"There is no {kind}."
    shape = random.choice(scene.shapes)
    thing = _unique_name(scene, shape, random)
    if thing is None:
        return None
    text = random.choice(WHERE).format(thing=thing)
    return text, f"The {thing} is {place(scene, shape)}."


def _ask_background(scene: Scene, random: Random) -> Asked:
    if scene.ground is None:
        return random.choice(BACKGROUND), NO_SHAPES
    return random.choice(BACKGROUND), f"The background is {scene.ground.colour}."


def _ask_what(scene: Scene, random: Random) -> Asked:
    """Ask what there is to see."""
    draw = random.random()
    if draw < 0.2:
        return random.choice(DESCRIBE), caption(scene, "normal")
    if draw < 0.25:
        return random.choice(DESCRIBE_LONG), caption(scene, "long")
    listed = f"I see {list_shapes(scene.shapes)}." if scene.shapes else NO_SHAPES
    if draw < 0.8:
        return random.choice(WHAT_DO_YOU_SEE), listed
    text = random.choice(WHAT_AM_I_HOLDING)
    if scene.shapes and scene.ground is not None and scene.ground.holder != "frame":
        holder = scene.ground.holder
        return text, f"You are holding a {holder} with {list_shapes(scene.shapes)}."
    return text, listed


def _ask_something_else(scene: Scene, random: Random) -> Asked:
    return ask_off_topic(random), ONLY_SHAPES


ASKERS: dict[str, Callable[[Scene, Random], Asked]] = {
    "shape": _ask_shape,
    "colour": _ask_colour,
    "how many": _ask_count,
    "is there": _ask_presence,
    "is it": _ask_is_it,
    "left or right of": _ask_side,
    "is A left of B": _ask_order,
    "where": _ask_where,
    "background": _ask_background,
    "what do you see": _ask_what,
    "something else": _ask_something_else,
}
ASKER_WEIGHTS = (12, 12, 15, 12, 6, 13, 5, 8, 4, 16, 11)
