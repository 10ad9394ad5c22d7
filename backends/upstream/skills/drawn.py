"""The pictures of the test, of which nobody doubts what they show."""

import numpy as np

from protocol.frame import Frame, FrameLimits, encode_frame
from protocol.pixels import from_array
from protocol.places import Box

WIDTH_PX, HEIGHT_PX = 640, 480
# Off the middle, so that every way to write a place puts it somewhere else.
LEFT, TOP, SIDE = 380, 60, 180
WHITE = 255
COLORS = {"red": (255, 0, 0), "blue": (0, 0, 255)}
SQUARE_BOX = Box(
    LEFT / WIDTH_PX, TOP / HEIGHT_PX, (LEFT + SIDE) / WIDTH_PX, (TOP + SIDE) / HEIGHT_PX
)


def draw_square(color: str = "red") -> Frame:
    """A square on white. color: one of COLORS."""
    levels = np.full((HEIGHT_PX, WIDTH_PX, 3), WHITE, np.uint8)
    levels[TOP : TOP + SIDE, LEFT : LEFT + SIDE] = COLORS[color]
    return encode_frame(from_array(levels), FrameLimits(2**20, WIDTH_PX * HEIGHT_PX))
