"""Where something is in a frame: fractions of its width and height, origin top left."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """A place of no size."""

    x: float
    y: float


@dataclass(frozen=True)
class Box:
    """A rectangle. One that was found may reach a little beyond 0..1."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float


@dataclass(frozen=True)
class Grounding:
    """Characters start_idx..end_idx of a reasoning speak of these points (x, y)."""

    start_idx: int
    end_idx: int
    points: tuple[tuple[float, float], ...]


# A place that a question speaks of: a point (x, y) or a box (x_min, y_min, x_max, y_max).
SpatialRef = tuple[float, ...]
