"""What the camera of the pictures sees: a table with things on it, drawn."""

import base64
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1280, 720
# Drawn so much larger, then made smaller: edges of things are smooth.
SCALE = 2
QUALITY = 88
WALL, WALL_BELOW, WOOD, WOOD_FRONT = "#DCD6CB", "#C9C1B3", "#A9794E", "#7C5635"
RED, BLUE, GREEN, LEAF, POT, BOOK = (
    *("#B5382F", "#3C5F8F", "#7FA03B", "#4D7A45", "#C98A5A", "#E8E2D4"),
)
TABLE_TOP = 430

# Where what is on the table lies, as fractions of the picture.
MUGS = ((0.17, 0.44, 0.31, 0.71), (0.63, 0.47, 0.76, 0.72))
APPLES = ((0.39, 0.60, 0.46, 0.72), (0.46, 0.62, 0.53, 0.74), (0.53, 0.60, 0.60, 0.72))
PLANT, BOOK_AT = (0.83, 0.22, 0.97, 0.70), (0.33, 0.80, 0.60, 0.93)

Box = tuple[float, float, float, float]


def middle(box: Box) -> tuple[float, float]:
    return ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)


@lru_cache(64)
def desk(n_apples: int = len(APPLES), red_mug_moved: float = 0.0) -> Image.Image:
    """The table. red_mug_moved: to the right, as a fraction of the picture."""
    image = Image.new("RGB", (SCALE * WIDTH, SCALE * HEIGHT), WALL)
    _room(ImageDraw.Draw(image))
    moved = (MUGS[0][0] + red_mug_moved, MUGS[0][1], MUGS[0][2] + red_mug_moved, MUGS[0][3])
    boxes = (moved, MUGS[1], PLANT, BOOK_AT, *APPLES[:n_apples])
    image.paste("#4A3320", mask=_shadows(boxes))
    draw = ImageDraw.Draw(image)
    _mug(draw, moved, RED)
    _mug(draw, MUGS[1], BLUE)
    _plant(draw)
    _book(draw)
    for apple in APPLES[:n_apples]:
        _apple(draw, apple)
    small = image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    # No camera is without noise.
    noise = Image.effect_noise((WIDTH, HEIGHT), 9).convert("RGB")
    return Image.blend(small, noise, 0.035)


def encoded(image: Image.Image, kind: str = "JPEG") -> bytes:
    file = BytesIO()
    image.save(file, kind, quality=QUALITY)
    return file.getvalue()


def data_url(image: Image.Image) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(encoded(image)).decode()}"


def _pixels(box: Box) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    x, y = SCALE * WIDTH, SCALE * HEIGHT
    return (left * x, top * y, right * x, bottom * y)


def _room(draw: ImageDraw.ImageDraw) -> None:
    right, bottom, top = SCALE * WIDTH, SCALE * HEIGHT, SCALE * TABLE_TOP
    draw.rectangle((0, top - 60, right, top), WALL_BELOW)
    draw.rectangle((0.36 * right, 60, 0.62 * right, 0.40 * bottom), "#F4F1EA")
    for pane in (0.37, 0.495):
        draw.rectangle((pane * right, 80, (pane + 0.115) * right, 0.39 * bottom), "#A9C7DA")
        draw.ellipse((pane * right + 30, 150, pane * right + 190, 215), "#D6E4EC")
    draw.rectangle((0, top, right, bottom), WOOD)
    for at in range(1, 7):
        y = top + (bottom - top) * at / 7
        draw.line((0, y, right, y + 14), "#A07148", 5)
    draw.rectangle((0, bottom - 50, right, bottom), WOOD_FRONT)


def _shadows(boxes: tuple[Box, ...]) -> Image.Image:
    mask = Image.new("L", (SCALE * WIDTH, SCALE * HEIGHT))
    draw = ImageDraw.Draw(mask)
    for box in boxes:
        left, _, right, bottom = _pixels(box)
        draw.ellipse((left - 10, bottom - 40, right + 70, bottom + 26), 130)
    return mask.filter(ImageFilter.GaussianBlur(22))


def _mug(draw: ImageDraw.ImageDraw, box: Box, colour: str) -> None:
    left, top, right, bottom = _pixels(box)
    body = left + 0.76 * (right - left)
    draw.arc((body - 70, top + 70, right, bottom - 70), -95, 95, colour, 26)
    draw.rounded_rectangle((left, top + 20, body, bottom), 40, colour)
    draw.ellipse((left, top, body, top + 52), "#EFE9DD", colour, 8)
    draw.ellipse((left + 26, top + 15, body - 26, top + 44), "#4A2E1C")
    draw.rounded_rectangle((left + 26, top + 80, left + 52, bottom - 60), 13, _light(colour))


def _apple(draw: ImageDraw.ImageDraw, box: Box) -> None:
    left, top, right, bottom = _pixels(box)
    draw.ellipse((left, top + 12, right, bottom), GREEN)
    draw.ellipse((left + 26, top + 34, left + 70, top + 74), _light(GREEN))
    stem = (left + right) / 2
    draw.line((stem, top + 24, stem + 14, top - 12), "#5B4328", 9)


def _plant(draw: ImageDraw.ImageDraw) -> None:
    left, top, right, bottom = _pixels(PLANT)
    across, down = right - left, bottom - top
    for x, y, size in ((0.1, 0.2, 0.5), (0.45, 0.0, 0.5), (0.0, 0.42, 0.45), (0.5, 0.35, 0.5)):
        at = (left + x * across, top + y * down)
        draw.ellipse((*at, at[0] + size * across, at[1] + 0.36 * down), LEAF, _light(LEAF), 4)
    pot = top + 0.66 * down
    corners = [(left + 50, pot), (right - 50, pot), (right - 90, bottom), (left + 90, bottom)]
    draw.polygon(corners, POT)


def _book(draw: ImageDraw.ImageDraw) -> None:
    left, top, right, bottom = _pixels(BOOK_AT)
    draw.polygon([(left + 50, top), (right, top), (right - 50, bottom), (left, bottom)], BOOK)
    for at in range(1, 6):
        y = top + (bottom - top) * at / 6
        draw.line((left + 95, y, right - 110, y), "#B9B0A0", 6)


def _light(colour: str) -> str:
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{(each + 255) // 2:02X}" for each in parts)
