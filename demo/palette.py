"""The colours of the demo world, by name where a name is asked for."""

from collections.abc import Sequence
from random import Random

Colour = tuple[int, int, int]


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


def mix(random: Random, prototypes: Sequence[Colour]) -> Colour:
    """Mix two of the prototypes; now and then take one exactly as it is."""
    if random.random() < 0.3:
        return random.choice(prototypes)
    first, second, share = random.choice(prototypes), random.choice(prototypes), random.random()
    mixed = (a + share * (b - a) for a, b in zip(first, second, strict=True))
    red, green, blue = (_level(level + random.uniform(-6, 6)) for level in mixed)
    return red, green, blue


def tint(random: Random, rgb: Colour) -> Colour:
    """Return a colour near this one."""
    red, green, blue = (_level(level + random.uniform(-25, 25)) for level in rgb)
    return red, green, blue


def _level(level: float) -> int:
    return max(0, min(255, round(level)))
