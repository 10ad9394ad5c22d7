"""Draws the cards of the page /scenes: `python -m demo.cards static/scenes`."""

import argparse
import json
from pathlib import Path

from PIL import Image, ImageDraw

from demo.drawing import to_pixels
from demo.palette import COLOURS
from demo.scenes import Ground, Scene, Shape

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
        brush.polygon(to_pixels(outline, large.height, large.height), fill=shape.rgb)
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
    parser.add_argument("folder", type=Path, help="folder to write into")
    write_cards(parser.parse_args().folder)


if __name__ == "__main__":
    main()
