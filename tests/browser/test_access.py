"""A page behind a token: opened by its link once, and told when the token is another one."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit
from tests.server import serve

TOKEN, OTHER = "open-sesame", "another-token"
# What the browser itself writes of an answer with 401.
REFUSED = re.compile("401|ERR_CONNECTION_REFUSED|WebSocket|Failed to load")


@pytest.fixture
def model(checkpoint) -> tuple[str, str]:
    return "--model", str(checkpoint)


def test_link_opens_the_page_once_and_leaves_no_token_behind(
    browser: Browser, model: tuple[str, str], visit: Visit
) -> None:
    with serve(*model, MOONSIGHT_TOKEN=TOKEN) as server:
        server.wait_until_open()
        page = visit(browser, f"{server.url}/?token={TOKEN}")
        page.wait_for_url(f"{server.url}/")
        expect(page.locator("#status")).not_to_have_attribute("data-state", "unknown")
        # Neither back in time nor for scripts.
        assert page.evaluate("[history.length, document.cookie]") == [2, ""]
        page.reload()
        expect(page.locator("#status")).not_to_have_attribute("data-state", "unknown")


def test_page_whose_token_is_another_one_by_now_says_what_to_do(
    browser: Browser, model: tuple[str, str], visit: Visit
) -> None:
    with serve(*model, MOONSIGHT_TOKEN=TOKEN) as server:
        server.wait_until_open()
        page = visit(browser, f"{server.url}/?token={TOKEN}", allow=REFUSED)
        page.wait_for_url(f"{server.url}/")
        expect(page.locator("#status")).not_to_have_attribute("data-state", "unknown")
        port = server.url.rpartition(":")[2]
    with serve(*model, "--port", port, MOONSIGHT_TOKEN=OTHER):
        expect(page.locator("body")).to_have_text(
            re.compile("^This Moonsight asks for its token"), timeout=30_000
        )
