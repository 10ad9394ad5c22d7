"""JSON of strangers becomes a value or a sentence, and means one thing only."""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import BadRequest
from protocol.formats.json_text import MAX_VALUES, event_line, read_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)

NO_JSON = {
    "nothing": "",
    "words": "hello",
    "half an object": '{"question": ',
    "two objects": "{}{}",
    "no number": "[NaN]",
    "no end": "[-Infinity]",
    "a number without an end": "9" * 5000,
    "a field twice": '{"question": "What?", "question": "Who?"}',
    "a field twice, deep inside": '[{"a": {"b": 1, "b": 1}}]',
    "a byte that is no UTF-8": b'{"question": "\xff"}',
}


@given(value=JSON)
def test_json_is_read_as_what_was_written(value: object):
    assert read_json(json.dumps(value), "It") == value
    assert read_json(json.dumps(value).encode(), "It") == value


@pytest.mark.parametrize("text", NO_JSON.values(), ids=NO_JSON.keys())
def test_what_is_no_json_is_refused_in_words(text: str | bytes):
    with pytest.raises(BadRequest, match=r"^The body is no JSON: "):
        read_json(text, "The body")


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_json_that_is_nested_too_deep_is_refused_in_words(bracket: str):
    with pytest.raises(BadRequest, match="too deep"):
        read_json(bracket * 40_000, "The body")


@pytest.mark.parametrize("value", ["0", "[]", "{}", '""'])
@pytest.mark.parametrize("kind", [str, str.encode])
def test_json_of_too_many_values_is_refused_before_it_is_read(value: str, kind: Callable):
    """As many as fit into the largest body took seconds to read, while everybody waited."""
    with pytest.raises(BadRequest, match="more than 50,000 values"):
        read_json(kind(f'{{"a": [{",".join([value] * MAX_VALUES)}]}}'), "The body")


def test_sentence_about_a_long_field_is_short():
    with pytest.raises(BadRequest) as refused:
        read_json('{"%s": 1, "%s": 1}' % (("x" * 9000,) * 2), "The body")
    assert len(refused.value.message) < 200


@given(text=st.text() | st.binary())
def test_text_of_any_kind_is_read_or_refused(text: str | bytes):
    with suppress(BadRequest):
        read_json(text, "It")


@given(value=st.dictionaries(st.text(), JSON | st.text()))
def test_event_is_one_line_whatever_it_tells(value: dict):
    line = event_line(value)
    assert line.splitlines() == [line.removesuffix("\n\n"), ""]
    assert json.loads(line.removeprefix("data: ")) == value
