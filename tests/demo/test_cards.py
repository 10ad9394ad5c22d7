"""Every card of the page /scenes is answered right, by every skill and however the page asks."""

import json
import re
from pathlib import Path

import pytest
import torch

from demo.askers import ONLY_SHAPES
from demo.cards import CARDS, invent_card, make_card
from demo.evaluate import CHECKPOINT, overlap
from demo.reader import Reader
from demo.scenes import KINDS, MAX_SHAPES, Scene
from demo.words import CAPTION_LENGTHS, NUMBERS, capitalise, caption, list_shapes, plural

STATIC = Path(__file__).parents[2] / "static"
FILES = [card["file"] for card in json.loads((STATIC / "scenes/scenes.json").read_text())]
SCENES = [make_card(names) for _, names in CARDS]


def answers(scene: Scene) -> dict[str, str]:
    """What the page suggests to ask of either model, and the true answers."""
    circles, squares = scene.select("circle"), scene.select("square")
    n_shapes = len(scene.shapes)
    left = "There is no square."
    if squares:
        before = scene.shapes[: scene.shapes.index(squares[0])]
        verb = "is" if len(before) == 1 else "are"
        who = f"{capitalise(list_shapes(before))} {verb}" if before else "Nothing is"
        left = f"{who} left of the square."
    seen = f"I see {list_shapes(scene.shapes)}."
    count = "is one shape" if n_shapes == 1 else f"are {NUMBERS[n_shapes]} shapes"
    return {
        "What colour is the circle?": f"The circle is {circles[0].colour}."
        if circles
        else "There is no circle.",
        "How many shapes are there?": f"There {count}.",
        "What is left of the square?": left,
        "What do you see?": seen,
        "What am I holding?": seen,
        "Is anyone there?": ONLY_SHAPES,
        "Read the text": ONLY_SHAPES,
    }


@pytest.fixture(scope="module", params=zip(FILES, SCENES, strict=True), ids=FILES)
def card(request: pytest.FixtureRequest) -> tuple[Reader, Scene]:
    torch.set_num_threads(1)
    reader = Reader(CHECKPOINT)
    file, scene = request.param
    reader.look_at((STATIC / "scenes" / file).read_bytes())
    return reader, scene


def test_what_is_asked_here_is_what_the_page_suggests():
    script = (STATIC / "js/asking/skills.js").read_text()
    lists = r'export const (?:DEMO_)?SUGGESTIONS = \[?\s*(?:\.\.\.)?asking\((".+?")\)'
    suggested = re.findall(lists, script)
    assert len(suggested) == 2
    assert {text for line in suggested for text in json.loads(f"[{line}]")} == set(
        answers(SCENES[0])
    )


def test_every_question_that_the_page_suggests_is_answered_right(card: tuple[Reader, Scene]):
    """A blue square was called a blue cross."""
    reader, scene = card
    asked = answers(scene)
    given = reader.write([reader.prompts.query(question) for question in asked])
    assert dict(zip(asked, given, strict=True)) == asked


def test_every_caption_is_right(card: tuple[Reader, Scene]):
    reader, scene = card
    given = reader.write([reader.prompts.caption(length) for length in CAPTION_LENGTHS])
    assert given == [caption(scene, length) for length in CAPTION_LENGTHS]


def test_every_shape_is_found_and_pointed_at(card: tuple[Reader, Scene]):
    reader, scene = card
    boxes = dict(zip(scene.shapes, scene.boxes(), strict=True))
    wanted = {"shapes": list(scene.shapes)}
    for shape in scene.shapes:
        wanted[f"{shape.colour} {shape.kind}"] = scene.select(shape.kind, shape.colour)
        wanted[plural(shape.kind)] = scene.select(shape.kind)
    for name, shapes in wanted.items():
        found, points = reader.detect(name), reader.point(name)
        assert len(found) == len(points) == len(shapes), name
        for shape, box, (x, y) in zip(shapes, found, points, strict=True):
            x_min, y_min, x_max, y_max = boxes[shape]
            assert overlap(box, boxes[shape]) > 0.7, name
            assert x_min < x < x_max, name
            assert y_min < y < y_max, name


def test_nothing_is_found_of_what_is_not_there(card: tuple[Reader, Scene]):
    reader, scene = card
    for kind in KINDS:
        if not scene.select(kind):
            assert reader.detect(kind) == reader.point(kind) == []


@pytest.mark.parametrize("seed", range(20))
def test_an_invented_card_has_shapes_that_lie_apart_inside_it(seed: int):
    scene = invent_card(seed)
    assert 1 <= len(scene.shapes) <= MAX_SHAPES
    assert scene == invent_card(seed)
    edges = [edge for x_min, _, x_max, _ in scene.boxes() for edge in (x_min, x_max)]
    assert edges == sorted(edges)
    assert edges[0] > 0
    assert edges[-1] < 1
