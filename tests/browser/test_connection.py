"""A lost connection loses nothing: not the question, not an answer, and it comes back by itself."""

import signal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SERVER_AWAY, PacedServer, Server, Visit, with_camera


@pytest.fixture
def own_server(chromium: str):
    """A server that the test may end."""
    server = PacedServer("-m", "tests.browser.paced_server")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def visitor(browser: Browser, own_server: PacedServer, visit: Visit) -> Page:
    return with_camera(visit(browser, own_server.url, allow=SERVER_AWAY))


def test_restarted_server_is_found_again_and_everything_is_kept(
    own_server: PacedServer, visitor: Page
) -> None:
    box, log = visitor.get_by_label("Your question"), visitor.get_by_role("log")
    box.fill("What is next to the mug?")
    visitor.keyboard.press("Enter")
    own_server.begin()
    own_server.say("A smooth red")
    expect(log).to_contain_text("A smooth red")
    box.fill("Half a quest")

    # The countdown stands still: the button alone brings the connection back.
    visitor.evaluate("() => { window.setInterval = () => 0 }")
    own_server.stop()
    banner = visitor.get_by_role("complementary", name="Connection")
    expect(banner).to_contain_text("Connection lost.")
    expect(banner).to_contain_text("Your question and every answer are kept.")
    expect(visitor.locator("#status")).to_contain_text("Not connected")
    card = visitor.locator(".card")
    expect(card).to_have_attribute("data-state", "failed")
    expect(card).to_contain_text("A smooth red")
    expect(card).to_contain_text("The answer broke off: connection lost.")
    expect(box).to_have_value("Half a quest")
    visitor.keyboard.press("Enter")
    expect(visitor.locator("#question-note")).to_have_text(
        "You can keep typing. Asking needs a picture and a connection."
    )
    expect(visitor.locator("#announcer")).to_contain_text("You can keep typing.")
    expect(card).to_have_count(1)

    own_server.start()
    banner.get_by_role("button", name="Try now").click()
    expect(banner).to_be_hidden()
    expect(box).to_have_value("Half a quest")
    card.get_by_role("button", name="Ask again").first.click()
    own_server.answer("A red ball.")
    expect(log).to_contain_text("A red ball.")
    box.fill("And now?")
    visitor.keyboard.press("Enter")
    own_server.answer("A mug.")
    expect(log).to_contain_text("A mug.")


def test_page_counts_down_and_reconnects_by_itself(own_server: PacedServer, visitor: Page) -> None:
    own_server.stop()
    banner = visitor.get_by_role("complementary", name="Connection")
    expect(banner).to_contain_text("Trying again in")
    own_server.start()
    expect(banner).to_be_hidden()
    expect(visitor.locator("#status")).to_contain_text("moondream2 on the GPU")


def test_program_that_was_killed_and_started_again_answers_the_open_page(
    browser: Browser, server: Server, visit: Visit
) -> None:
    page = with_camera(visit(browser, server.url, allow=SERVER_AWAY))
    server.stop(signal.SIGKILL)
    expect(page.get_by_role("complementary", name="Connection")).to_be_visible()
    server.start()
    expect(page.locator("#ask")).to_have_attribute("aria-disabled", "false")
    page.get_by_role("button", name="What colour is the circle?").click()
    expect(page.locator(".card__text")).to_contain_text("red", ignore_case=True)
