"""The page before a model in its own tab: nothing about asking, finding and live mode is different.

These are tests of them, unchanged: each asks for a server, and here that is a host of files.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from demo.evaluate import CHECKPOINT
from tests.browser.conftest import PacedServer, Visit
from tests.browser.host import Host, served
from tests.browser.in_tab import get_model, write_folder
from tests.browser.test_answers import (  # noqa: F401
    test_answer_grows_with_each_word_under_a_gold_ring,
    test_finished_answer_is_heard_once_and_never_word_by_word,
    test_stop_keeps_the_words_and_frees_the_page,
    test_typing_makes_stop_ask_again_and_both_answers_reach_their_cards,
)
from tests.browser.test_asking import (  # noqa: F401
    test_chosen_picture_is_answered_in_place_of_the_camera,
    test_describe_needs_no_words,
)
from tests.browser.test_finding import (  # noqa: F401
    test_boxes_appear_one_by_one_as_they_are_found,
    test_red_circle_is_found_where_it_is,
)
from tests.browser.test_live import (  # noqa: F401
    drawn,
    kept_page,
    test_equal_answer_changes_nothing_but_since_when,
    test_point_is_kept_and_says_that_nothing_is_there,
    test_sentence_follows_what_is_held_into_the_camera,
)

PACED_WORKER = Path(__file__).with_name("paced_worker.js")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(CHECKPOINT, tmp_path_factory.mktemp("tab"))


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Host]:
    with served(folder) as host:
        yield host


class PacedTab(PacedServer):
    """A host of a page whose worker does what the test tells it, as `PacedServer` does."""

    def __init__(self, host: Host) -> None:
        self.url, self._page, self._early = host.url, None, list[str]()

    def tell(self, command: str) -> None:
        if self._page is None:
            self._early.append(command)
        else:
            self._page.workers[0].evaluate("line => obey(line)", command)

    def belongs_to(self, page: Page | None) -> None:
        """Tell the page's worker what was told before, and whatever is told from now on."""
        self._page, early, self._early = page, self._early, []
        for command in early:
            self.tell(command)


@pytest.fixture(scope="module")
def paced_server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PacedTab]:
    paced = tmp_path_factory.mktemp("paced") / "tab"
    shutil.copytree(folder, paced)
    shutil.copyfile(PACED_WORKER, paced / "tab" / "worker.js")
    # It would keep one version of what tests change.
    (paced / "service_worker.js").write_text("")
    with served(paced) as host:
        yield PacedTab(host)


@pytest.fixture
def visit(visit: Visit, paced_server: PacedTab) -> Iterator[Callable[..., Page]]:
    """Visit as ever, and do what a first visitor does: get the model."""

    def arrive(page: Page) -> None:
        if page.url.startswith(paced_server.url):
            page.wait_for_selector("#status:not([data-state=unknown])")
            paced_server.belongs_to(page)
        elif page.url.startswith("http"):
            get_model(page)

    def come(*args: object, **options: object) -> Page:
        page = visit(*args, **options)
        arrive(page)
        return page

    yield come
    paced_server.belongs_to(None)
