"""From what a browser counted to the figures of the page's bench."""

from dataclasses import replace

import pytest

from bench.busy_page import Held
from bench.first_visit import Visit
from bench.page import Busy, growth, limits, show_busy, show_held, show_visits

OURS = Visit(124_000, 531_000, 10, 330, 600)
PLAIN = Visit(754_000, 618_000, 174, 1600, 1800)
VISITS = {"here": OURS, "here, file by file": PLAIN}
BUSY = Busy([0.5] * 20, [float(ms) for ms in range(1, 11)] * 2, 9.9)
FULL = Held(200, 200, 5_000_000, 1_600_000, 34_000, 350)
HOLDS = [FULL, replace(FULL, n_answers=400, object_bytes=5_200_000)]


def test_page_that_keeps_its_limits_is_told_so():
    assert set(limits(VISITS, BUSY, HOLDS).values()) == {True}


@pytest.mark.parametrize(
    ("visits", "busy", "holds", "words"),
    [
        ({**VISITS, "here": replace(OURS, sent_bytes=150_000)}, BUSY, HOLDS, "150,000 bytes"),
        (VISITS, replace(BUSY, answers_per_s=8.0), HOLDS, "10 live answers"),
        (VISITS, Busy([], [17.0] * 20, 10), HOLDS, "p50"),
        (VISITS, Busy([], [1.0] * 18 + [17.0] * 2, 10), HOLDS, "p95"),
        (VISITS, BUSY, [FULL, replace(FULL, object_bytes=5_300_000)], "objects"),
        (VISITS, BUSY, [FULL, replace(FULL, n_nodes=40_000)], "nodes"),
        (VISITS, BUSY, [FULL, replace(FULL, n_listeners=400)], "listeners"),
    ],
)
def test_limit_that_is_not_kept_is_named(visits, busy: Busy, holds: list[Held], words: str):
    missed = [limit for limit, is_kept in limits(visits, busy, holds).items() if not is_kept]
    assert any(words in limit for limit in missed)


def test_growth_is_from_the_full_list_to_the_most_there_ever_was():
    holds = [FULL, replace(FULL, object_bytes=6_000_000), replace(FULL, object_bytes=4_000_000)]
    assert growth(holds, "object_bytes") == pytest.approx(0.2)


def test_every_figure_stands_beside_another_or_its_limit(capsys: pytest.CaptureFixture):
    show_visits(VISITS, (9_000, 6))
    show_busy(BUSY)
    show_held(HOLDS)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "bytes on the wire 124,000 754,000 6.1 150,000" in lines
    assert "live answers a second 9.9 10" in lines
    assert "p95 10.0 0.5 +9.5 16" in lines
    assert "objects of the scripts, bytes 5,000,000 5,200,000 1.040" in lines
