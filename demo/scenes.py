"""The world of the demo model: coloured shapes on a plain ground, drawn as a camera sees them.

A scene either fills the frame or is printed on a card or shown on a phone that somebody holds up
in a room. Everything about a scene follows from its seed, so a picture can be drawn again at any
size. Lengths are in frame heights: a frame is `aspect` wide and 1 high, origin top left.

`python -m demo.scenes --cards static/scenes` draws the cards of the page /scenes.
"""

import argparse
import io
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Points = NDArray[np.float64]
Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]
# Draws left, top, right, bottom, in 0..1 of the room, in a colour.
DrawBlock = Callable[[float, float, float, float, Colour], None]

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

# Two prototypes are mixed, so that every red is some red between these.
COLOURS: dict[str, tuple[Colour, ...]] = {
    "red": ((220, 40, 40), (255, 0, 0), (200, 25, 45), (217, 58, 46)),
    "orange": ((255, 140, 0), (255, 165, 0), (240, 120, 30), (250, 130, 20)),
    "yellow": ((255, 220, 0), (255, 255, 0), (245, 205, 45), (250, 225, 60)),
    "green": ((0, 128, 0), (40, 160, 70), (0, 220, 40), (60, 140, 60), (0, 255, 0)),
    "blue": ((0, 0, 255), (46, 98, 201), (30, 80, 220), (25, 110, 240), (20, 50, 160)),
    "purple": ((128, 0, 128), (130, 50, 180), (110, 40, 150), (150, 60, 200)),
    "pink": ((255, 105, 180), (255, 150, 190), (255, 192, 203), (245, 120, 170)),
    "black": ((0, 0, 0), (20, 20, 22), (35, 35, 35)),
}
GROUNDS: dict[str, tuple[Colour, ...]] = {
    "white": ((255, 255, 255), (250, 250, 248), (240, 240, 238), (245, 244, 238)),
    "grey": ((128, 128, 128), (150, 150, 150), (160, 160, 160), (105, 107, 110)),
    "black": ((0, 0, 0), (18, 18, 20), (30, 30, 32)),
    "red": ((210, 50, 50), (255, 0, 0), (190, 40, 40)),
    "orange": ((250, 150, 40), (255, 165, 0)),
    "yellow": ((255, 240, 140), (255, 225, 60), (255, 255, 0), (250, 235, 160)),
    "green": ((170, 225, 170), (80, 170, 90), (0, 128, 0), (190, 235, 190)),
    "blue": ((175, 210, 245), (90, 140, 220), (0, 0, 255), (200, 225, 250), (60, 90, 170)),
    "purple": ((190, 160, 225), (130, 70, 170), (128, 0, 128)),
    "pink": ((255, 205, 220), (255, 170, 200), (255, 192, 203)),
}
GROUND_WEIGHTS = (46, 14, 5, 4, 4, 6, 6, 7, 4, 4)
SKINS: tuple[Colour, ...] = ((238, 196, 168), (205, 150, 118), (160, 108, 80), (98, 66, 50))
FURNITURE: tuple[Colour, ...] = (
    *((166, 124, 82), (92, 64, 44), (205, 190, 165), (120, 130, 140), (86, 110, 96)),
    *((172, 92, 84), (88, 104, 140), (214, 182, 110), (60, 62, 68), (232, 228, 220)),
)


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
    """What a picture shows. `shapes` run from left to right; `ground` is None in a bare room."""

    seed: int
    aspect: float
    ground: Ground | None
    shapes: tuple[Shape, ...]

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
    holder = holder or random.choices(("frame", "card", "phone", "room"), (50, 34, 12, 4))[0]
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


def draw(scene: Scene, height_px: int = 480) -> Image.Image:
    """Draw the scene as the camera delivers it, before JPEG; RGB, `height_px` high."""
    random = Random(scene.seed + 1)
    width_px = round(scene.aspect * height_px)
    if scene.ground is None:
        image = _draw_bare(random, scene.aspect, width_px, height_px)
    else:
        image = _draw_surroundings(random, scene, width_px, height_px)
        _draw_shapes(random, scene, image)
        if scene.ground.holder != "frame":
            _draw_fingers(random, scene, image)
    return _photograph(random, image)


def encode_jpeg(image: Image.Image, seed: int) -> bytes:
    """Return the picture as JPEG bytes, of a quality chosen by the seed."""
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=Random(seed + 2).randint(50, 93))
    return encoded.getvalue()


