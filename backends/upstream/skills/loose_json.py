"""JSON as models write it: in a fence of code, with a sentence before it or behind."""

import json
import re
from collections.abc import Iterator
from typing import NoReturn

from protocol.formats.json_text import has_too_many_values

MAX_SHOWN_CHARS = 200
# Brackets in a text that begin no JSON; sentences hold few of them.
MAX_FAILED = 16

_BEGIN = re.compile(r"[{\[]")


def find_json(text: str) -> tuple[object, str]:
    """The first object or list in a text, as a value and as it is written.

    Raises ValueError with the reason, as a part of a sentence.
    """
    for value, start, end in _found(text):
        if end is None:
            break
        return value, text[start:end]
    raise ValueError("its JSON is damaged or cut short" if "{" in text else "it holds no JSON")


def find_whole(text: str) -> list[object]:
    """All objects and lists in a text, the outermost; of one that was cut short, the whole ones in
    it. Raises ValueError as `find_json` does.
    """
    return [value for value, _, end in _found(text) if end is not None]


def _found(text: str) -> Iterator[tuple[object, int, int | None]]:
    """Each value with its start and end in the text; without an end where the text ends before."""
    if has_too_many_values(text):
        raise ValueError("it has too many values")
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    place, n_failed = 0, 0
    while (begin := _BEGIN.search(text, place)) and n_failed < MAX_FAILED:
        place = begin.end()
        try:
            value, end = decoder.raw_decode(text, begin.start())
        except RecursionError:
            raise ValueError("it is nested too deep") from None
        except json.JSONDecodeError as error:
            n_failed += 1
            if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
                yield None, begin.start(), None
        else:
            yield value, begin.start(), end
            place = end


def show(text: str) -> str:
    """The beginning of what came, for a sentence about it."""
    words = " ".join(text.split())
    return words if len(words) <= MAX_SHOWN_CHARS else f"{words[:MAX_SHOWN_CHARS]}…"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
