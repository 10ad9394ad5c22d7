"""Everything that moondream's own client can ask, asked; run with whichever version is to be tried.

python -m tests.web.ask_moondream ENDPOINT PICTURE: writes answers by name, as one JSON object.
"""

import json
import sys
from collections.abc import Callable
from inspect import signature
from typing import Any
from urllib.error import HTTPError

import moondream
from PIL import Image

QUESTION = "What is left of the square?"
SHORT = {"max_tokens": 2}


def answers(endpoint: str, picture: Image.Image) -> dict[str, Any]:
    """What the client hands to those who use it."""
    asked = moondream.vl(endpoint=endpoint)
    place = {"spatial_refs": [[0.25, 0.5]]}
    told = {
        "version": moondream.__version__,
        "query": asked.query(picture, QUESTION),
        "query in pieces": list(asked.query(picture, QUESTION, stream=True)["answer"]),
        "query without a picture": asked.query(question="What is it?"),
        "short query": asked.query(picture, QUESTION, settings=SHORT),
        "query that reasons": asked.query(picture, QUESTION, reasoning=True, settings=SHORT),
        "reasoning in pieces": list(
            asked.query(picture, QUESTION, reasoning=True, stream=True, settings=SHORT)["answer"]
        ),
        "caption": asked.caption(picture),
        "short caption": asked.caption(picture, length="short"),
        "long caption": asked.caption(picture, length="long"),
        # A long one: words that come while a busy server sends the first leave as one.
        "caption in pieces": list(asked.caption(picture, "long", stream=True)["caption"]),
        "detect": asked.detect(picture, "red circle"),
        "detect one": asked.detect(picture, "shape", settings={"max_objects": 1}),
        "detect nothing": asked.detect(picture, "green star"),
        "point": asked.point(picture, "blue square"),
        "segment": refusal(lambda: asked.segment(picture, "red circle")),
        "segment in pieces": refusal(lambda: list(asked.segment(picture, "x", stream=True))),
        "empty question": refusal(lambda: asked.query(picture, "")),
    }
    # Only later versions speak of places.
    if "spatial_refs" in signature(asked.query).parameters:
        told["query about a place"] = asked.query(picture, "What is it?", **place)
        told["point with a place"] = asked.point(picture, "blue square", **place)
    return told


def refusal(ask: Callable[[], object]) -> dict[str, Any]:
    """Status and body of an error."""
    try:
        ask()
    except HTTPError as error:
        with error:
            return {"status": error.code, **json.load(error)}
    raise AssertionError("it was answered")


if __name__ == "__main__":
    json.dump(answers(sys.argv[1], Image.open(sys.argv[2])), sys.stdout)
