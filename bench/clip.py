"""A clip of the demo world for a camera that is a file: things happen in it at known times.

A card lies in a drawn room, and on it shapes appear, leave, move past each other and change their
colour; at the end nothing happens for a minute. Every picture of it has the noise of a sensor and
the flicker of a lamp. What is right to say of a scene is what is true of it, and only scenes are
taken of which the model says just that, noise or not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, count
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.drawing import draw
from demo.palette import COLOURS, mix
from demo.scenes import FIRST_EVALUATION_SEED, KINDS, MIN_DIAMETER, Box, Scene, Shape, make_scene
from demo.words import list_shapes

QUESTION = "What do you see?"
# A loop that looks every 100 or 500 ms must not fall in step with the frames.
WIDTH_PX, HEIGHT_PX, FRAMES_PER_S = 640, 360, 12
ASPECT = WIDTH_PX / HEIGHT_PX
# Of one pixel, in levels of 255, and of all the light.
NOISE_LEVELS, FLICKER = 4.0, 0.05
# Before the first event somebody turns the camera and the loop on.
LEAD_S = 10.0
GAP_S = (2.0, 4.5)
# What the last event brings is still being looked at for so long.
SETTLE_S, STILL_S, TAIL_S = 3.0, 60.0, 2.0
EVENTS = ("appears", "leaves", "moves", "changes its colour")
N_OF_EACH = 5
N_SHAPES = (1, 3)
# Centres are so far apart from left to right, in widths of the frame, that their order is clear.
MIN_STEP = 0.1
N_NOISY_CHECKS = 4
# Then another scene is begun with.
MAX_TRIES = 300

# Whether the model says this sentence about this picture.
Check = Callable[[Image.Image, str], bool]


@dataclass(frozen=True)
class Part:
    """A scene, what brought it about ("" for the first), its beginning, and what is right then."""

    event: str
    begins_at_s: float
    picture: Image.Image
    sentence: str


@dataclass(frozen=True)
class Clip:
    """All parts in order; each stays until the next begins, the last until the end."""

    parts: list[Part]
    ends_at_s: float


def make_clip(
    seed: int, check: Check, n_of_each: int = N_OF_EACH, still_s: float = STILL_S
) -> Clip:
    """Invent the clip of a seed: as many of each of EVENTS, in any order, at irregular times."""
    random = Random(seed)
    begins_at_s = 0.0
    parts = []
    for event, scene in _invent(random, check, n_of_each):
        parts.append(Part(event, begins_at_s, draw(scene, HEIGHT_PX), sentence_of(scene)))
        gap_s = random.uniform(*GAP_S) if event else LEAD_S
        begins_at_s += round(gap_s * FRAMES_PER_S) / FRAMES_PER_S
    return Clip(parts, parts[-1].begins_at_s + SETTLE_S + still_s + TAIL_S)


def frames(clip: Clip, seed: int) -> Iterator[NDArray[np.uint8]]:
    """What the camera delivers, frame by frame: (HEIGHT_PX, WIDTH_PX, 3)."""
    generator = np.random.default_rng(seed)
    for number in range(round(clip.ends_at_s * FRAMES_PER_S)):
        shown = [part for part in clip.parts if part.begins_at_s <= number / FRAMES_PER_S]
        yield shoot(shown[-1].picture, generator)


def shoot(picture: Image.Image, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Make of a still picture what one exposure makes of it: (height, width, 3)."""
    pixels = np.asarray(picture, dtype=np.float32)
    light = np.float32(generator.uniform(1 - FLICKER, 1 + FLICKER))
    noise = generator.standard_normal(pixels.shape, dtype=np.float32) * np.float32(NOISE_LEVELS)
    return np.clip(np.rint(pixels * light + noise), 0, 255).astype(np.uint8)


def write_y4m(path: Path, shots: Iterator[NDArray[np.uint8]]) -> None:
    """Write a clip that Chromium takes as a camera: 4:2:0, in video range."""
    with path.open("wb") as file:
        size = f"W{WIDTH_PX} H{HEIGHT_PX} F{FRAMES_PER_S}:1"
        file.write(f"YUV4MPEG2 {size} Ip A1:1 C420jpeg\n".encode())
        for shot in shots:
            file.write(b"FRAME\n")
            for plane in _planes(Image.fromarray(shot)):
                file.write(plane.tobytes())


