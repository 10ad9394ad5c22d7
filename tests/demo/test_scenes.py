import numpy as np
import pytest

from demo.cards import CARDS, make_card
from demo.drawing import draw, label_patches
from demo.palette import COLOURS
from demo.scenes import FIRST_EVALUATION_SEED, KINDS, MAX_SHAPES, make_scene

SEEDS = range(40)


def test_a_scene_follows_from_its_seed():
    assert make_scene(7) == make_scene(7)
    assert make_scene(7) != make_scene(8)


@pytest.mark.parametrize("holder", ["frame", "card", "phone", "room"])
def test_a_picture_is_drawn_alike_every_time(holder: str):
    scene = make_scene(11, holder)
    assert np.array_equal(np.asarray(draw(scene, 120)), np.asarray(draw(scene, 120)))


@pytest.mark.parametrize("seed", SEEDS)
def test_shapes_lie_inside_the_frame_from_left_to_right(seed: int):
    scene = make_scene(seed)
    boxes = scene.boxes()
    assert len(boxes) == len(scene.shapes) <= MAX_SHAPES
    assert all(0 <= x_min < x_max <= 1 for x_min, _, x_max, _ in boxes)
    assert all(0 <= y_min < y_max <= 1 for _, y_min, _, y_max in boxes)
    centres = [x_min + x_max for x_min, _, x_max, _ in boxes]
    assert centres == sorted(centres)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_shape_covers_patches_inside_its_box(seed: int):
    scene, size_px = make_scene(seed), 140
    labels = label_patches(scene, size_px)
    for number, (x_min, y_min, x_max, y_max) in enumerate(scene.boxes(), start=1):
        rows, columns = np.nonzero(labels == number)
        assert x_min * size_px - 1 <= columns.min() <= columns.max() <= x_max * size_px + 1
        assert y_min * size_px - 1 <= rows.min() <= rows.max() <= y_max * size_px + 1


def test_a_shape_has_the_colour_it_is_called_by():
    """Seen on a scene without light and noise: the middle of the shape."""
    scene = make_card("red circle")
    (x_min, y_min, x_max, y_max) = scene.boxes()[0]
    picture = draw(scene, 120)
    middle = int((x_min + x_max) / 2 * picture.width), int((y_min + y_max) / 2 * picture.height)
    assert picture.getpixel(middle) == COLOURS["red"][0]


def test_a_shape_never_has_the_colour_of_its_ground():
    scenes = [make_scene(seed) for seed in range(300)]
    assert not [
        scene.seed
        for scene in scenes
        for shape in scene.shapes
        if scene.ground is not None and shape.colour == scene.ground.colour
    ]


def test_a_bare_room_has_no_shapes():
    scene = make_scene(3, "room")
    assert scene.ground is None
    assert scene.boxes() == []


def test_evaluation_scenes_are_never_training_scenes():
    """A training of a week at a thousand scenes a second stays below the first of them."""
    assert FIRST_EVALUATION_SEED > 7 * 24 * 3600 * 1000


@pytest.mark.parametrize(("title", "names"), CARDS)
def test_a_card_holds_what_its_title_says(title: str, names: str):
    scene = make_card(names)
    assert all(shape.kind in KINDS for shape in scene.shapes)
    assert [shape.x for shape in scene.shapes] == sorted(shape.x for shape in scene.shapes)
    assert all(x_min > 0 and x_max < 1 for x_min, _, x_max, _ in scene.boxes())
    words = title.lower().replace(" and ", " ").replace(",", "").split()
    assert words == names.replace(",", "").split() or words == ["three", "stars"]
