"""Readers of what comes from outside: each returns what it promises, or says what is wrong.

settings = Fields(payload).inner("settings")
settings.whole("max_tokens", 768, 1, 2048)  # "`settings.max_tokens` must be a whole number …"
"""

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from protocol.choices import MAX_CHOICE_CHARS, MAX_CHOICES, MIN_CHOICES, spellings
from protocol.errors import BadImage, BadRequest
from protocol.formats.data_url import decode_data_url
from protocol.frame import Frame, FrameLimits, check_frame
from protocol.places import SpatialRef
from protocol.request import MAX_SCHEMA_CHARS, MAX_SCHEMA_DEPTH, MAX_STOP_CHARS, MAX_STOPS


class Fields:
    """The fields of one object, read by name. Fields that nobody reads are ignored.

    path: where the object stands in its format, with what separates it from its fields' names.
    Every reader raises BadRequest, `picture` also BadImage or ImageTooLarge, with the sentence for
    the person.
    """

    def __init__(self, values: dict[Any, Any], path: str = "") -> None:
        self._values, self._path = values, path

    def inner(self, name: str) -> "Fields":
        """The object in a field, empty where there is none."""
        values = self.get(name)
        if values is None:
            values = {}
        if not isinstance(values, dict):
            raise BadRequest(f"`{self._path}{name}` must be an object.")
        return Fields(values, f"{self._path}{name}.")

    def renamed(self, **names: str) -> "Fields":
        """The same, where a missing field is looked for by another name: renamed(obj="object")."""
        values = dict(self._values)
        for name, own in names.items():
            if values.get(own) is None:
                values[own] = values.get(name)
        return Fields(values, self._path)

    def each(self, name: str, max_objects: int) -> Iterator["Fields"]:
        """The objects of a list, which has at least one."""
        values, path = self.get(name), self.path(name)
        if not isinstance(values, list) or not 1 <= len(values) <= max_objects:
            raise BadRequest(f"`{path}` must be a list of 1 to {max_objects} objects.")
        for index, value in enumerate(values):
            if not isinstance(value, dict):
                raise BadRequest(f"`{path}[{index}]` must be an object.")
            yield Fields(value, f"{path}[{index}].")

    def path(self, name: str) -> str:
        """What a field is called, whole."""
        return f"{self._path}{name}"

    def get(self, name: str) -> object:
        """A field as it came, None where there is none."""
        return self._values.get(name)

    def text(self, name: str, max_chars: int, remedy: str = "say what you want to know") -> str:
        """A text that says something and that a tokenizer can read; `remedy` if there is none."""
        text = self.get(name)
        if not isinstance(text, str):
            raise BadRequest(f"`{self._path}{name}` is missing: {remedy}.")
        return readable(f"The {name}", text, max_chars, remedy)

    def words(self, name: str, max_chars: int) -> str:
        """A text that may as well be empty or missing."""
        text = self.get(name)
        if text is None or text == "":
            return ""
        return self.text(name, max_chars, "leave it out, or say something")

    def flag(self, name: str) -> bool:
        """True or false, which is also what stands for nothing."""
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            raise BadRequest(f"`{self._path}{name}` must be true or false.")
        return bool(value)

    def choice(self, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """One of `choices`; without a default it must be there."""
        value = self.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value not in choices:
            raise BadRequest(f"`{self._path}{name}` must be one of {', '.join(choices)}.")
        return value

    def choices(self, name: str) -> tuple[str, ...]:
        """Answers to choose from, no two of them the same; none where there is no such field."""
        choices = self.get(name)
        if choices is None:
            return ()
        accepted = f"a list of {MIN_CHOICES} to {MAX_CHOICES} texts"
        if not isinstance(choices, list | tuple):
            raise BadRequest(f"`{self._path}{name}` must be {accepted}.")
        if not MIN_CHOICES <= len(choices) <= MAX_CHOICES:
            raise BadRequest(f"`{self._path}{name}` must be {accepted}; this has {len(choices)}.")
        texts = tuple(_choice(each, number) for number, each in enumerate(choices, start=1))
        _refuse_doubled(texts)
        return texts

    def stops(self, name: str) -> tuple[str, ...]:
        """Texts that end an answer, given as one or as a list; none where there is no such field.

        Spaces and line breaks are texts too.
        """
        stops = self.get(name)
        if stops is None:
            return ()
        texts = [stops] if isinstance(stops, str) else stops
        accepted = f"a text or a list of at most {MAX_STOPS} texts"
        if not isinstance(texts, list | tuple) or len(texts) > MAX_STOPS:
            raise BadRequest(f"`{self._path}{name}` must be {accepted}.")
        for text in texts:
            if not isinstance(text, str) or not 1 <= len(text) <= MAX_STOP_CHARS:
                raise BadRequest(
                    f"`{self._path}{name}` must be {accepted}, each of 1 to {MAX_STOP_CHARS}"
                    " characters."
                )
            _refuse_half_characters(f"A text of `{self._path}{name}`", text)
        return tuple(texts)

    def json_schema(self, name: str) -> str | None:
        """A JSON schema as JSON, without spaces and in its own order; None where there is none.

        Whether anybody can keep to it is for the model to say.
        """
        schema, path = self.get(name), f"{self._path}{name}"
        if schema is None:
            return None
        if not isinstance(schema, dict):
            raise BadRequest(f'`{path}` must be an object such as {{"type": "object"}}.')
        if _is_deeper(schema, MAX_SCHEMA_DEPTH):
            raise BadRequest(
                f"`{path}` is nested too deep; at most {MAX_SCHEMA_DEPTH} levels are accepted."
            )
        try:
            text = json.dumps(schema, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise BadRequest(f"`{path}` holds something that is no JSON.") from error
        if len(text) > MAX_SCHEMA_CHARS:
            raise BadRequest(
                f"`{path}` has {len(text):,} characters; at most {MAX_SCHEMA_CHARS:,} are accepted."
            )
        return text

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """A number from `low` to `high`, both included."""
        return self._number(name, default, low, high, whole=False)

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(self._number(name, default, low, high, whole=True))

    def spatial_refs(self, name: str, max_places: int) -> tuple[SpatialRef, ...]:
        """Places in a frame; none where there is no such field."""
        refs = self.get(name)
        if refs is None:
            return ()
        if not isinstance(refs, list) or len(refs) > max_places:
            raise BadRequest(f"`{self._path}{name}` must be a list of at most {max_places} places.")
        return tuple(_place(ref) for ref in refs)

    def picture(self, name: str, limits: FrameLimits) -> Frame:
        """A picture as encoded bytes or a data URL, judged by its header."""
        return check_frame(self._picture_bytes(name, limits), limits)

    def _number(self, name: str, default: float, low: float, high: float, whole: bool) -> float:
        value = self.get(name)
        if value is None:
            return default
        # True is an int to Python, not to the person who sent it.
        is_number = type(value) is int or (
            type(value) is float and math.isfinite(value) and not whole
        )
        if not isinstance(value, int | float) or not is_number or not low <= value <= high:
            kind = "whole number" if whole else "number"
            raise BadRequest(f"`{self._path}{name}` must be a {kind} from {low} to {high}.")
        return value

    def _picture_bytes(self, name: str, limits: FrameLimits) -> bytes:
        image, path = self.get(name), f"{self._path}{name}"
        if isinstance(image, bytes):
            return image
        if not isinstance(image, str):
            raise BadImage(f"`{path}` must be a data URL or the picture's bytes.")
        return decode_data_url(image, path, limits)


def readable(what: str, text: str, max_chars: int, remedy: str) -> str:
    """A text as it came, if it says something and a tokenizer can read it."""
    if not text.strip():
        raise BadRequest(f"{what} is empty: {remedy}.")
    if len(text) > max_chars:
        raise BadRequest(
            f"{what} has {len(text):,} characters; at most {max_chars:,} are accepted."
        )
    _refuse_half_characters(what, text)
    return text


def _refuse_half_characters(what: str, text: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise BadRequest(f"{what} holds half a character that no text can contain.")


def _is_deeper(value: object, max_depth: int) -> bool:
    """Whether objects and lists lie inside each other at more than so many levels."""
    level = [value]
    for _ in range(max_depth):
        level = [inner for each in level for inner in _inside(each)]
    return any(isinstance(each, dict | list | tuple) for each in level)


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _choice(value: object, number: int) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"Choice {number} must be a text of 1 to {MAX_CHOICE_CHARS} characters.")
    return readable(f"Choice {number}", value, MAX_CHOICE_CHARS, "say what the answer may be")


def _refuse_doubled(choices: tuple[str, ...]) -> None:
    first: dict[str, int] = {}
    for number, choice in enumerate(choices, start=1):
        for spelling in spellings(choice):
            if first.setdefault(spelling, number) != number:
                raise BadRequest(
                    f"Choices {first[spelling]} and {number} are the same: a capital first letter"
                    " and spaces around it make no difference. Leave one of them out."
                )


def _place(ref: object) -> SpatialRef:
    is_place = isinstance(ref, list) and len(ref) in (2, 4) and all(map(_is_fraction, ref))
    if not isinstance(ref, list) or not is_place:
        raise BadRequest(
            "A place is [x, y] or [x_min, y_min, x_max, y_max], each a number from 0 to 1."
        )
    if len(ref) == 4 and not (ref[0] <= ref[2] and ref[1] <= ref[3]):
        raise BadRequest("A box is [x_min, y_min, x_max, y_max]: its minimum comes first.")
    return tuple(float(value) for value in ref)


def _is_fraction(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1  # type: ignore[operator]
