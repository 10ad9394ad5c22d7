"""Errors cross processes, and arrive as what they were."""

import pickle

import pytest

from protocol import errors
from protocol.errors import RequestError

FAMILY = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, RequestError)
]


@pytest.mark.parametrize("kind", FAMILY)
def test_error_keeps_its_kind_and_its_sentence_on_the_way_to_another_process(kind):
    arrived = pickle.loads(pickle.dumps(kind("What to do.")))
    assert (type(arrived), arrived.message) == (kind, "What to do.")
