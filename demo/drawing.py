"""Draws scenes: the room, the hand, the shapes, and what a camera adds."""

import io
import math
from collections.abc import Callable
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from demo.palette import FURNITURE, SKINS, Colour, tint
from demo.scenes import Points, Scene

# Draws left, top, right, bottom, in 0..1 of the room, in a colour.
DrawBlock = Callable[[float, float, float, float, Colour], None]


def draw(scene: Scene, height_px: int = 480) -> Image.Image:
    """Draw the scene as the camera delivers it, before JPEG; RGB, `height_px` high."""
    if scene.is_printed:
        return _draw_printed(scene, height_px)
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
        brush.polygon(to_pixels(outline, size_px / scene.aspect, size_px), fill=number)
    return np.asarray(labels)


def _draw_printed(scene: Scene, height_px: int) -> Image.Image:
    assert scene.ground is not None
    size = (round(scene.aspect * height_px), height_px)
    large = Image.new("RGB", (3 * size[0], 3 * size[1]), scene.ground.rgb)
    brush = ImageDraw.Draw(large)
    for shape, outline in zip(scene.shapes, scene.outlines(), strict=True):
        brush.polygon(to_pixels(outline, large.height, large.height), fill=shape.rgb)
    return large.resize(size, Image.Resampling.LANCZOS)


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
    brush.polygon(to_pixels(shadow, height_px, height_px), fill=(70, 64, 60))
    brush.polygon(to_pixels(ground.project(frame), height_px, height_px), fill=(rim, rim, rim))
    whole = _rectangle(0, 0, 1, 1)
    brush.polygon(to_pixels(ground.project(whole), height_px, height_px), fill=ground.rgb)
    return image


def _rectangle(left: float, top: float, right: float, bottom: float) -> Points:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def _draw_room(random: Random, aspect: float, width_px: int, height_px: int) -> Image.Image:
    """Draw a room, small and therefore soft: wall, table, furniture, often a person."""
    height = random.choice((36, 60, 96))
    width = round(aspect * height)
    image = Image.new("RGB", (width, height), tint(random, random.choice(FURNITURE)))
    brush = ImageDraw.Draw(image)

    def block(left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        brush.rectangle((left * width, top * height, right * width, bottom * height), fill=colour)

    wall = random.randint(110, 235)
    block(0, 0, 1, random.uniform(0.55, 1.0), tint(random, (wall, wall, wall - 8)))
    if random.random() < 0.4:
        left, top = random.uniform(0, 0.7), random.uniform(0, 0.3)
        block(left, top, left + random.uniform(0.1, 0.3), top + 0.35, (246, 246, 236))
    if random.random() < 0.5:
        _draw_shelf(random, block)
    for _ in range(random.randint(0, 3)):
        left, top = random.uniform(-0.1, 0.9), random.uniform(0.2, 0.9)
        colour = tint(random, random.choice(FURNITURE))
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
        colour = tint(random, random.choice(FURNITURE))
        block(x, bottom - random.uniform(0.1, 0.2), x + thickness, bottom, colour)
        x += thickness + 0.005


def _draw_plant(random: Random, brush: ImageDraw.ImageDraw, width: int, height: int) -> None:
    x, y = random.uniform(0.05, 0.95) * width, random.uniform(0.4, 0.7) * height
    for _ in range(9):
        tip_x, tip_y = x + random.gauss(0, 0.1) * width, y - random.uniform(0.1, 0.4) * height
        leaf = tint(random, (110, 145, 105))
        brush.line((x, y, tip_x, tip_y), fill=leaf, width=max(1, height // 20))
    pot = (x - 0.05 * width, y, x + 0.05 * width, y + 0.2 * height)
    brush.rectangle(pot, fill=tint(random, (205, 160, 125)))


def _draw_person(random: Random, brush: ImageDraw.ImageDraw, width: int, height: int) -> None:
    x, y = random.uniform(0.15, 0.85) * width, random.uniform(0.2, 0.5) * height
    head = random.uniform(0.1, 0.22) * height
    skin = tint(random, random.choice(SKINS))
    clothes = tint(random, random.choice((*FURNITURE, (190, 50, 50), (50, 90, 180))))
    hair = tint(random, random.choice(((50, 36, 28), (120, 84, 50), (200, 180, 140))))

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
        pixels = to_pixels(outline, image.height, image.height)
        brush.polygon(pixels, fill=shape.rgb)
        if has_outline:
            brush.line([*pixels, pixels[0]], fill=(30, 30, 30), width=max(1, image.height // 120))


def _draw_fingers(random: Random, scene: Scene, image: Image.Image) -> None:
    """Draw up to two thumbs on the rim of the ground, with the arms they belong to."""
    assert scene.ground is not None
    skin = tint(random, random.choice(SKINS))
    nail = tint(random, skin)
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


def to_pixels(points: Points, x_scale: float, y_scale: float) -> list[tuple[float, float]]:
    return [(x * x_scale, y * y_scale) for x, y in points.tolist()]
