"""Words about shapes: names, lists, places, captions, and the many ways to spell a question."""

from collections.abc import Sequence
from random import Random

from demo.scenes import Scene, Shape

NUMBERS = ("no", "one", "two", "three", "four")
ORDINALS = ("first", "second", "third", "fourth")
CAPTION_LENGTHS = ("short", "normal", "long")
HOLDERS = {
    "frame": "It fills the picture.",
    "card": "Somebody holds it on a card.",
    "phone": "Somebody holds it on a phone.",
}


def caption(scene: Scene, length: str) -> str:
    """Return the true caption of a scene: short, normal or long."""
    if not scene.shapes or scene.ground is None:
        return "There are no shapes."
    listed = list_shapes(scene.shapes)
    if length == "short":
        return f"{capitalise(listed)}."
    ground = f"on {with_article(scene.ground.colour)} background"
    if len(scene.shapes) == 1:
        normal = f"{capitalise(listed)} {ground}."
        detail = f"The {scene.shapes[0].kind} is {place(scene, scene.shapes[0])}."
    else:
        normal = f"{capitalise(NUMBERS[len(scene.shapes)])} shapes {ground}: {listed}."
        first = scene.shapes[0]
        detail = f"The {first.colour} {first.kind} is on the left."
    if length == "normal":
        return normal
    return f"{normal} {detail} {HOLDERS[scene.ground.holder]}"


def name(shape: Shape) -> str:
    """Return the shape with its article: "an orange star"."""
    return with_article(f"{shape.colour} {shape.kind}")


def list_shapes(shapes: Sequence[Shape]) -> str:
    """Return "a red circle, a blue star and a pink heart"."""
    return join([name(shape) for shape in shapes])


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
    text = vary_spelling(text, random)
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


def vary_spelling(text: str, random: Random) -> str:
    if random.random() < 0.4:
        text = text.replace("colour", "color")
    return text


def join(parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def capitalise(text: str) -> str:
    return text[0].upper() + text[1:]


def with_article(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def plural(kind: str) -> str:
    return f"{kind}es" if kind.endswith("cross") else f"{kind}s"
