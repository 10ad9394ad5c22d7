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


def overlap(a: Box, b: Box) -> float:
    """The share of two boxes together that both cover, 0 to 1."""
    width = min(a.x_max, b.x_max) - max(a.x_min, b.x_min)
    height = min(a.y_max, b.y_max) - max(a.y_min, b.y_min)
    shared = max(0.0, width) * max(0.0, height)
    whole = _area(a) + _area(b) - shared
    return shared / whole if whole > 0 else 0.0


def _area(box: Box) -> float:
    return (box.x_max - box.x_min) * (box.y_max - box.y_min)
