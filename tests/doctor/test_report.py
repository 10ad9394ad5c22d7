"""Lines of a check stand in columns, count what is wrong, and name nobody."""

from io import BytesIO, StringIO, TextIOWrapper
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


def test_fault_in_the_middle_of_a_line_begins_one_of_its_own(out: StringIO):
    report = Report(out)
    report.begin("Asked", "What?")
    report.go_on(" Re")
    report.fault("Model", "It broke off.")
    assert out.getvalue().splitlines()[1] == "FAULT  Model      It broke off."


def test_terminal_of_few_letters_gets_the_others_replaced():
    raw = BytesIO()
    report = Report(TextIOWrapper(raw, encoding="ascii"))
    report.tell("Asked", "Größe")
    assert raw.getvalue() == b"       Asked      Gr??e\n"


def test_home_folder_is_written_as_everybody_writes_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    assert plain("/home/ann/models is missing") == "~/models is missing"


def test_home_that_is_everything_hides_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/"))
    assert plain("/models is missing") == "/models is missing"


def test_noise_of_a_model_does_not_move_the_cursor():
    assert plain("a\x1b[2Jb\r\n\tc\x07ü") == "a [2Jb   c ü"
