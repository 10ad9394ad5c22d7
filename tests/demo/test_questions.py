from random import Random

import pytest

from demo.askers import ASKERS, ONLY_SHAPES
from demo.cards import make_card
from demo.evaluate import ask_held_out
from demo.phrasings import HELD_OUT_OFF_TOPIC, HELD_OUT_THINGS, OFF_TOPIC, THINGS
from demo.questions import ask, search
from demo.scenes import Ground, Scene, Shape, make_scene
from demo.words import caption, list_shapes, place, rephrase

CIRCLE_AND_SQUARE = make_card("red circle, blue square")
THREE_STARS = make_card("orange star, orange star, purple star")


def answers(scene: Scene, kind: str, n_questions: int = 200) -> dict[str, str]:
    """Question, in plain spelling, -> answer, for many questions of a kind."""
    random = Random(1)
    asked = [ASKERS[kind](scene, random) for _ in range(n_questions)]
    return dict(pair for pair in asked if pair is not None)


@pytest.mark.parametrize(
    ("kind", "question", "answer"),
    [
        ("colour", "What colour is the circle?", "The circle is red."),
        ("colour", "What colour is the star?", "There is no star."),
        ("shape", "What shape is blue?", "The blue shape is a square."),
        ("how many", "How many shapes are there?", "There are two shapes."),
        ("how many", "How many circles are there?", "There is one circle."),
        ("is there", "Is there a blue square?", "Yes, there is a blue square."),
        ("is there", "Is there a blue circle?", "No, there is no blue circle."),
        ("left or right of", "What is left of the square?", "A red circle is left of the square."),
        ("left or right of", "What is left of the circle?", "Nothing is left of the circle."),
        ("where", "Where is the square?", "The square is on the right."),
        ("background", "What colour is the background?", "The background is white."),
        ("what do you see", "What do you see?", "I see a red circle and a blue square."),
        (
            "what do you see",
            "Describe it",
            "Two shapes on a white background: a red circle and a blue square.",
        ),
    ],
)
def test_an_answer_is_true(kind: str, question: str, answer: str):
    assert answers(CIRCLE_AND_SQUARE, kind, 3000)[question] == answer


def test_shapes_of_one_kind_are_counted_and_named_together():
    assert answers(THREE_STARS, "how many")["How many stars?"] == "There are three stars."
    colours = answers(THREE_STARS, "colour")["What colours are the stars?"]
    assert colours == "The stars are orange, orange and purple."


def test_a_question_about_one_of_several_alike_is_not_asked():
    assert not [text for text in answers(THREE_STARS, "where") if "the star" in text]


def test_the_order_in_lists_is_from_left_to_right():
    assert list_shapes(CIRCLE_AND_SQUARE.shapes) == "a red circle and a blue square"
    assert [place(THREE_STARS, star) for star in THREE_STARS.shapes] == [
        "on the left",
        "in the middle",
        "on the right",
    ]


@pytest.mark.parametrize(
    ("x", "where"), [(0.2, "on the left"), (0.5, "in the middle"), (0.8, "on the right")]
)
def test_a_shape_alone_is_placed_by_thirds(x: float, where: str):
    star = Shape("star", "red", (255, 0, 0), x, 0.5, 0.3, 0.0)
    ground = Ground("frame", "white", (255, 255, 255), 4 / 3, (2 / 3, 0.5), 1.0)
    assert place(Scene(0, 4 / 3, ground, (star,)), star) == where


def test_captions_grow_with_their_length():
    short, normal, long = (
        caption(CIRCLE_AND_SQUARE, length) for length in ("short", "normal", "long")
    )
    assert short == "A red circle and a blue square."
    assert len(short) < len(normal) < len(long)


def test_a_room_without_shapes_is_said_to_have_none():
    room = make_scene(3, "room")
    assert caption(room, "short") == "There are no shapes."
    assert set(answers(room, "what do you see").values()) == {
        "I see no shapes.",
        "There are no shapes.",
    }


@pytest.mark.parametrize("kind", ASKERS)
def test_every_kind_of_question_finds_a_scene(kind: str):
    assert answers(CIRCLE_AND_SQUARE, kind)


def test_a_search_finds_boxes_only_of_what_is_there():
    for seed in range(100):
        scene = make_scene(seed)
        assert set(search(scene, Random(seed)).boxes) <= set(scene.boxes())


def test_questions_about_something_else_get_the_honest_sentence():
    assert ask(CIRCLE_AND_SQUARE, Random(0), "something else").answer == ONLY_SHAPES
    assert ask_held_out(Random(0)).answer == ONLY_SHAPES


def test_words_kept_for_evaluation_are_not_trained_on():
    assert not set(HELD_OUT_THINGS) & set(THINGS)
    assert not set(HELD_OUT_OFF_TOPIC) & set(OFF_TOPIC)


def test_a_rephrased_question_may_be_american_and_hurried():
    random = Random(0)
    variants = {rephrase("What colour is it?", random) for _ in range(300)}
    assert {"What color is it?", "what's its color", "what colour is it"} & variants
