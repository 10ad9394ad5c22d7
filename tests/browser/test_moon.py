"""What a browser makes of the moon's path; tests/js has what is worked out without one."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PacedServer

# Sums up what a path fills, point by point, as a part of the whole disc.
LIT_AREA = """async (fraction) => {
  const { litPath } = await import("/static/js/plain/moon.js")
  const context = document.createElement("canvas").getContext("2d")
  const path = new Path2D(litPath(fraction, 1))
  let lit = 0, disc = 0
  for (let x = -1; x <= 1; x += 0.01) for (let y = -1; y <= 1; y += 0.01) {
    if (x * x + y * y > 1) continue
    disc += 1
    if (context.isPointInPath(path, x, y)) lit += 1
  }
  return lit / disc
}"""


@pytest.fixture(scope="module")
def any_page(browser: Browser, paced_server: PacedServer):
    page = browser.new_page()
    page.goto(paced_server.url + "scenes")
    yield page
    page.close()


@pytest.mark.parametrize("fraction", [0, 0.1, 0.37, 0.5, 0.68, 0.9, 1])
def test_lit_part_of_the_moon_is_the_fraction_done(any_page: Page, fraction: float) -> None:
    assert any_page.evaluate(LIT_AREA, fraction) == pytest.approx(fraction, abs=0.02)
