"""The exam asks a real model three things, and tells each answer as it comes."""

from io import StringIO

import pytest

from doctor.exam import Speed, examine
from doctor.report import Report
from model import load_model
from protocol.answer import Timings
from settings import Settings


@pytest.fixture
def out() -> StringIO:
    return StringIO()


def test_demo_model_answers_all_three_right(out: StringIO):
    with load_model(Settings(model="demo", device="cpu")) as model:
        assert examine(model, Report(out)) == 0
    lines = out.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["Asked", "Speed", "Described", "Found"]


def test_noise_is_wrong_three_times_and_soon_over(out: StringIO, checkpoint):
    with load_model(Settings(model=str(checkpoint), device="cpu")) as model:
        assert examine(model, Report(out)) == 3
    assert out.getvalue().count("(WRONG)") == 3


@pytest.mark.parametrize(
    ("timings", "n_words", "words"),
    [
        (Timings(first_token_ms=500, total_ms=2500), 9, "after 0.50 s, then 4.0 words a second"),
        (Timings(first_token_ms=500, total_ms=500), 1, "after 0.50 s"),
        (Timings(first_token_ms=500, total_ms=900), 1, "after 0.50 s"),
        (Timings(), 0, "no word came"),
    ],
)
def test_speed_is_told_as_far_as_words_came(timings: Timings, n_words: int, words: str):
    assert str(Speed(timings, n_words)).endswith(words)
