"""Readers that every format shares: each returns what it promises or names the field's path."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import BadImage, BadRequest, ImageTooLarge, RequestError
from protocol.formats.fields import Fields
from protocol.frame import FrameLimits
from tests.protocol.pictures import data_url, encoded

LIMITS = FrameLimits(max_bytes=10_000, max_pixels=100_000)
JPEG = encoded()

READERS = {
    "text": lambda fields: fields.text("it", 10),
    "flag": lambda fields: fields.flag("it"),
    "choice": lambda fields: fields.choice("it", ("a", "b"), "a"),
    "choices": lambda fields: fields.choices("it"),
    "stops": lambda fields: fields.stops("it"),
    "schema": lambda fields: fields.json_schema("it"),
    "number": lambda fields: fields.number("it", 0.5, 0, 1),
    "whole": lambda fields: fields.whole("it", 5, 1, 9),
    "places": lambda fields: fields.spatial_refs("it", 2),
    "picture": lambda fields: fields.picture("it", LIMITS),
    "inner": lambda fields: fields.inner("it"),
}


@pytest.mark.parametrize(
    ("reader", "value", "read"),
    [
        ("text", " a mug? ", " a mug? "),
        ("flag", True, True),
        ("choice", "b", "b"),
        ("choices", [" Yes", "no"], (" Yes", "no")),
        ("choices", ["red", "red car", "x" * 40], ("red", "red car", "x" * 40)),
        ("choices", [*"abcdefghijklmnop"], tuple("abcdefghijklmnop")),
        ("stops", "\n", ("\n",)),
        ("stops", ["END", " ", "x" * 200, "🙂"], ("END", " ", "x" * 200, "🙂")),
        ("stops", [], ()),
        ("schema", {}, "{}"),
        ("schema", {"type": "object", "a": [1, None]}, '{"type":"object","a":[1,null]}'),
        ("number", 1, 1),
        ("number", 0.25, 0.25),
        ("whole", 9, 9),
        ("places", [[0, 1], [0.1, 0.2, 0.3, 0.4]], ((0.0, 1.0), (0.1, 0.2, 0.3, 0.4))),
    ],
)
def test_value_that_is_right_is_read(reader: str, value: object, read: object):
    assert READERS[reader](Fields({"it": value})) == read


@pytest.mark.parametrize(
    ("reader", "default"),
    [
        ("flag", False),
        ("choice", "a"),
        ("choices", ()),
        ("stops", ()),
        ("schema", None),
        ("number", 0.5),
        ("whole", 5),
        ("places", ()),
    ],
)
@pytest.mark.parametrize("values", [{}, {"it": None}])
def test_field_that_is_not_there_has_its_default(reader: str, default: object, values: dict):
    assert READERS[reader](Fields(values)) == default


@pytest.mark.parametrize("image", [JPEG, data_url(JPEG)], ids=["bytes", "data url"])
def test_picture_is_read_from_bytes_and_from_a_data_url(image: object):
    assert READERS["picture"](Fields({"it": image})).data == JPEG


@pytest.mark.parametrize("reader", [each for each in READERS if each != "text"])
def test_value_of_a_wrong_kind_is_refused_by_its_path(reader: str):
    """A setting that was wrong in another format was called `settings.…` there, too."""
    with pytest.raises((BadRequest, BadImage), match=r"`messages\[0\]\.content\.it`"):
        READERS[reader](Fields({"it": object()}, "messages[0].content."))


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ("yes", "must be a list of 2 to 16 texts"),
        ({"yes": 1}, "must be a list of 2 to 16 texts"),
        ([], "this has 0"),
        (["yes"], "this has 1"),
        ([*map(str, range(17))], "this has 17"),
        (["yes", None], "Choice 2 must be a text of 1 to 40 characters"),
        ([["yes"], "no"], "Choice 1 must be a text"),
        (["yes", ""], "Choice 2 is empty"),
        (["yes", " \n\t"], "Choice 2 is empty"),
        (["yes", "x" * 41], "Choice 2 has 41 characters; at most 40"),
        (["yes", "n\ud83d"], "Choice 2 holds half a character"),
        (["yes", "no", "yes"], "Choices 1 and 3 are the same"),
        (["yes", "no", "No"], "Choices 2 and 3 are the same"),
        (["yes", "no", " yes "], "Choices 1 and 3 are the same"),
        (["K", "k"], "Choices 1 and 2 are the same"),
    ],
)
def test_choices_that_cannot_be_compared_are_refused_in_words(choices: object, sentence: str):
    with pytest.raises(BadRequest, match=sentence):
        READERS["choices"](Fields({"it": choices}))


@pytest.mark.parametrize(
    ("stops", "sentence"),
    [
        (7, "must be a text or a list of at most 4 texts"),
        ({"a": 1}, "must be a text or a list of at most 4 texts"),
        ([*"abcde"], "must be a text or a list of at most 4 texts"),
        ("", "each of 1 to 200 characters"),
        (["a", ""], "each of 1 to 200 characters"),
        (["a", None], "each of 1 to 200 characters"),
        ("x" * 201, "each of 1 to 200 characters"),
        (["a\ud83d"], "A text of `it` holds half a character"),
    ],
)
def test_stop_texts_that_cannot_be_found_are_refused_in_words(stops: object, sentence: str):
    with pytest.raises(BadRequest, match=sentence):
        READERS["stops"](Fields({"it": stops}))


def nested(n_levels: int) -> dict:
    schema: dict = {}
    for _ in range(n_levels - 1):
        schema = {"items": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ("object", "must be an object such as"),
        ([{}], "must be an object such as"),
        (True, "must be an object such as"),
        (nested(65), "nested too deep; at most 64 levels"),
        (nested(50_000), "nested too deep; at most 64 levels"),
        ({"enum": ["x" * 64_000]}, "has 64,013 characters; at most 64,000"),
        ({"minimum": float("nan")}, "holds something that is no JSON"),
        ({"minimum": float("inf")}, "holds something that is no JSON"),
        ({"const": b"bytes"}, "holds something that is no JSON"),
    ],
    ids=range(9),
)
def test_schema_that_is_no_bounded_json_object_is_refused_in_words(schema: object, sentence: str):
    with pytest.raises(BadRequest, match=sentence):
        READERS["schema"](Fields({"it": schema}))


def test_schema_at_its_bounds_is_read():
    assert READERS["schema"](Fields({"it": nested(64)})).count("{") == 64
    longest = {"enum": ["x" * (64_000 - len('{"enum":[""]}'))]}
    assert len(READERS["schema"](Fields({"it": longest}))) == 64_000


def test_schema_keeps_the_order_of_its_properties():
    """A model writes them in that order: what to think of first is the author's to say."""
    properties = {"b": {}, "a": {}}
    text = READERS["schema"](Fields({"it": {"properties": properties}}))
    assert list(json.loads(text)["properties"]) == ["b", "a"]


