"""JSON as models write it: in a fence of code, with a sentence before it or behind."""

import json
from typing import NoReturn

from protocol.formats.json_text import has_too_many_values

MAX_SHOWN_CHARS = 200
# Places in a text at which JSON is looked for; sentences hold few such brackets.
MAX_BEGINNINGS = 16


def find_json(text: str) -> tuple[object, str]:
    """The first object or list in a text, as a value and as it is written.

    Raises ValueError with the reason, as a part of a sentence.
    """
    if has_too_many_values(text):
        raise ValueError("it has too many values")
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    places = [place for place, letter in enumerate(text) if letter in "{["]
    for place in places[:MAX_BEGINNINGS]:
        try:
            value, end = decoder.raw_decode(text, place)
        except RecursionError:
            raise ValueError("it is nested too deep") from None
        except ValueError:
            continue
        return value, text[place:end]
    raise ValueError("it holds no JSON" if not places else "its JSON is damaged or cut short")


def show(text: str) -> str:
    """The beginning of what came, for a sentence about it."""
    words = " ".join(text.split())
    return words if len(words) <= MAX_SHOWN_CHARS else f"{words[:MAX_SHOWN_CHARS]}…"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
