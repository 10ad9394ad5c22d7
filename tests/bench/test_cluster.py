"""What the bench of a cluster makes of its times; the bench itself needs minutes and a cluster."""

import pytest

from bench.clients import PageClient
from bench.cluster import ClusterSide, cluster_row


def side(*answers: tuple[float, float], cancel_ms: list[float]) -> ClusterSide:
    """answers: milliseconds to the first word, words a second."""
    first_words, rates = map(list, zip(*answers, strict=True))
    way = [each / 2 for each in first_words]
    return ClusterSide(PageClient(0), first_words, rates, "", way, cancel_ms, 30, 10.0)


def test_what_replicas_add_is_the_median_of_view_by_view():
    """A slow view is slow for both: the difference of two medians would be that of two views."""
    alone = side((10, 100), (50, 200), (11, 400), cancel_ms=[3, 4, 5])
    replicas = side((14, 95), (53, 180), (99, 396), cancel_ms=[])
    told = cluster_row("replicas", replicas, alone)
    assert (told.first_word_p50_ms, told.first_word_p99_ms, told.added_ms) == (53, 99, 4)
    assert told.rate_ratio == pytest.approx(0.95)
    assert (told.way_p50_ms, told.answers_per_s) == (26.5, 3.0)


def test_time_to_stop_is_told_of_those_that_were_stopped():
    assert (
        cluster_row("", side((1, 1), cancel_ms=[3, 9, 5]), side((1, 1), cancel_ms=[])).cancel_p50_ms
        == 5
    )
