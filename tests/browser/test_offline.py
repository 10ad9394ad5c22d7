"""The page can be installed, says when its server is away, and is never older than it."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SERVER_AWAY, Launch, PacedServer, Visit
from tests.browser.host import served
from tests.browser.test_look import serious_findings

KEPT = "async () => (await navigator.serviceWorker.ready).active.state === 'activated'"
CACHES = "async () => (await caches.keys()).length"


@pytest.fixture
def own_server(chromium: str) -> Iterator[PacedServer]:
    server = PacedServer("-m", "tests.browser.paced_server")
    server.start()
    yield server
    server.stop()


def when_kept(page: Page) -> Page:
    page.wait_for_function(KEPT)
    return page


def test_page_can_be_installed(launch: Launch, paced: PacedServer, visit: Visit) -> None:
    # A browser with windows: one without has nowhere to install anything.
    page = visit(launch(), paced.url)
    devtools = page.context.new_cdp_session(page)
    told = devtools.send("Page.getAppManifest")
    manifest = json.loads(told["data"])
    assert told["errors"] == []
    assert (manifest["name"], manifest["display"]) == ("Moonsight", "standalone")
    assert told["manifest"]["startUrl"] == paced.url
    errors = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # All that is in the way is the kind of window that tests have.
    assert [error["errorId"] for error in errors] == ["in-incognito"]


def test_page_says_that_its_server_is_away_and_is_never_older_than_it(
    browser: Browser, own_server: PacedServer, visit: Visit
) -> None:
    page = when_kept(visit(browser, own_server.url, allow=SERVER_AWAY, color_scheme="light"))
    # From now on the worker has its say in each visit.
    page.reload()
    assert page.evaluate("navigator.serviceWorker.controller !== null")
    own_server.stop()
    for path in ("scenes", ""):
        page.goto(own_server.url + path)
        expect(page.get_by_role("heading")).to_have_text("Moonsight is not running.")
    expect(page.locator("body")).to_have_css("background-color", "rgb(237, 239, 242)")
    expect(page.locator(".offline")).to_have_css("text-align", "center")
    assert serious_findings(page) == []
    newer = PacedServer("-m", "tests.browser.paced_server", "api.example.com", port=own_server.port)
    newer.start()
    try:
        page.get_by_role("link", name="Try again").click()
        expect(page.locator(".header")).to_contain_text("Pictures go to api.example.com")
        assert page.evaluate(CACHES) == 1
    finally:
        newer.stop()


def test_page_in_the_tab_gives_way_to_a_server_at_the_same_address(
    browser: Browser, tab_folder, visit: Visit
) -> None:
    """It is kept by a worker that answers before any server does; theirs have one address."""
    with served(tab_folder) as host:
        port = int(re.search(r":(\d+)/", host.url)[1])
        page = when_kept(visit(browser, f"http://localhost:{port}/", allow=SERVER_AWAY))
        expect(page.locator("#choosing")).to_be_visible()
    server = PacedServer("-m", "tests.browser.paced_server", port=port)
    server.start()
    try:
        page.reload()
        page.locator("#newer").get_by_role("button", name="Reload").click()
        expect(page.locator("#status")).to_contain_text("moondream2 on the GPU")
        assert page.evaluate(CACHES) == 1
    finally:
        server.stop()
