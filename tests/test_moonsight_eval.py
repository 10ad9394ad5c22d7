"""Answers that were saved from the page are asked again, and told apart from those of today."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from moonsight_eval import read_answers
from tests.protocol.pictures import data_url
from tests.server import LINE_TIMEOUT_S, ROOT

SCENE = data_url((ROOT / "static/scenes/red-circle.png").read_bytes(), "image/png")
COLOUR = {
    "skill": "query",
    "question": "What colour is the circle?",
    "answer": "The circle is red.",
}
CIRCLE = {"x_min": 0.29, "y_min": 0.23, "x_max": 0.72, "y_max": 0.77}


def answer(number: int = 1, **told: object) -> dict:
    """One line of a file; the picture stands in the first alone."""
    frame = {"id": "f"} | ({"image": SCENE} if number == 1 else {})
    title = told.get("question") or told.get("object") or "Describe it"
    common = {"id": str(number), "title": title, "answer": "", "places": []}
    return common | {"finish_reason": "stop", "frame": frame} | told


def written(folder: Path, *answers: dict, **head: object) -> Path:
    path = folder / "answers.json"
    told = {"format": "moonsight", "version": 1, "answers": list(answers)} | head
    path.write_text(json.dumps(told))
    return path


def ask_again(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "moonsight_eval", str(path), "--model", "demo", *options]
    return subprocess.run(
        command, cwd=ROOT, timeout=LINE_TIMEOUT_S, capture_output=True, text=True, check=False
    )


def test_answers_that_differ_are_shown_beside_those_of_then(tmp_path):
    path = written(
        tmp_path,
        answer(1, **COLOUR),
        answer(2, **COLOUR | {"answer": "the circle  is red."}),
        answer(3, **COLOUR | {"answer": "The circle is blue."}),
        answer(4, skill="detect", object="red circle", places=[CIRCLE]),
        answer(5, skill="point", object="red circle", places=[{"x": 0.1, "y": 0.1}]),
        answer(6, **COLOUR | {"answer": "The", "finish_reason": "cancelled"}),
    )
    run = ask_again(path)
    assert run.returncode == 1, run.stderr
    assert "3 of 5 the same, asked of demo." in run.stdout
    assert "then  The circle is blue.\n  now   The circle is red.\n" in run.stdout
    assert "then  1 found: 0.10 0.10\n  now   1 found: 0.5" in run.stdout


def test_all_the_same_is_told_with_the_exit_code(tmp_path):
    tile = {"letter": "A", "when": "14:31", "x_min": 0, "y_min": 0, "x_max": 0.5, "y_max": 1}
    together = answer(2, **COLOUR) | {"frame": {"id": "f", "tiles": [tile, tile]}}
    run = ask_again(written(tmp_path, answer(1, **COLOUR), together))
    assert (run.returncode, run.stdout) == (0, "2 of 2 the same, asked of demo.\n")


def test_places_that_a_question_speaks_of_are_asked_about_again(tmp_path):
    refs = [[0.5, 0.5], [0.1, 0.2, 0.3, 0.4]]
    [kept] = read_answers(written(tmp_path, answer(1, **COLOUR, spatial_refs=refs)))
    assert kept.spatial_refs == ((0.5, 0.5), (0.1, 0.2, 0.3, 0.4))


@pytest.mark.parametrize("image", ["https://example.com/a.jpg", "/etc/hostname", "", None])
def test_picture_that_is_not_in_the_file_is_not_looked_for(tmp_path, image: str | None):
    run = ask_again(written(tmp_path, answer(1, **COLOUR) | {"frame": {"id": "f", "image": image}}))
    assert run.returncode == 2
    assert "was changed since" in run.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("<html>", "not from Moonsight"),
        ('{"format": "other"}', "not from Moonsight"),
        ('{"format": "moonsight", "version": 2}', "newer Moonsight"),
        ('{"format": "moonsight", "version": 1, "answers": [null]}', "was changed since"),
        ('{"format": "moonsight", "version": 1, "answers": []}', "no answer in this file"),
    ],
)
def test_other_files_are_refused_in_a_sentence(tmp_path, content: str, sentence: str):
    path = tmp_path / "answers.json"
    path.write_text(content)
    run = ask_again(path)
    assert run.returncode == 2
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr


def test_picture_that_was_broken_since_is_told_as_the_answer(tmp_path):
    broken = {"id": "f", "image": "data:image/jpeg;base64,/9j/4AAQ"}
    run = ask_again(written(tmp_path, answer(1, **COLOUR) | {"frame": broken}))
    assert run.returncode == 1
    assert "  now   The JPEG picture's header cannot be read" in run.stdout
    assert "Traceback" not in run.stderr
