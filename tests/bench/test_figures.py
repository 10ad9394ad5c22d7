"""From recorded times to the rows of the table."""

import pytest

from bench.clients import Record
from bench.figures import ROWS, hops_ms, percentile, ratios, summarise, wait_spread


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, None),
        ([7.0], 1, 7.0),
        ([7.0], 99, 7.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([4.0, 3.0, 2.0, 1.0], 50, 2.0),
        ([float(value) for value in range(1, 101)], 99, 99.0),
        ([float(value) for value in range(1, 102)], 99, 100.0),
        ([1.0, 2.0], 100, 2.0),
    ],
)
def test_percentile_is_the_smallest_value_that_enough_values_do_not_exceed(
    values: list[float], percent: float, expected: float | None
):
    assert percentile(values, percent) == expected


def test_hops_pair_each_arrival_with_the_stamp_of_its_own_request():
    stamps = [("a", 1.0, 4), ("b", 1.5, 2), ("a", 2.0, 1), ("warm-up", 9.0, 1)]
    arrivals = {"b": [(1.75, 2)], "a": [(1.125, 4), (2.25, 1)]}
    assert hops_ms(stamps, arrivals) == [250.0, 125.0, 250.0]


def test_hops_of_words_that_arrive_together_count_from_each_word():
    stamps = [("a", 1.0, 4), ("a", 2.0, 1), ("a", 2.5, 3)]
    assert hops_ms(stamps, {"a": [(2.25, 5), (3.0, 3)]}) == [1250.0, 250.0, 500.0]


def test_hops_refuse_text_that_was_lost():
    with pytest.raises(ValueError, match="lost"):
        hops_ms([("a", 1.0, 3), ("a", 2.0, 1)], {"a": [(1.5, 3)]})


def test_summary_has_every_row_of_the_table():
    assert summarise(Record(seconds=1.0), []).keys() == ROWS.keys()


def test_spread_compares_the_means_of_the_slowest_and_the_fastest_client():
    assert wait_spread({0: [1.0, 3.0], 1: [4.0], 2: [1.0, 5.0]}) == 2.0
    assert wait_spread({}) is None


def test_record_keeps_the_wait_of_each_client_and_the_pace_of_each_answer():
    record = Record()
    record.keep(7, 10.0, "a", [(10.5, 2), (11.0, 4), (12.0, 1)], n_tokens=4)
    record.keep(7, 20.0, "b", [], n_tokens=1)
    assert record.wait_ms == {7: [500.0]}
    assert record.answer_tokens_per_s == [2.0]
    assert (record.n_answers, record.n_tokens) == (2, 5)


def test_ratio_is_missing_where_a_figure_is_missing():
    nothing = summarise(Record(seconds=1.0), [])
    something = summarise(Record(seconds=2.0, n_answers=3, page_ms=[4.0]), [])
    ratio = ratios(something, nothing | {"page_p50_ms": 2.0})
    assert ratio["page_p50_ms"] == 2.0
    assert ratio["hop_p50_ms"] is None
    assert ratio["answers_per_s"] is None
