"""A model on its way is told now and then; what it fell back to, once."""

import logging
from io import StringIO

import pytest

from doctor import apart
from doctor.apart import LogLines, Narrator, remedy, run
from doctor.report import Report
from protocol.status import LoadStage, ModelState, Progress, Status
from settings import Settings

READY = Status(
    ModelState.READY, "moondream2", "cuda", "bfloat16", "2025-06-21", 3_900_000_000, max_running=32
)


@pytest.fixture
def out() -> StringIO:
    return StringIO()


def reading(done: int) -> Status:
    progress = Progress(LoadStage.READING, done, 3_900_000_000)
    return Status(ModelState.LOADING, "moondream2", progress=progress)


def test_ready_model_is_described(out: StringIO):
    narrator = Narrator(Report(out))
    narrator.on_status(READY)
    assert narrator.has_ended.is_set()
    assert "moondream2, revision 2025-06-21 on the cuda in bfloat16, ready after" in out.getvalue()
    assert "3.9 GB in use, answers 32 side by side" in out.getvalue()


def test_long_work_is_told_now_and_then_and_short_work_not(out: StringIO, monkeypatch):
    narrator = Narrator(Report(out))
    narrator.on_status(reading(1))
    assert out.getvalue() == ""
    monkeypatch.setattr(apart, "PROGRESS_INTERVAL_S", 0)
    narrator.on_status(reading(1_950_000_000))
    assert "moondream2: reading, 50%" in out.getvalue()


def test_what_a_model_fell_back_to_is_told_once(out: StringIO):
    report = Report(out)
    narrator = Narrator(report)
    for _ in range(3):
        narrator.on_status(
            Status(ModelState.LOADING, "demo", notice="Not here.", gpu_fault="Too old.")
        )
    assert report.n_faults == 2
    assert not narrator.has_ended.is_set()


def test_logged_error_is_a_line_without_its_traceback(out: StringIO):
    log = logging.getLogger("tests.doctor")
    log.propagate = False
    log.addHandler(LogLines(Report(out)))
    try:
        raise RuntimeError("odd\nvery odd")
    except RuntimeError:
        log.exception("The model could not be loaded")
    line = "       Log        The model could not be loaded: RuntimeError: odd very odd\n"
    assert out.getvalue() == line


def test_model_that_cannot_be_is_one_fault(out: StringIO):
    report = Report(out)
    run(Settings(model="/no/such/folder"), report)
    assert report.n_faults == 1
    assert "There is no checkpoint folder" in out.getvalue()


@pytest.mark.parametrize(
    ("is_demo", "device", "words"),
    [
        (False, "cpu", "--model demo"),
        (False, "cuda", "--model demo"),
        (True, "cuda", "--device cpu"),
        (True, "cpu", "demo/checkpoint anew"),
    ],
)
def test_wrong_answers_are_told_with_what_to_try_next(is_demo: bool, device: str, words: str):
    assert words in remedy(Status(ModelState.READY, "any", device, is_demo=is_demo))
