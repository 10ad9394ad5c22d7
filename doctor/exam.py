"""Three questions to a loaded model; the answers are told as they are written, then judged."""

from dataclasses import dataclass

from doctor.questions import (
    MIN_OVERLAP,
    ONE_SQUARE,
    SQUARE_BOX,
    TWO_SHAPES,
    Wanted,
    draw_square,
    draw_two_shapes,
)
from doctor.report import Report
from model import Answer, Model
from protocol.answer import Timings
from protocol.places import overlap
from protocol.request import SamplingParams

QUESTION = "What do you see in this picture?"
OBJECT = "red square"
# A right answer is done long before; noise would go on and on.
BRIEF = SamplingParams(max_tokens=40, max_objects=3)


@dataclass(frozen=True)
class Speed:
    """How soon the first word came, and how many words then came in how many seconds."""

    timings: Timings
    n_words: int

    def __str__(self) -> str:
        first_ms, total_ms = self.timings.first_token_ms, self.timings.total_ms
        if not self.n_words or first_ms is None:
            return "no word came"
        first = f"first word after {first_ms / 1000:.2f} s"
        if self.n_words == 1 or total_ms <= first_ms:
            return first
        return (
            f"{first}, then {1000 * (self.n_words - 1) / (total_ms - first_ms):.1f} words a second"
        )


def examine(model: Model, report: Report) -> int:
    """Ask, have described and have found; returns how many of these went wrong.

    Raises RequestError where the model cannot answer at all.
    """
    square = draw_square()
    question = model.query(draw_two_shapes(), QUESTION, BRIEF)
    is_right, n_words = _hear(report, "Asked", f"{QUESTION} ", question, TWO_SHAPES)
    report.tell("Speed", str(Speed(question.timings, n_words)))
    caption = model.caption(square, "normal", BRIEF)
    is_described, _ = _hear(report, "Described", "", caption, ONE_SQUARE)
    report.begin("Found", f"{OBJECT}: ")
    boxes = list(model.detect(square, OBJECT, BRIEF))
    best = max((overlap(each, SQUARE_BOX) for each in boxes), default=0.0)
    is_found = len(boxes) == 1 and best >= MIN_OVERLAP
    told = f"{len(boxes)} box{'' if len(boxes) == 1 else 'es'}, overlap {best:.2f}"
    report.go_on(f"{told} {_verdict(is_found)}", is_end=True)
    return [is_right, is_described, is_found].count(False)


def _hear(
    report: Report, topic: str, words: str, answer: Answer[str], wanted: Wanted
) -> tuple[bool, int]:
    """Tell an answer as it comes; returns whether it is right, and its number of words."""
    report.begin(topic, f'{words}"')
    said = ""
    for text in answer:
        said += text
        report.go_on(text)
    is_right = wanted.is_met_by(said)
    report.go_on(f'" {_verdict(is_right)}', is_end=True)
    return is_right, len(said.split())


def _verdict(is_right: bool) -> str:
    return "(right)" if is_right else "(WRONG)"
