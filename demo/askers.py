"""One asker per kind of question: a scene gives a question and its true answer.

An asker returns None where its question would have no single answer.
"""

from collections.abc import Callable
from random import Random

from demo import phrasings
from demo.palette import COLOURS
from demo.scenes import KINDS, Scene, Shape
from demo.words import (
    NUMBERS,
    capitalise,
    caption,
    join,
    list_shapes,
    name,
    place,
    plural,
    with_article,
)

# Colours a person may name that no shape has.
STRANGE_COLOURS = ("white", "grey", "brown", "turquoise", "golden")
ONLY_SHAPES = "I only know coloured shapes, nothing else."
NEEDS_PICTURE = "I need a picture. I only know coloured shapes."
NO_SHAPES = "I see no shapes."


def choose_kind(scene: Scene, random: Random, present: float = 0.75) -> str:
    if scene.shapes and random.random() < present:
        return random.choice(scene.shapes).kind
    return random.choice(KINDS)


def choose_colour(scene: Scene, random: Random, present: float = 0.75) -> str:
    if scene.shapes and random.random() < present:
        return random.choice(scene.shapes).colour
    return random.choice((*COLOURS, *STRANGE_COLOURS) if random.random() < 0.3 else list(COLOURS))


def _unique_name(scene: Scene, shape: Shape, random: Random) -> str | None:
    """Return words that mean this shape and no other, or None where there are none."""
    choices = []
    if len(scene.select(shape.kind)) == 1:
        choices += [shape.kind] * 2
    if len(scene.select(None, shape.colour)) == 1:
        choices += [f"{shape.colour} shape", f"{shape.colour} one"]
    if len(scene.select(shape.kind, shape.colour)) == 1:
        choices += [f"{shape.colour} {shape.kind}"]
    return random.choice(choices) if choices else None


# One asker per kind: a scene -> (question, answer), or None where it would be ambiguous.

Asked = tuple[str, str] | None


def _ask_shape(scene: Scene, random: Random) -> Asked:
    draw = random.random()
    if draw < 0.45 or len(scene.shapes) < 2:
        text = random.choice(phrasings.WHAT_SHAPE)
        if len(scene.shapes) == 1:
            return text, f"It is a {scene.shapes[0].kind}."
        if not scene.shapes:
            return text, NO_SHAPES
        return text, f"I see {list_shapes(scene.shapes)}."
    if draw < 0.6:
        side, shape = random.choice((("left", scene.shapes[0]), ("right", scene.shapes[-1])))
        text = random.choice(phrasings.SHAPE_ON_SIDE).format(side=side)
        return text, f"The shape on the {side} is a {shape.kind}."
    colour = choose_colour(scene, random)
    text = random.choice(phrasings.SHAPE_OF_COLOUR).format(colour=colour)
    kinds = [shape.kind for shape in scene.select(None, colour)]
    if not kinds:
        return text, f"There is no {colour} shape."
    if len(kinds) == 1:
        return text, f"The {colour} shape is a {kinds[0]}."
    if len(set(kinds)) == 1:
        return text, f"The {colour} shapes are {plural(kinds[0])}."
    return text, f"The {colour} shapes are {join([with_article(kind) for kind in kinds])}."


def _ask_colour(scene: Scene, random: Random) -> Asked:
    draw = random.random()
    if draw < 0.2:
        text = random.choice(phrasings.COLOUR_OF_IT)
        if len(scene.shapes) == 1:
            return text, f"It is {scene.shapes[0].colour}."
        return text, f"I see {list_shapes(scene.shapes)}." if scene.shapes else NO_SHAPES
    if draw < 0.35 and len(scene.shapes) > 1:
        side, shape = random.choice((("left", scene.shapes[0]), ("right", scene.shapes[-1])))
        text = random.choice(phrasings.COLOUR_ON_SIDE).format(side=side)
        return text, f"The shape on the {side} is {shape.colour}."
    kind = choose_kind(scene, random, present=0.85)
    colours = [shape.colour for shape in scene.select(kind)]
    if len(colours) > 1:
        text = random.choice((*phrasings.COLOUR_OF_MANY, *phrasings.COLOUR_OF)).format(
            kind=kind, kinds=plural(kind)
        )
        if len(set(colours)) == 1:
            return text, f"The {plural(kind)} are {colours[0]}."
        return text, f"The {plural(kind)} are {join(colours)}."
    text = random.choice(phrasings.COLOUR_OF).format(kind=kind)
    return text, f"The {kind} is {colours[0]}." if colours else f"There is no {kind}."


def _ask_count(scene: Scene, random: Random) -> Asked:
    draw = random.random()
    if draw < 0.45:
        wanted, n_found = ("shape", "shapes"), len(scene.shapes)
    elif draw < 0.75:
        kind = choose_kind(scene, random)
        wanted, n_found = (kind, plural(kind)), len(scene.select(kind))
    elif draw < 0.9:
        colour = choose_colour(scene, random)
        wanted = (f"{colour} shape", f"{colour} shapes")
        n_found = len(scene.select(None, colour))
    else:
        wanted = ("colour", "colours")
        n_found = len({shape.colour for shape in scene.shapes})
    text = random.choice(phrasings.HOW_MANY).format(things=wanted[1])
    if wanted[0] == "shape" and random.random() < 0.2:
        text = random.choice(phrasings.HOW_MANY_SHAPES)
    if n_found == 1:
        return text, f"There is one {wanted[0]}."
    return text, f"There are {NUMBERS[n_found]} {wanted[1]}."


