"""What `POST /predict` answers: one caption, and how long it took, as plain as it can be."""

from typing import Any

from protocol.answer import Finished
from protocol.errors import RequestError
from protocol.request import CaptionResult


def prediction_payload(end: Finished) -> dict[str, Any]:
    """The caption of a picture; how long it took counts from its arrival, in seconds."""
    assert isinstance(end.result, CaptionResult)
    seconds = round(end.timings.total_ms / 1000, 3)
    return {"status": "success", "caption": end.result.caption, "inference_time": seconds}


def refusal_payload(error: RequestError) -> dict[str, str]:
    """Why there is none."""
    return {"status": "error", "code": error.code, "message": error.message}
