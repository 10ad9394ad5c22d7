"""Lines of a check stand in columns, count what is wrong, and name nobody."""

from io import StringIO
from pathlib import Path

import pytest

from doctor.report import Report, plain


@pytest.fixture
def out() -> StringIO:
    return StringIO()


def test_lines_stand_in_columns_and_faults_are_counted(out: StringIO):
    report = Report(out)
    report.tell("Python", "3.11")
    report.begin("Asked", "What?")
    report.go_on(" Red.")
    report.go_on(" (right)", is_end=True)
    assert report.n_faults == 0
    report.fault("GPU", "It is too old.")
    assert report.n_faults == 1
    assert out.getvalue().splitlines() == [
        "       Python     3.11",
        "       Asked      What? Red. (right)",
        "FAULT  GPU        It is too old.",
    ]


def test_home_folder_is_written_as_everybody_writes_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    assert plain("/home/ann/models is missing") == "~/models is missing"


def test_home_that_is_everything_hides_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/"))
    assert plain("/models is missing") == "/models is missing"


def test_noise_of_a_model_does_not_move_the_cursor():
    assert plain("a\x1b[2Jb\r\n\tc\x07ü") == "a [2Jb   c ü"
