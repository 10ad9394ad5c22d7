"""The picture of the test, of which nobody doubts what it shows."""

import numpy as np

from protocol.frame import Frame, FrameLimits, encode_frame
from protocol.pixels import from_array
from protocol.places import Box

WIDTH_PX, HEIGHT_PX = 640, 480
# Off the middle, so that every way to write a place puts it somewhere else.
LEFT, TOP, SIDE = 380, 60, 180
RED, WHITE = (255, 0, 0), 255
SQUARE_BOX = Box(
    LEFT / WIDTH_PX, TOP / HEIGHT_PX, (LEFT + SIDE) / WIDTH_PX, (TOP + SIDE) / HEIGHT_PX
)


def draw_square() -> Frame:
    """A red square on white."""
    levels = np.full((HEIGHT_PX, WIDTH_PX, 3), WHITE, np.uint8)
    levels[TOP : TOP + SIDE, LEFT : LEFT + SIDE] = RED
    return encode_frame(from_array(levels), FrameLimits(2**20, WIDTH_PX * HEIGHT_PX))
