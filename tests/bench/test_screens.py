"""The pictures of the page's states, as they lie in docs/screens."""

import pytest
from PIL import Image

from bench.clients import BenchFailed
from bench.desk import APPLES, BOOK_AT, HEIGHT, MUGS, PLANT, WIDTH, desk
from bench.screen_states import STATES
from bench.screens import FOLDER, FORMS, LIST, check_sizes, listed, main, write

NAMES = {f"{state}-{form.name}.webp" for state in STATES for form in FORMS}


def test_every_state_has_its_pictures_and_no_other_is_there():
    assert {file.name for file in FOLDER.glob("*.webp")} == NAMES
    assert (FOLDER / LIST).read_text(encoding="utf-8") == listed()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_picture_is_as_large_as_its_form(form):
    scale = form.options.get("device_scale_factor", 1)
    with Image.open(FOLDER / f"history-{form.name}.webp") as picture:
        assert picture.size == (scale * form.width, scale * form.height)


def test_pictures_are_small():
    check_sizes(FOLDER)


def test_picture_that_is_too_large_is_named(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bench.screens.MAX_BYTES", 10)
    write(tmp_path / "large.webp", desk())
    with pytest.raises(BenchFailed, match=r"large\.webp"):
        check_sizes(tmp_path)


def test_state_that_is_not_there_is_refused_by_name(capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit):
        main(["nowhere"])
    assert "No such state: nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("box", [*MUGS, *APPLES, PLANT, BOOK_AT])
def test_thing_is_drawn_where_it_is_said_to_be(box):
    """As boxes and points of answers are drawn on it."""
    at = (round((box[0] + box[2]) / 2 * WIDTH) - 20, round((box[1] + box[3]) / 2 * HEIGHT))
    wall_or_wood = [desk().getpixel(each) for each in ((40, 40), (40, 600))]
    colour = desk().getpixel(at)
    assert all(
        max(abs(a - b) for a, b in zip(colour, each, strict=True)) > 25 for each in wall_or_wood
    )
