"""The page before another Moonsight, by `--upstream`: nothing about it is different.

These are tests of asking, finding, pointing, stopping and live mode, unchanged: each asks for a
server, and here that is one which asks another.
"""

from collections.abc import Iterator

import pytest

from tests.browser.conftest import PacedServer, Server
from tests.browser.test_answers import (  # noqa: F401
    test_stop_keeps_the_words_and_frees_the_page,
    test_typing_makes_stop_ask_again_and_both_answers_reach_their_cards,
)
from tests.browser.test_asking import (  # noqa: F401
    test_answer_is_told_in_words_before_it_is_over,
    test_chosen_picture_is_answered_in_place_of_the_camera,
    test_describe_needs_no_words,
)
from tests.browser.test_finding import (  # noqa: F401
    test_count_is_proven_by_a_point_on_each_on_the_very_same_frame,
    test_red_circle_is_found_where_it_is,
)
from tests.browser.test_live import (  # noqa: F401
    drawn,
    test_point_is_kept_and_says_that_nothing_is_there,
    test_sentence_follows_what_is_held_into_the_camera,
)


@pytest.fixture(scope="module")
def server(server: Server) -> Iterator[Server]:
    """One that asks the server with the demo model."""
    before = before_of(server)
    yield before
    before.stop()


@pytest.fixture(scope="module")
def paced_server(chromium: str) -> Iterator[PacedServer]:
    """One that asks a server which does what the test tells it."""
    paced = PacedServer("-m", "tests.browser.paced_server")
    paced.start()
    before = before_of(paced)
    paced.url = before.url
    yield paced
    before.stop()
    paced.stop()


def before_of(server: Server) -> Server:
    before = Server("app.py", "--upstream", server.url, "--port")
    before.start()
    return before
