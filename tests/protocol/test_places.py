import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.places import Box, overlap

FRACTION = st.floats(0, 1)
BOXES = st.builds(
    lambda x, y: Box(min(x), min(y), max(x), max(y)),
    st.tuples(FRACTION, FRACTION),
    st.tuples(FRACTION, FRACTION),
)


@given(BOXES, BOXES)
def test_overlap_is_a_share_and_the_same_both_ways(a: Box, b: Box):
    assert 0 <= overlap(a, b) <= 1 + 1e-9
    assert overlap(a, b) == pytest.approx(overlap(b, a))


def test_overlap_is_all_none_or_a_third():
    left, middle = Box(0, 0, 0.5, 1), Box(0.25, 0, 0.75, 1)
    assert overlap(left, left) == 1
    assert overlap(left, Box(0.5, 0, 1, 1)) == 0
    assert overlap(left, middle) == pytest.approx(1 / 3)