def label_patches(scene: Scene, size_px: int) -> NDArray[np.uint8]:
    """Say for every pixel of the squashed frame which shape it shows: 1, 2, ... or 0 for none.

    Returns (size_px, size_px).
    """
    labels = Image.new("L", (size_px, size_px))
    brush = ImageDraw.Draw(labels)
    for number, outline in enumerate(scene.outlines(), start=1):
        brush.polygon(_pixels(outline, size_px / scene.aspect, size_px), fill=number)
    return np.asarray(labels)


# Inventing a scene


def _make_ground(random: Random, holder: str, aspect: float, n_shapes: int) -> Ground:
    colour = random.choices(list(GROUNDS), GROUND_WEIGHTS)[0]
    rgb = _mix(random, GROUNDS[colour])
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
                rgb=_mix(random, COLOURS[shape_colour]),
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


def _pixels(points: Points, x_scale: float, y_scale: float) -> list[tuple[float, float]]:
    return [(x * x_scale, y * y_scale) for x, y in points.tolist()]


# Drawing


def _draw_bare(random: Random, aspect: float, width_px: int, height_px: int) -> Image.Image:
    """Draw a picture without any ground: a room, darkness or noise."""
    what = random.random()
    if what < 0.75:
        return _draw_room(random, aspect, width_px, height_px)
    if what < 0.85:
        level = random.randint(0, 25)
        return Image.new("RGB", (width_px, height_px), (level, level, level))
    generator = np.random.default_rng(random.getrandbits(32))
    cells = (random.choice((12, 48, 160)), random.choice((16, 64, 200)), 3)
    noise = generator.integers(0, 256, cells, dtype=np.uint8)
    return Image.fromarray(noise).resize((width_px, height_px), Image.Resampling.BILINEAR)


def _draw_surroundings(random: Random, scene: Scene, width_px: int, height_px: int) -> Image.Image:
    """Draw everything that lies behind the shapes."""
    ground = scene.ground
    assert ground is not None
    if ground.holder == "frame":
        return Image.new("RGB", (width_px, height_px), ground.rgb)
    image = _draw_room(random, scene.aspect, width_px, height_px)
    brush = ImageDraw.Draw(image)
    is_phone = ground.holder == "phone"
    margin = random.uniform(0.02, 0.07) if is_phone else random.choice((0.0, 0.04, 0.08, 0.12))
    rim = random.randint(5, 50) if is_phone else random.randint(225, 255)
    frame = _rectangle(-margin / ground.aspect, -margin, 1 + margin / ground.aspect, 1 + margin)
    shadow = ground.project(frame) + random.uniform(0, 0.03)
    brush.polygon(_pixels(shadow, height_px, height_px), fill=(70, 64, 60))
    brush.polygon(_pixels(ground.project(frame), height_px, height_px), fill=(rim, rim, rim))
    whole = _rectangle(0, 0, 1, 1)
    brush.polygon(_pixels(ground.project(whole), height_px, height_px), fill=ground.rgb)
    return image


def _rectangle(left: float, top: float, right: float, bottom: float) -> Points:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def _draw_room(random: Random, aspect: float, width_px: int, height_px: int) -> Image.Image:
    """Draw a room, small and therefore soft: wall, table, furniture, often a person."""
    height = random.choice((36, 60, 96))
    width = round(aspect * height)
    image = Image.new("RGB", (width, height), _tint(random, random.choice(FURNITURE)))
    brush = ImageDraw.Draw(image)

    def block(left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        brush.rectangle((left * width, top * height, right * width, bottom * height), fill=colour)

    wall = random.randint(110, 235)
    block(0, 0, 1, random.uniform(0.55, 1.0), _tint(random, (wall, wall, wall - 8)))
    if random.random() < 0.4:
        left, top = random.uniform(0, 0.7), random.uniform(0, 0.3)
        block(left, top, left + random.uniform(0.1, 0.3), top + 0.35, (246, 246, 236))
    if random.random() < 0.5:
        _draw_shelf(random, block)
    for _ in range(random.randint(0, 3)):
        left, top = random.uniform(-0.1, 0.9), random.uniform(0.2, 0.9)
        colour = _tint(random, random.choice(FURNITURE))
        block(left, top, left + random.uniform(0.05, 0.4), top + random.uniform(0.1, 0.5), colour)
    if random.random() < 0.25:
        _draw_plant(random, brush, width, height)
    if random.random() < 0.5:
        _draw_person(random, brush, width, height)
    if random.random() < 0.6:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 2.0)))
    return image.resize((width_px, height_px), Image.Resampling.BICUBIC)


