"""The plainest of all answers."""

import pytest

from protocol.answer import Finished, FinishReason, Timings, Usage
from protocol.errors import BadImage
from protocol.formats.prediction import prediction_payload, refusal_payload
from protocol.request import CaptionResult


@pytest.mark.parametrize(("total_ms", "seconds"), [(1234.56, 1.235), (0.0, 0.0), (90_000.0, 90.0)])
def test_prediction_tells_the_caption_and_the_seconds_that_it_took(total_ms, seconds):
    timings = Timings(total_ms=total_ms)
    end = Finished("1", FinishReason.STOP, CaptionResult("A red mug."), timings, Usage())
    told = {"status": "success", "caption": "A red mug.", "inference_time": seconds}
    assert prediction_payload(end) == told


def test_refusal_is_no_success_and_says_why():
    told = {"status": "error", "code": "bad_image", "message": "What?"}
    assert refusal_payload(BadImage("What?")) == told
