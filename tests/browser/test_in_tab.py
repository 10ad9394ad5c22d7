"""The model in the tab says what Python's says, and the page asks it as it asks a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import GPU_IN_SOFTWARE, Launch
from tests.browser.exams import ANSWER_ALL, DEVICES, N_SCENES, Said, exams
from tests.browser.host import served


@pytest.fixture(scope="module")
def tab_url(tab_folder: Path) -> Iterator[str]:
    with served(tab_folder) as host:
        yield host.url


@pytest.mark.parametrize("device", DEVICES)
def test_tab_says_what_python_says_about_unseen_scenes(launch: Launch, tab_url: str, device: str):
    page = launch(*GPU_IN_SOFTWARE).new_page()
    page.goto(f"{tab_url}scenes/")
    for exam in exams(N_SCENES):
        told = page.evaluate(ANSWER_ALL, exam.asked_of(tab_url, device))
        assert Said.of_tab(told) == exam.expected
    page.close()
