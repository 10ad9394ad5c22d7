"""What the bundled checkpoint must be able to do; every answer comes from its pixels."""

import io
from pathlib import Path

import pytest
import torch

from demo.askers import NEEDS_PICTURE, ONLY_SHAPES
from demo.cards import make_card
from demo.drawing import draw
from demo.evaluate import CHECKPOINT, overlap, photograph, unseen_scenes
from demo.reader import Reader

MAX_CHECKPOINT_BYTES = 10_000_000


@pytest.fixture(scope="module")
def reader() -> Reader:
    torch.set_num_threads(1)
    return Reader(CHECKPOINT)


def show_card(reader: Reader, names: str) -> None:
    encoded = io.BytesIO()
    draw(make_card(names)).save(encoded, "JPEG", quality=85)
    reader.look_at(encoded.getvalue())


def ask(reader: Reader, question: str) -> str:
    (answer,) = reader.write([reader.prompts.query(question)])
    return answer


def test_the_checkpoint_is_small_enough_to_be_committed():
    assert sum(path.stat().st_size for path in Path(CHECKPOINT).iterdir()) <= MAX_CHECKPOINT_BYTES


@pytest.mark.parametrize(
    ("names", "question", "answer"),
    [
        ("red circle", "What colour is the circle?", "The circle is red."),
        ("blue square", "What do you see?", "I see a blue square."),
        ("green triangle", "What shape is it?", "It is a triangle."),
        ("yellow star", "Is there a yellow star?", "Yes, there is a yellow star."),
        ("red circle, blue square", "How many shapes are there?", "There are two shapes."),
        (
            "red circle, blue square",
            "What is left of the square?",
            "A red circle is left of the square.",
        ),
        ("red circle, blue square", "What color is the circle", "The circle is red."),
        ("orange star, orange star, purple star", "How many stars?", "There are three stars."),
    ],
)
def test_a_card_of_the_page_is_read_right(reader: Reader, names: str, question: str, answer: str):
    show_card(reader, names)
    assert ask(reader, question) == answer


@pytest.mark.parametrize("question", ["Who won the world cup?", "Is anyone there?", "Hello"])
def test_a_question_about_something_else_gets_an_honest_answer(reader: Reader, question: str):
    show_card(reader, "red circle")
    assert ask(reader, question) == ONLY_SHAPES


def test_a_question_without_a_picture_gets_an_honest_answer(reader: Reader):
    reader.forget_picture()
    (answer,) = reader.write(
        [reader.prompts.query("What colour is the circle?", with_picture=False)]
    )
    assert answer == NEEDS_PICTURE


@pytest.mark.parametrize(("holders", "least"), [(["frame"], 38), (["card", "phone"], 37)])
def test_single_objects_of_unseen_scenes_are_named(reader: Reader, holders: list[str], least: int):
    """Of 40 pictures; the table in demo/README.md counts many more."""
    n_right = 0
    for scene in unseen_scenes(40, holders, 1):
        reader.look_at(photograph(scene))
        (shape,) = scene.shapes
        n_right += ask(reader, f"What colour is the {shape.kind}?") == (
            f"The {shape.kind} is {shape.colour}."
        )
    assert n_right >= least


def test_the_box_of_a_card_fits(reader: Reader):
    names = "red circle, blue square"
    show_card(reader, names)
    (box,) = reader.detect("blue square")
    assert overlap(box, make_card(names).boxes()[1]) > 0.7


def test_nothing_is_detected_where_nothing_is(reader: Reader):
    show_card(reader, "red circle")
    assert reader.detect("blue star") == []
