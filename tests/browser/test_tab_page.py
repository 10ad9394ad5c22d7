"""The page before a model in its own tab: nothing about asking, finding and live mode is different.

These are tests of them, unchanged: each asks for a server, and here that is a host of files.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PacedServer, Visit, with_camera
from tests.browser.host import Host, served
from tests.browser.in_tab import get_model
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
)
from tests.browser.test_live import (  # noqa: F401
    drawn,
    kept_page,
    test_equal_answer_changes_nothing_but_since_when,
    test_sentence_follows_what_is_held_into_the_camera,
)
from tests.browser.test_look import serious_findings

LARGE = {"name": "moondream2", "bytes": 1_350_000_000, "isLarge": True, "isDemo": False}
SMALL = {"name": "demo", "bytes": 5_200_000, "isLarge": False, "isDemo": True}
TAB = {
    "models": [{**LARGE, "refusal": None}, {**SMALL, "refusal": None}],
    **{"free": 38e9, "isKept": True, "isPersistent": True, "bytes": LARGE["bytes"]},
    **{"why": None, "checkedAt": None, "trouble": None},
}
WITHOUT_GPU = [{**LARGE, "refusal": "gpu"}, {**SMALL, "refusal": None}]
GETTING = {"stage": "downloading", "done": 500e6, "total": 1.35e9, "part": 8, "parts": 21}
COMPARING = {"stage": "comparing", "done": 0.9, "total": 1, "parts": 21}
FULL = {"kind": "full", "here": 500e6, "missing": 850e6}
# What the tab can tell of its model, and the words that stand on the page then.
TOLD = [
    (
        {"state": "absent", "tab": TAB},
        ["Choose a model.", "moondream2, 1.35 GB", "has room for 38 GB and keeps it until you"],
    ),
    (
        {"state": "absent", "tab": {**TAB, "models": WITHOUT_GPU}},
        ["One model fits here.", "without WebGPU an answer takes minutes."],
    ),
    (
        {"state": "loading", "progress": {**GETTING, "bytes_per_s": 21e6, "seconds_left": 40}},
        ["Getting moondream2.", "500 MB of 1.35 GB", "21.0 MB a second, about 40 s left", "37%"],
    ),
    (
        {"state": "loading", "progress": {**GETTING, "trouble": "broken", "waitS": 4}},
        ["The download broke off.", "500 MB are here and stay.", "Trying again in 4 s."],
    ),
    (
        {"state": "failed", "tab": {**TAB, "trouble": FULL, "free": 2e8}},
        ["This browser has no room left.", "850 MB are still to come and 200 MB are free."],
    ),
    (
        {
            "state": "loading",
            "progress": {"stage": "comparing", "done": 0.9, "total": 1, "parts": 21},
        },
        ["Comparing.", "All 21 parts here and whole", "1.35 GB", "90%"],
    ),
    (
        {"state": "ready", "device": "wasm", "tab": {**TAB, "why": "wrong", "checkedAt": 0}},
        ["WebGPU gave wrong numbers on this device, so WASM is used: right, but slower."],
    ),
]

PACED_WORKER = Path(__file__).with_name("paced_worker.js")


@pytest.fixture(scope="module")
def server(tab_folder: Path) -> Iterator[Host]:
    with served(tab_folder) as host:
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
def paced_server(tab_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PacedTab]:
    paced = tmp_path_factory.mktemp("paced") / "tab"
    shutil.copytree(tab_folder, paced)
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


@pytest.mark.parametrize("width", [1440, 390], ids=["desk", "phone"])
def test_every_state_of_the_model_has_its_words_and_is_readable(
    browser: Browser,
    paced: PacedTab,
    visit: Callable[..., Page],
    width: int,
):
    page = visit(browser, paced.url, viewport={"width": width, "height": 844})
    for status, words in TOLD:
        paced.status(**{"model": "moondream2", "device": "wasm", "tab": TAB, **status})
        for each in words:
            expect(page.locator(".answers")).to_contain_text(each)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_findings(page) == []
    page.locator("#status").click()
    page.get_by_role("button", name="Delete the model from this browser").click()
    expect(page.locator("#deleting")).to_contain_text("It frees 1.35 GB. Your answers stay.")
    assert serious_findings(page) == []


def test_model_in_the_tab_thinks_first_and_is_told_what_this_means(
    browser: Browser, server: Host, visit: Visit
) -> None:
    page = visit(browser, server.url)
    with_camera(page)
    page.get_by_role("button", name="Settings").click()
    page.locator("#settings [name=maxTokens]").select_option("64")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Think first").click()
    picture = page.get_by_role("application", name="The picture")
    picture.press("Enter")
    page.get_by_label("Your question").fill("What is this?")
    page.keyboard.press("Enter")
    card = page.locator(".card").first
    expect(card.locator("summary")).to_contain_text("Thought for ")
    expect(card).to_have_attribute("data-state", "done")
    expect(card.locator(".card__state-words")).to_contain_text("about the marked part")
