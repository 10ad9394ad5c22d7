"""JSON as strangers send it, read as strictly as it can be."""

import json
from typing import Any

from protocol.errors import BadRequest

MAX_TOLD_CHARS = 80


def read_json(text: str | bytes, what: str) -> object:
    """The value that a JSON text stands for; an object's fields stand in it once each.

    what: the text, as a sentence about it begins. Raises BadRequest.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except RecursionError:
        raise BadRequest(f"{what} is JSON that is nested too deep.") from None
    # Of one kind are what is no UTF-8, no JSON, and no number of a readable length.
    except ValueError as error:
        raise BadRequest(f"{what} is no JSON: {_shortened(str(error))}.") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the field {_shortened(name)} stands twice")
        found[name] = value
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_TOLD_CHARS else f"{text[:MAX_TOLD_CHARS]}…"