def _ask_presence(scene: Scene, random: Random) -> Asked:
    draw = random.random()
    kind = choose_kind(scene, random, 0.5)
    colour = choose_colour(scene, random, 0.5)
    if draw < 0.35:
        wanted, is_there = kind, bool(scene.select(kind))
    elif draw < 0.55:
        wanted, is_there = f"{colour} shape", bool(scene.select(None, colour))
    else:
        if scene.shapes and random.random() < 0.4:
            shape = random.choice(scene.shapes)
            kind, colour = shape.kind, shape.colour
        wanted, is_there = f"{colour} {kind}", bool(scene.select(kind, colour))
    text = random.choice(phrasings.IS_THERE).format(
        thing=with_article(wanted), things=plural(wanted)
    )
    if wanted == f"{colour} shape" and random.random() < 0.5:
        text = random.choice(phrasings.IS_THERE_COLOUR).format(colour=colour)
    if is_there:
        return text, f"Yes, there is {with_article(wanted)}."
    return text, f"No, there is no {wanted}."


def _ask_is_it(scene: Scene, random: Random) -> Asked:
    """Ask whether a shape has a colour, or is of a kind."""
    if not scene.shapes:
        return None
    shape = random.choice(scene.shapes)
    if random.random() < 0.5:
        colour = random.choice((shape.colour, choose_colour(scene, random, 0.4)))
        start = "Yes, " if colour == shape.colour else "No, "
        if len(scene.shapes) == 1 and random.random() < 0.4:
            return f"Is it {colour}?", f"{start}it is {shape.colour}."
        if len(scene.select(shape.kind)) > 1:
            return None
        text = random.choice(phrasings.IS_THE).format(thing=shape.kind, value=colour)
        return text, f"{start}the {shape.kind} is {shape.colour}."
    kind = random.choice((shape.kind, choose_kind(scene, random, 0.4)))
    start = "Yes, " if kind == shape.kind else "No, "
    if len(scene.shapes) == 1 and random.random() < 0.6:
        return random.choice(phrasings.IS_IT).format(kind=kind), f"{start}it is a {shape.kind}."
    if len(scene.select(None, shape.colour)) > 1:
        return None
    text = random.choice(phrasings.IS_THE).format(thing=f"{shape.colour} shape", value=f"a {kind}")
    return text, f"{start}the {shape.colour} shape is a {shape.kind}."


def _ask_side(scene: Scene, random: Random) -> Asked:
    """Ask what is left or right of something."""
    side = random.choice(("left", "right"))
    if len(scene.shapes) > 1 and random.random() < 0.15:
        shape = scene.shapes[0 if side == "left" else -1]
        text = random.choice(phrasings.WHAT_ON_SIDE).format(side=side)
        return text, f"{capitalise(name(shape))} is on the {side}."
    if not scene.shapes or random.random() < 0.1:
        kind = random.choice(KINDS)
        if scene.select(kind):
            return None
        return random.choice(phrasings.WHAT_BESIDE).format(
            side=side, thing=kind
        ), f"There is no {kind}."
    rank = random.randrange(len(scene.shapes))
    thing = _unique_name(scene, scene.shapes[rank], random)
    if thing is None:
        return None
    text = random.choice(phrasings.WHAT_BESIDE).format(side=side, thing=thing)
    beside = scene.shapes[:rank] if side == "left" else scene.shapes[rank + 1 :]
    if not beside:
        return text, f"Nothing is {side} of the {thing}."
    verb = "is" if len(beside) == 1 else "are"
    return text, f"{capitalise(list_shapes(beside))} {verb} {side} of the {thing}."


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
    text = random.choice(phrasings.IS_BESIDE).format(side=side, thing=names[0], other=names[1])
    start = "Yes" if side == true_side else "No"
    return text, f"{start}, the {names[0]} is {true_side} of the {names[1]}."


def _ask_where(scene: Scene, random: Random) -> Asked:
    if not scene.shapes or random.random() < 0.1:
        kind = random.choice(KINDS)
        if scene.select(kind):
            return None
        return random.choice(phrasings.WHERE).format(thing=kind), f"There is no {kind}."
    shape = random.choice(scene.shapes)
    thing = _unique_name(scene, shape, random)
    if thing is None:
        return None
    text = random.choice(phrasings.WHERE).format(thing=thing)
    return text, f"The {thing} is {place(scene, shape)}."


def _ask_background(scene: Scene, random: Random) -> Asked:
    if scene.ground is None:
        return random.choice(phrasings.BACKGROUND), NO_SHAPES
    return random.choice(phrasings.BACKGROUND), f"The background is {scene.ground.colour}."


def _ask_what(scene: Scene, random: Random) -> Asked:
    """Ask what there is to see."""
    draw = random.random()
    if draw < 0.2:
        return random.choice(phrasings.DESCRIBE), caption(scene, "normal")
    if draw < 0.25:
        return random.choice(phrasings.DESCRIBE_LONG), caption(scene, "long")
    listed = f"I see {list_shapes(scene.shapes)}." if scene.shapes else NO_SHAPES
    if draw < 0.8:
        return random.choice(phrasings.WHAT_DO_YOU_SEE), listed
    text = random.choice(phrasings.WHAT_AM_I_HOLDING)
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


def ask_off_topic(random: Random) -> str:
    """Ask something that coloured shapes cannot answer."""
    template = random.choice(phrasings.OFF_TOPIC)
    if random.random() < 0.5:
        template = random.choice(phrasings.OFF_TOPIC_ABOUT)
    return template.format(
        thing=random.choice(phrasings.THINGS),
        other=random.choice(phrasings.THINGS),
        kind=random.choice(KINDS),
        colour=random.choice(list(COLOURS)),
    )
