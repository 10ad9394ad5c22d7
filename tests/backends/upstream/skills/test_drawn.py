import numpy as np

from backends.upstream.skills.drawn import SQUARE_BOX, draw_square
from protocol.places import Box, overlap


def test_picture_shows_one_red_square_where_its_box_says():
    frame = draw_square()
    pixels = np.asarray(frame.open())
    rows, columns = np.nonzero((pixels == (255, 0, 0)).all(axis=2))
    height, width = pixels.shape[:2]
    box = Box(
        columns.min() / width,
        rows.min() / height,
        (columns.max() + 1) / width,
        (rows.max() + 1) / height,
    )
    assert box == SQUARE_BOX
    assert (pixels == 255).all(axis=2).sum() + len(rows) == height * width


def test_square_is_elsewhere_in_every_other_way_to_write_it():
    x_min, y_min, x_max, y_max = (
        SQUARE_BOX.x_min,
        SQUARE_BOX.y_min,
        SQUARE_BOX.x_max,
        SQUARE_BOX.y_max,
    )
    pixels_as_thousands = Box(x_min * 0.64, y_min * 0.48, x_max * 0.64, y_max * 0.48)
    thousands_as_pixels = Box(x_min / 0.64, y_min / 0.48, x_max / 0.64, y_max / 0.48)
    swapped = Box(y_min, x_min, y_max, x_max)
    for other in (pixels_as_thousands, thousands_as_pixels, swapped):
        assert overlap(SQUARE_BOX, other) < 0.5
