import pytest

from backends.upstream.skills.loose_json import MAX_SHOWN_CHARS, find_json, find_whole, show


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('```json\n{"a": 1}\n```', '{"a": 1}'),
        ("Here you are: [1, 2]. Anything else?", "[1, 2]"),
        ('In [brackets first: {"a": []}', '{"a": []}'),
    ],
)
def test_json_is_found_wherever_a_model_puts_it(text: str, found: str):
    assert find_json(text)[1] == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I see no mug.", "holds no JSON"),
        ('{"a": 1', "damaged or cut short"),
        ('{"a": [1, 2', "damaged or cut short"),
        ('{"a": [{"b": 1}, {"b', "damaged or cut short"),
        ('{"a": {"b": 1}, "c": ', "damaged or cut short"),
        ("[NaN]", "NaN is no number"),
        ("[" * 100_000, "too many values|nested too deep"),
        ("[" * 40_000, "nested too deep|damaged"),
        ("[{" * 10_000, "nested too deep|damaged"),
    ],
)
def test_what_is_no_json_is_refused_with_the_reason(text: str, reason: str):
    with pytest.raises(ValueError, match=reason):
        find_json(text)


def test_only_the_beginning_of_what_came_is_shown_in_one_line():
    assert show("a\n b") == "a b"
    assert show("a" * 1000) == "a" * MAX_SHOWN_CHARS + "…"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": [{"b": 1}, {"b": 2}]}', [{"a": [{"b": 1}, {"b": 2}]}]),
        ('{"a": [{"b": 1}, {"b": 2}, {"b', [{"b": 1}, {"b": 2}]),
        ('{"b": 1}\n{"b": 2}', [{"b": 1}, {"b": 2}]),
        ("[[1, 2], [3, 4], [5", [[1, 2], [3, 4]]),
        ("None.", []),
    ],
)
def test_what_is_whole_is_found_also_where_the_rest_is_cut(text: str, found: list):
    assert find_whole(text) == found
