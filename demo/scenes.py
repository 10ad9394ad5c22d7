"""The world of the demo model: coloured shapes on a plain ground, as a camera sees them.

A scene either fills the frame or is printed on a card or shown on a phone that somebody holds up
in a room. Everything about a scene follows from its seed, so a picture can be drawn again at any
size. Lengths are in frame heights: a frame is `aspect` wide and 1 high, origin top left.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import numpy as np
from numpy.typing import NDArray

from demo.palette import COLOURS, GROUND_WEIGHTS, GROUNDS, Colour, mix

Points = NDArray[np.float64]
Box = tuple[float, float, float, float]


KINDS = ("circle", "square", "triangle", "star", "heart", "cross")
MAX_SHAPES = 4
# A third of the ground is left, middle or right; this near its border nobody could tell.
UNCLEAR_PLACE = 0.05
# Neighbours are at least this far apart from left to right, in widths of the ground.
MIN_STEP = 0.09
# And at least this far apart in the picture, in widths of the frame.
MIN_FRAME_STEP = 0.045
# Smaller shapes, in frame heights, are too small for the eye of the model.
MIN_DIAMETER = 0.13
# Seeds from here on are kept for evaluation; training draws smaller ones.
FIRST_EVALUATION_SEED = 1 << 40


@dataclass(frozen=True)
class Shape:
    """One shape. Centre in 0..1 of the ground; diameter in heights of the ground; radians."""

    kind: str
    colour: str
    rgb: Colour
    x: float
    y: float
    diameter: float
    rotation: float


@dataclass(frozen=True)
class Ground:
    """The flat thing the shapes lie on, as a card in space before the camera.

    holder: what carries it: "frame" (it fills the picture), "card" or "phone".
    aspect: width by height. centre and height: in the frame. Angles in radians.
    """

    holder: str
    colour: str
    rgb: Colour
    aspect: float
    centre: tuple[float, float]
    height: float
    roll: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0

    def project(self, points: Points) -> Points:
        """Carry points of the ground (K, 2), in 0..1 each way, into the frame (K, 2)."""
        x = (points[:, 0] - 0.5) * self.aspect * self.height
        y = (points[:, 1] - 0.5) * self.height
        x, y = (
            x * math.cos(self.roll) - y * math.sin(self.roll),
            x * math.sin(self.roll) + y * math.cos(self.roll),
        )
        # The camera is a frame height and a half away, a usual webcam lens.
        depth = 1 + (x * math.sin(self.yaw) + y * math.sin(self.pitch)) / 1.5
        x = self.centre[0] + x * math.cos(self.yaw) / depth
        y = self.centre[1] + y * math.cos(self.pitch) / depth
        return np.stack([x, y], axis=1)


@dataclass(frozen=True)
class Scene:
    """What a picture shows. `shapes` run from left to right; `ground` is None in a bare room.

    is_printed: drawn with smooth edges, not photographed.
    """

    seed: int
    aspect: float
    ground: Ground | None
    shapes: tuple[Shape, ...]
    is_printed: bool = False

    def select(self, kind: str | None = None, colour: str | None = None) -> list[Shape]:
        """Return the shapes of a kind, a colour or both, from left to right."""
        return [
            shape
            for shape in self.shapes
            if kind in (None, shape.kind) and colour in (None, shape.colour)
        ]

    def outlines(self) -> list[Points]:
        """Return the outline of every shape in the frame, each (K, 2)."""
        if self.ground is None:
            return []
        return [_outline(shape, self.ground) for shape in self.shapes]

    def boxes(self) -> list[Box]:
        """Return the box of every shape as fractions of the frame."""
        return [_box(outline, self.aspect) for outline in self.outlines()]


def make_scene(seed: int, holder: str | None = None, n_shapes: int | None = None) -> Scene:
    """Invent the scene of a seed; `holder` and `n_shapes` narrow it down."""
    random = Random(seed)
    aspect = random.choices((4 / 3, 16 / 9, 1.0, 3 / 4), (60, 28, 6, 6))[0]
    holder = holder or random.choices(("frame", "card", "phone", "room"), (38, 43, 15, 4))[0]
    if holder == "room":
        return Scene(seed, aspect, None, ())
    if n_shapes is None:
        n_shapes = random.choices(range(MAX_SHAPES + 1), (5, 32, 31, 20, 12))[0]
    while True:
        ground = _make_ground(random, holder, aspect, n_shapes)
        shapes = _place_shapes(random, ground, n_shapes)
        scene = Scene(seed, aspect, ground, shapes or ())
        if shapes is not None and _is_clear(scene):
            return scene


# Inventing a scene


def _make_ground(random: Random, holder: str, aspect: float, n_shapes: int) -> Ground:
    colour = random.choices(list(GROUNDS), GROUND_WEIGHTS)[0]
    rgb = mix(random, GROUNDS[colour])
    if holder == "frame":
        return Ground(holder, colour, rgb, aspect, (aspect / 2, 0.5), 1.0)
    card_aspects = (4 / 3, 1.414, 1.0, 1.6, 0.707)
    phone_aspects = (16 / 9, 2.0, 9 / 16) if n_shapes < 3 else (16 / 9, 2.0)
    ground_aspect = random.choice(card_aspects if holder == "card" else phone_aspects)
    # A card with more on it is held nearer; it may not be wider than the frame.
    height = random.uniform(0.4 + 0.05 * n_shapes, 0.85)
    height = min(height, 0.85 * aspect / ground_aspect)
    free_x = max(0.0, aspect / 2 - ground_aspect * height / 2)
    free_y = max(0.0, 0.5 - height / 2)
    centre = (
        aspect / 2 + random.uniform(-0.8, 0.8) * free_x,
        0.5 + random.uniform(-0.8, 0.8) * free_y,
    )
    angles = (random.gauss(0, math.radians(deg)) for deg in (6, 14, 12))
    roll, yaw, pitch = (max(-0.5, min(0.5, angle)) for angle in angles)
    return Ground(holder, colour, rgb, ground_aspect, centre, height, roll, yaw, pitch)


def _place_shapes(random: Random, ground: Ground, n_shapes: int) -> tuple[Shape, ...] | None:
    """Place shapes apart from each other, or return None when they found no room."""
    colours = [name for name in COLOURS if _stand_out(name, ground.colour)]
    # Families of one kind or one colour make counting and "how many stars" worth asking.
    kind = random.choice(KINDS) if random.random() < 0.25 else None
    colour = random.choice(colours) if random.random() < 0.15 else None
    is_row = random.random() < 0.4
    largest = min(0.85, 0.95 * ground.aspect, 1.5 * ground.aspect / max(1, n_shapes))
    common = random.uniform(0.2, largest) if is_row or random.random() < 0.3 else None
    shapes: list[Shape] = []
    for number in range(n_shapes):
        for _ in range(12):
            shape_kind, shape_colour = (
                kind or random.choice(KINDS),
                colour or random.choice(colours),
            )
            diameter = common or random.uniform(0.18, largest)
            x, y = _choose_centre(random, ground, diameter, (number, n_shapes) if is_row else None)
            shape = Shape(
                kind=shape_kind,
                colour=shape_colour,
                rgb=mix(random, COLOURS[shape_colour]),
                x=x,
                y=y,
                diameter=diameter,
                rotation=_choose_rotation(random, shape_kind),
            )
            if all(_are_apart(shape, other, ground) for other in shapes):
                shapes.append(shape)
                break
        else:
            return None
    return tuple(sorted(shapes, key=lambda shape: shape.x))


def _choose_centre(
    random: Random, ground: Ground, diameter: float, place_in_row: tuple[int, int] | None
) -> tuple[float, float]:
    margin_x = (0.5 * diameter + 0.04) / ground.aspect
    margin_y = 0.5 * diameter + 0.04
    if place_in_row is None:
        x = random.uniform(margin_x, 1 - margin_x) if margin_x < 0.5 else 0.5
        return x, random.uniform(margin_y, 1 - margin_y) if margin_y < 0.5 else 0.5
    number, n_shapes = place_in_row
    x = (number + 0.5) / n_shapes + random.gauss(0, 0.015)
    return x, 0.5 + random.gauss(0, 0.03)


def _choose_rotation(random: Random, kind: str) -> float:
    if random.random() < 0.4:
        return 0.0
    most = math.radians(20 if kind == "cross" else 30)
    return random.uniform(-most, most)


def _are_apart(shape: Shape, other: Shape, ground: Ground) -> bool:
    across = (shape.x - other.x) * ground.aspect
    distance = math.hypot(across, shape.y - other.y)
    is_apart = distance > 0.5 * (shape.diameter + other.diameter) + 0.03
    return is_apart and abs(shape.x - other.x) > MIN_STEP


def _stand_out(colour: str, ground_colour: str) -> bool:
    """Whether a shape of this colour can be told from the ground."""
    alike = {"red": "orange pink", "orange": "red yellow", "yellow": "orange white"}
    alike |= {"pink": "red purple", "purple": "pink blue black", "blue": "purple"}
    alike |= {"black": "purple", "green": "", "grey": "", "white": ""}
    return colour != ground_colour and colour not in alike[ground_colour].split()


def _is_clear(scene: Scene) -> bool:
    """Whether every question about this scene has one answer only."""
    for (x_min, y_min, x_max, y_max), shape in zip(scene.boxes(), scene.shapes, strict=True):
        if min(x_min, y_min) < 0.005 or max(x_max, y_max) > 0.995:
            return False
        if (y_max - y_min) < MIN_DIAMETER or (x_max - x_min) * scene.aspect < 0.75 * MIN_DIAMETER:
            return False
        is_alone = len(scene.shapes) == 1
        if is_alone and min(abs(shape.x - 1 / 3), abs(shape.x - 2 / 3)) < UNCLEAR_PLACE:
            return False
    centres = [(x_min + x_max) / 2 for x_min, _, x_max, _ in scene.boxes()]
    steps = (right - left for left, right in pairwise(centres))
    return all(step > MIN_FRAME_STEP for step in steps)


# Outlines


def _unit_outline(kind: str) -> Points:
    """Return the outline of a shape of diameter 1 around the origin, (K, 2), y downwards."""
    if kind == "circle":
        angles = np.arange(48) * (2 * np.pi / 48)
        return 0.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if kind == "square":
        return 0.42 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=float)
    if kind == "triangle":
        angles = np.radians([-90, 30, 150])
        return 0.55 * np.stack([np.cos(angles), np.sin(angles)], axis=1) + (0, 0.09)
    if kind == "star":
        angles = np.radians(-90 + 36 * np.arange(10))
        radius = np.where(np.arange(10) % 2 == 0, 0.54, 0.23)
        return radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if kind == "cross":
        arm = 0.16
        quarter = [(arm, -0.5), (arm, -arm), (0.5, -arm)]
        turns = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
        corners: list[tuple[float, float]] = []
        for turn, (flip_x, flip_y) in enumerate(turns):
            part = [(x * flip_x, y * flip_y) for x, y in quarter]
            corners += part if turn % 2 else part[::-1]
        return np.array(corners)
    t = np.arange(48) * (2 * np.pi / 48)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([x, -y - 2.5], axis=1) / 33


UNIT_OUTLINES = {kind: _unit_outline(kind) for kind in KINDS}


def _outline(shape: Shape, ground: Ground) -> Points:
    cos, sin = math.cos(shape.rotation), math.sin(shape.rotation)
    turned = UNIT_OUTLINES[shape.kind] @ np.array([[cos, sin], [-sin, cos]])
    on_ground = turned * shape.diameter / (ground.aspect, 1) + (shape.x, shape.y)
    return ground.project(on_ground)


def _box(outline: Points, aspect: float) -> Box:
    (x_min, y_min), (x_max, y_max) = outline.min(axis=0), outline.max(axis=0)
    return float(x_min / aspect), float(y_min), float(x_max / aspect), float(y_max)
