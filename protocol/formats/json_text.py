"""JSON as strangers send it, read as strictly as it can be; and as events of a stream."""

import json
from typing import Any

from protocol.errors import BadRequest

MAX_TOLD_CHARS = 80

# More than anybody asks with; a large picture is one value. Reading so many takes 10 ms; as many as
# fit into the largest body would take seconds and a gigabyte, while everybody waits.
MAX_VALUES = 50_000


def read_json(text: str | bytes, what: str) -> object:
    """The value that a JSON text stands for; an object's fields stand in it once each.

    what: the text, as a sentence about it begins. Raises BadRequest.
    """
    if has_too_many_values(text):
        raise BadRequest(f"{what} has more than {MAX_VALUES:,} values.")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except RecursionError:
        raise BadRequest(f"{what} is JSON that is nested too deep.") from None
    # Of one kind are what is no UTF-8, no JSON, and no number of a readable length.
    except ValueError as error:
        raise BadRequest(f"{what} is no JSON: {_shortened(str(error))}.") from None


def has_too_many_values(text: str | bytes, max_values: int = MAX_VALUES) -> bool:
    """Whether a JSON text has more values than are read; counts without reading them."""
    if isinstance(text, str):
        return sum(map(text.count, ",[{")) > max_values
    return sum(map(text.count, (b",", b"[", b"{"))) > max_values


def event_line(payload: dict[str, Any]) -> str:
    """One server-sent event; in ASCII, because some readers end a line at other characters, too."""
    return f"data: {json.dumps(payload, separators=(',', ':'))}\n\n"


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
