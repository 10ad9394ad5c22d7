"""Drawn pictures of which nobody doubts what they show, and how an answer is judged.

moondream2 and the demo model know these shapes; what they say is compared by its words, not by its
sentences, and a box by how much of it is right.
"""

import re
from dataclasses import dataclass

from PIL import Image, ImageDraw

from protocol.places import Box

SIZE = (640, 480)
WHITE, RED, BLUE = (255, 255, 255), (255, 0, 0), (0, 0, 255)
# Half as high as the picture, in its middle.
SQUARE = (200, 120, 440, 360)
SQUARE_BOX = Box(200 / 640, 120 / 480, 440 / 640, 360 / 480)
MIN_OVERLAP = 0.5


@dataclass(frozen=True)
class Wanted:
    """What an answer must name, and what would be wrong."""

    words: tuple[str, ...]
    wrong: tuple[str, ...] = ()

    def is_met_by(self, answer: str) -> bool:
        """Whether an answer names everything and mixes up nothing."""
        said = " ".join(re.findall(r"[a-z]+", answer.lower()))
        return all(each in said.split() for each in self.words) and not any(
            each in said for each in self.wrong
        )


TWO_SHAPES = Wanted(("red", "square", "blue", "circle"), ("red circle", "blue square"))
ONE_SQUARE = Wanted(("red", "square"))


def draw_two_shapes() -> Image.Image:
    """A red square on the left and a blue circle on the right, on white."""
    picture = Image.new("RGB", SIZE, WHITE)
    brush = ImageDraw.Draw(picture)
    brush.rectangle((60, 140, 260, 340), fill=RED)
    brush.ellipse((380, 140, 580, 340), fill=BLUE)
    return picture


def draw_square() -> Image.Image:
    """A red square in the middle, on white."""
    picture = Image.new("RGB", SIZE, WHITE)
    ImageDraw.Draw(picture).rectangle(SQUARE, fill=RED)
    return picture
