"""What one test leaves of a browser is as new for the next."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import HAS_OWN_CLOCK, PacedServer, Visit, with_camera


@pytest.mark.parametrize("turn", ["first", "next"])
def test_clock_that_a_test_has_taken_is_not_that_of_the_next(
    browser: Browser, paced: PacedServer, visit: Visit, turn: str
) -> None:
    """A clock is of a context, and stood still for all tests that got it: none of them ended."""
    page = with_camera(visit(browser, paced.url))
    assert page.evaluate(HAS_OWN_CLOCK), turn
    page.clock.install()
    assert not page.evaluate(HAS_OWN_CLOCK)