def _draw_shelf(random: Random, block: DrawBlock) -> None:
    x, bottom = random.uniform(0, 0.6), random.uniform(0.2, 0.5)
    block(x - 0.05, bottom, x + 0.4, bottom + 0.03, (110, 82, 58))
    for _ in range(random.randint(3, 8)):
        thickness = random.uniform(0.02, 0.05)
        colour = _tint(random, random.choice(FURNITURE))
        block(x, bottom - random.uniform(0.1, 0.2), x + thickness, bottom, colour)
        x += thickness + 0.005


def _draw_plant(random: Random, brush: ImageDraw.ImageDraw, width: int, height: int) -> None:
    x, y = random.uniform(0.05, 0.95) * width, random.uniform(0.4, 0.7) * height
    for _ in range(9):
        tip_x, tip_y = x + random.gauss(0, 0.1) * width, y - random.uniform(0.1, 0.4) * height
        leaf = _tint(random, (110, 145, 105))
        brush.line((x, y, tip_x, tip_y), fill=leaf, width=max(1, height // 20))
    pot = (x - 0.05 * width, y, x + 0.05 * width, y + 0.2 * height)
    brush.rectangle(pot, fill=_tint(random, (205, 160, 125)))


def _draw_person(random: Random, brush: ImageDraw.ImageDraw, width: int, height: int) -> None:
    x, y = random.uniform(0.15, 0.85) * width, random.uniform(0.2, 0.5) * height
    head = random.uniform(0.1, 0.22) * height
    skin = _tint(random, random.choice(SKINS))
    clothes = _tint(random, random.choice((*FURNITURE, (190, 50, 50), (50, 90, 180))))
    hair = _tint(random, random.choice(((50, 36, 28), (120, 84, 50), (200, 180, 140))))

    def oval(centre_x: float, centre_y: float, half_w: float, half_h: float, fill: Colour) -> None:
        area = (centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h)
        brush.ellipse(area, fill=fill)

    oval(x, y + 4.2 * head, 2.4 * head, 2.6 * head, clothes)
    brush.rectangle((x - 0.4 * head, y, x + 0.4 * head, y + 1.8 * head), fill=skin)
    oval(x, y - 0.25 * head, 0.95 * head, 1.2 * head, hair)
    oval(x, y, 0.8 * head, 1.1 * head, skin)
    for side in (-0.35, 0.35):
        oval(x + side * head, y - 0.1 * head, 0.12 * head, 0.08 * head, (40, 32, 30))
    oval(x, y + 0.5 * head, 0.3 * head, 0.08 * head, (150, 70, 70))


def _draw_shapes(random: Random, scene: Scene, image: Image.Image) -> None:
    brush = ImageDraw.Draw(image)
    has_outline = random.random() < 0.08
    for shape, outline in zip(scene.shapes, scene.outlines(), strict=True):
        pixels = _pixels(outline, image.height, image.height)
        brush.polygon(pixels, fill=shape.rgb)
        if has_outline:
            brush.line([*pixels, pixels[0]], fill=(30, 30, 30), width=max(1, image.height // 120))


def _draw_fingers(random: Random, scene: Scene, image: Image.Image) -> None:
    """Draw up to two thumbs on the rim of the ground, with the arms they belong to."""
    assert scene.ground is not None
    skin = _tint(random, random.choice(SKINS))
    nail = _tint(random, skin)
    brush = ImageDraw.Draw(image)
    places = random.sample([(-0.01, 0.8), (1.01, 0.8), (0.2, 1.02), (0.8, 1.02)], 2)
    for place in places[: random.randint(0, 2)]:
        x, y = scene.ground.project(np.array([place]))[0] * image.height
        thick = random.uniform(0.05, 0.08) * image.height
        outwards = math.copysign(random.uniform(0.2, 1.2) * thick, place[0] - 0.5)
        elbow = (x + 3 * outwards, image.height + thick)
        brush.line((x + outwards / 2, y + thick, *elbow), fill=skin, width=round(1.6 * thick))
        brush.line((x, y, x + outwards, y + 1.4 * thick), fill=skin, width=round(thick))
        for radius, fill in ((thick / 2, skin), (thick / 4, nail)):
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


def _photograph(random: Random, image: Image.Image) -> Image.Image:
    """Add what a camera adds: light from one side, colour cast, softness, noise."""
    if random.random() < 0.1:
        return image
    if random.random() < 0.5:
        radius = random.uniform(0.2, 1.6) * image.height / 240
        image = image.filter(ImageFilter.GaussianBlur(radius))
    pixels = np.asarray(image, dtype=np.float32)
    height, width = pixels.shape[:2]
    brightness = random.uniform(0.84, 1.06)
    slope_x, slope_y = random.gauss(0, 0.1), random.gauss(0, 0.08)
    across = np.linspace(-slope_x, slope_x, width, dtype=np.float32)
    down = np.linspace(-slope_y, slope_y, height, dtype=np.float32)
    light = np.clip(brightness * (1 + across[None, :] + down[:, None]), 0.76, 1.15)
    cast = np.array([random.gauss(1, 0.025) for _ in range(3)], dtype=np.float32)
    haze = random.uniform(0, 18) if random.random() < 0.4 else 0.0
    pixels = haze + pixels * light[:, :, None] * cast * (1 - haze / 255)
    if random.random() < 0.6:
        generator = np.random.default_rng(random.getrandbits(32))
        noise = generator.standard_normal((height, width), dtype=np.float32)
        pixels += noise[:, :, None] * random.uniform(0, 8)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _mix(random: Random, prototypes: Sequence[Colour]) -> Colour:
    """Mix two of the prototypes; now and then take one exactly as it is."""
    if random.random() < 0.3:
        return random.choice(prototypes)
    first, second, share = random.choice(prototypes), random.choice(prototypes), random.random()
    mixed = (a + share * (b - a) for a, b in zip(first, second, strict=True))
    red, green, blue = (_level(level + random.uniform(-6, 6)) for level in mixed)
    return red, green, blue


def _tint(random: Random, rgb: Colour) -> Colour:
    """Return a colour near this one."""
    red, green, blue = (_level(level + random.uniform(-25, 25)) for level in rgb)
    return red, green, blue


def _level(level: float) -> int:
    return max(0, min(255, round(level)))


# The cards of the page /scenes

CARDS: tuple[tuple[str, str], ...] = (
    ("Red circle", "red circle"),
    ("Blue square", "blue square"),
    ("Green triangle", "green triangle"),
    ("Yellow star", "yellow star"),
    ("Red circle and blue square", "red circle, blue square"),
    ("Pink heart and black cross", "pink heart, black cross"),
    ("Three stars", "orange star, orange star, purple star"),
    ("Green square, red heart, blue circle", "green square, red heart, blue circle"),
)


def make_card(names: str) -> Scene:
    """Arrange shapes such as "red circle, blue square" in a row on a white card."""
    pairs = [name.split() for name in names.split(", ")]
    diameter = min(0.6, 0.98 / len(pairs))
    shapes = tuple(
        Shape(kind, colour, COLOURS[colour][0], (i + 0.5) / len(pairs), 0.5, diameter, 0.0)
        for i, (colour, kind) in enumerate(pairs)
    )
    ground = Ground("frame", "white", (250, 250, 248), 4 / 3, (2 / 3, 0.5), 1.0)
    return Scene(0, 4 / 3, ground, shapes)


def draw_card(scene: Scene, height_px: int = 480) -> Image.Image:
    """Draw a card as it is printed: smooth edges, no camera."""
    assert scene.ground is not None
    size = (round(scene.aspect * height_px), height_px)
    large = Image.new("RGB", (3 * size[0], 3 * size[1]), scene.ground.rgb)
    brush = ImageDraw.Draw(large)
    for shape, outline in zip(scene.shapes, scene.outlines(), strict=True):
        brush.polygon(_pixels(outline, large.height, large.height), fill=shape.rgb)
    return large.resize(size, Image.Resampling.LANCZOS)


def write_cards(folder: Path) -> None:
    """Write the cards and scenes.json, the list of their files and titles."""
    folder.mkdir(parents=True, exist_ok=True)
    listing = []
    for title, names in CARDS:
        file = title.lower().replace(",", "").replace(" and ", " ").replace(" ", "-") + ".png"
        card = draw_card(make_card(names)).quantize(64, dither=Image.Dither.NONE)
        card.save(folder / file, optimize=True)
        listing.append({"file": file, "title": title})
    (folder / "scenes.json").write_text(json.dumps(listing, indent=2) + "\n")


def main() -> None:
    """Write the cards into a folder."""
    parser = argparse.ArgumentParser(description="Draw the cards of the page /scenes.")
    parser.add_argument("--cards", type=Path, required=True, help="folder to write into")
    write_cards(parser.parse_args().cards)


if __name__ == "__main__":
    main()
