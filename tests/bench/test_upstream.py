"""What the bench of `--upstream` makes of its times; that it runs is shown with the whole bench."""

import pytest

from bench.clients import PageClient
from bench.upstream import SIDES, Row, Side, _asks, row


def side(*answers: tuple[float, float]) -> Side:
    """answers: milliseconds to the first word, words a second."""
    first_words, rates = zip(*answers, strict=True)
    return Side(PageClient(0), list(first_words), list(rates))


def test_what_is_added_is_the_median_of_view_by_view():
    """A slow view is slow for all: the difference of two medians would be that of two views."""
    direct, through = side((10, 100), (50, 200), (11, 400)), side((14, 95), (53, 180), (99, 396))
    told = row("through", through, direct)
    assert told == Row("through", 53, 99, 180, added_ms=4, rate_ratio=pytest.approx(0.95))


def test_each_view_is_asked_about_once_by_each_side():
    asks = _asks(2)
    pictures = [next(asks).payload["image"] for _ in range(2 * len(SIDES))]
    assert len(set(pictures)) == len(pictures)
    assert len({len(each) // 100 for each in pictures[: len(SIDES)]}) == 1
