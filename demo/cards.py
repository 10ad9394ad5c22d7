"""Draws the cards of the page /scenes: `python -m demo.cards static/scenes`."""

import argparse
import json
from pathlib import Path
from random import Random

from PIL import Image

from demo.drawing import draw
from demo.palette import COLOURS
from demo.scenes import KINDS, Ground, Scene, Shape

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


def make_card(names: str, seed: int = 0) -> Scene:
    """Arrange shapes such as "red circle, blue square" in a row on a white card."""
    pairs = [name.split() for name in names.split(", ")]
    diameter = min(0.6, 0.98 / len(pairs))
    shapes = tuple(
        Shape(kind, colour, COLOURS[colour][0], (i + 0.5) / len(pairs), 0.5, diameter, 0.0)
        for i, (colour, kind) in enumerate(pairs)
    )
    ground = Ground("frame", "white", (250, 250, 248), 4 / 3, (2 / 3, 0.5), 1.0)
    return Scene(seed, 4 / 3, ground, shapes, is_printed=True)


def invent_card(seed: int) -> Scene:
    """Invent a card of one to four shapes, half the time all of one kind or one colour."""
    random = Random(seed)
    n_shapes = random.choices((1, 2, 3, 4), (3, 4, 3, 1))[0]
    colours = random.choices(list(COLOURS), k=n_shapes)
    kinds = random.choices(KINDS, k=n_shapes)
    family = random.random()
    if family < 0.25:
        kinds = kinds[:1] * n_shapes
    elif family < 0.5:
        colours = colours[:1] * n_shapes
    return make_card(", ".join(f"{c} {k}" for c, k in zip(colours, kinds, strict=True)), seed)


def write_cards(folder: Path) -> None:
    """Write the cards and scenes.json, the list of their files and titles."""
    folder.mkdir(parents=True, exist_ok=True)
    listing = []
    for title, names in CARDS:
        file = title.lower().replace(",", "").replace(" and ", " ").replace(" ", "-") + ".png"
        card = draw(make_card(names)).quantize(64, dither=Image.Dither.NONE)
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