def test_choice_must_be_there_when_nothing_stands_for_it():
    with pytest.raises(BadRequest, match="`it` must be one of a, b"):
        Fields({}).choice("it", ("a", "b"))


def test_each_object_of_a_list_carries_the_path_on():
    first, second = Fields({"a": {"b": [{"it": 1}, {"it": 10}]}}).inner("a").each("b", 2)
    assert first.whole("it", 0, 1, 9) == 1
    assert second.path("it") == "a.b[1].it"
    with pytest.raises(BadRequest, match=r"`a\.b\[1\]\.it` must be a whole number from 1 to 9"):
        second.whole("it", 0, 1, 9)


@pytest.mark.parametrize("values", [None, {}, "ab", [], [{}, {}, {}]])
def test_list_of_objects_has_its_length(values: object):
    with pytest.raises(BadRequest, match="`it` must be a list of 1 to 2 objects"):
        list(Fields({"it": values}).each("it", 2))


def test_list_of_objects_holds_no_others():
    with pytest.raises(BadRequest, match=r"`it\[1\]` must be an object"):
        list(Fields({"it": [{}, 7]}).each("it", 2))


def test_inner_object_carries_the_path_on():
    inner = Fields({"a": {"b": {"it": 10}}}).inner("a").inner("b")
    with pytest.raises(BadRequest, match=r"`a\.b\.it` must be a whole number from 1 to 9"):
        inner.whole("it", 5, 1, 9)


def test_inner_object_that_is_not_there_is_empty():
    assert READERS["inner"](Fields({})).get("anything") is None


def test_picture_is_refused_by_its_size_before_it_is_decoded():
    with pytest.raises(ImageTooLarge):
        READERS["picture"](Fields({"it": data_url(JPEG) + "A" * 20_000}))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(reader=st.sampled_from(sorted(READERS)), value=ANYTHING)
def test_anything_is_read_or_refused_in_a_sentence(reader: str, value: object):
    try:
        READERS[reader](Fields({"it": value}))
    except RequestError as error:
        assert error.message.endswith((".", "?", "want to know."))  # noqa: PT017


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ({"object": "mug", "obj": "cup"}, "mug"),
        ({"obj": "cup"}, "cup"),
        ({"object": None, "obj": "cup", "thing": "pot"}, "cup"),
        ({"thing": "pot"}, "pot"),
        ({}, None),
    ],
)
def test_field_is_read_under_its_own_name_and_else_under_the_first_of_its_others(values, read):
    assert Fields(values).renamed(obj="object", thing="object").get("object") == read


def test_field_of_another_name_is_spoken_of_under_its_own():
    with pytest.raises(BadRequest, match=r"`settings\.object` must be"):
        Fields({"settings": {"obj": 5}}).inner("settings").renamed(obj="object").flag("object")