def _planes(picture: Image.Image) -> Iterator[Image.Image]:
    y, *chroma = picture.convert("YCbCr").split()
    yield y.point([round(16 + level * 219 / 255) for level in range(256)])
    half = (picture.width // 2, picture.height // 2)
    for plane in chroma:
        in_range = plane.point([round(128 + (level - 128) * 224 / 255) for level in range(256)])
        yield in_range.resize(half, Image.Resampling.BOX)


# What happens


def _invent(random: Random, check: Check, n_of_each: int) -> list[tuple[str, Scene]]:
    """Begin anew until every event finds a way to happen."""
    while True:
        scene = _first_scene(random, check)
        story = [("", scene)]
        for event in _order(random, n_of_each, len(scene.shapes)):
            changed = _next_scene(scene, event, random, check)
            if changed is None:
                break
            scene = changed
            story.append((event, scene))
        else:
            return story


def _order(random: Random, n_of_each: int, n_shapes: int) -> list[str]:
    """Put so many of each event in an order in which each can happen."""
    while True:
        order = list(EVENTS) * n_of_each
        random.shuffle(order)
        if _is_possible(order, n_shapes):
            return order


def _is_possible(order: list[str], n_shapes: int) -> bool:
    for event in order:
        if event == "moves" and n_shapes < 2:
            return False
        n_shapes += {"appears": 1, "leaves": -1}.get(event, 0)
        if not N_SHAPES[0] <= n_shapes <= N_SHAPES[1]:
            return False
    return True


def _first_scene(random: Random, check: Check) -> Scene:
    first_seed = FIRST_EVALUATION_SEED + random.randrange(1 << 30)
    for seed in count(first_seed):
        scene = make_scene(seed, "card", 2)
        if _is_roomy(scene) and _is_right(scene, check):
            return scene
    raise AssertionError("Seeds have no end.")


def _is_roomy(scene: Scene) -> bool:
    """Whether there is a large white card in a frame of our proportions."""
    ground = scene.ground
    assert ground is not None
    is_large = ground.height > 0.7 and ground.aspect >= 1.3
    return abs(scene.aspect - ASPECT) < 0.01 and is_large and ground.colour == "white"


def _next_scene(scene: Scene, event: str, random: Random, check: Check) -> Scene | None:
    """Let the event happen so that it is seen and told right; None where no way was found."""
    for _ in range(MAX_TRIES):
        shapes = _changed(scene.shapes, event, random)
        changed = replace(scene, shapes=tuple(sorted(shapes, key=lambda shape: shape.x)))
        is_news = sentence_of(changed) != sentence_of(scene)
        if is_news and _is_clear(changed) and _is_right(changed, check):
            return changed
    return None


def _changed(shapes: tuple[Shape, ...], event: str, random: Random) -> list[Shape]:
    other = _any_shape(random)
    if event == "appears":
        return [*shapes, other]
    chosen = random.choice(shapes)
    rest = [shape for shape in shapes if shape is not chosen]
    if event == "leaves":
        return rest
    if event == "moves":
        return [*rest, replace(chosen, x=other.x, y=other.y)]
    return [*rest, replace(chosen, colour=other.colour, rgb=other.rgb)]


def _any_shape(random: Random) -> Shape:
    colour = random.choice(list(COLOURS))
    return Shape(
        kind=random.choice(KINDS),
        colour=colour,
        rgb=mix(random, COLOURS[colour]),
        x=random.uniform(0.1, 0.9),
        y=random.uniform(0.2, 0.8),
        diameter=random.uniform(0.2, 0.4),
        rotation=random.uniform(-0.3, 0.3),
    )


def _is_clear(scene: Scene) -> bool:
    """Whether all shapes lie in the frame, large enough, apart, and in a clear order."""
    boxes = scene.boxes()
    if any(min(box) < 0.01 or max(box) > 0.99 or box[3] - box[1] < MIN_DIAMETER for box in boxes):
        return False
    return all(_are_apart(one, other) for one, other in combinations(boxes, 2))


def _are_apart(one: Box, other: Box) -> bool:
    step = abs(one[0] + one[2] - other[0] - other[2]) / 2
    overlaps_x = one[0] < other[2] and other[0] < one[2]
    overlaps_y = one[1] < other[3] and other[1] < one[3]
    return step > MIN_STEP and not (overlaps_x and overlaps_y)


def _is_right(scene: Scene, check: Check) -> bool:
    """Whether the model says what is true, of the still picture and of shots of it."""
    picture, sentence = draw(scene, HEIGHT_PX), sentence_of(scene)
    generator = np.random.default_rng(scene.seed)
    shots = (Image.fromarray(shoot(picture, generator)) for _ in range(N_NOISY_CHECKS))
    return check(picture, sentence) and all(check(shot, sentence) for shot in shots)


def sentence_of(scene: Scene) -> str:
    """What is true of a scene, as the demo model was taught to say it."""
    return f"I see {list_shapes(scene.shapes)}." if scene.shapes else "I see no shapes."
