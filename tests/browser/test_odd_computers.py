"""What a computer brings along, tables and cookies of its other programs, changes nothing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server, Visit, with_camera
from tests.server import Server as Program
from tests.server import serve


@pytest.fixture
def odd_program(chromium: str, tmp_path) -> Iterator[Program]:
    """The program on a computer that takes scripts and styles for plain text."""
    table = tmp_path / "mime.types"
    table.write_text("text/plain js css svg\n")
    (tmp_path / "sitecustomize.py").write_text(
        f"import mimetypes\nmimetypes.knownfiles.append({str(table)!r})\n"
    )
    with serve("--model", "demo", PYTHONPATH=str(tmp_path)) as program:
        yield program.wait_until_ready()


def assert_answers(page: Page) -> None:
    with_camera(page)
    page.get_by_role("button", name="What colour is the circle?").click()
    expect(page.locator(".card__text")).to_contain_text("red", ignore_case=True)


def test_page_works_where_scripts_are_plain_text_to_the_computer(
    browser: Browser, odd_program: Program, visit: Visit
) -> None:
    """As some Windows registries have it: every script was refused, and the page said nothing."""
    assert_answers(visit(browser, f"http://localhost:{odd_program.port}/"))


def test_page_works_beside_the_cookies_of_other_programs(
    browser: Browser, server: Server, visit: Visit
) -> None:
    """They go to every port of localhost; 9,000 bytes of them made the page an empty one."""
    page = visit(browser, "about:blank")
    crumbs = [f"program-{i}" for i in range(16)]
    page.context.add_cookies(
        [{"name": name, "value": "x" * 3500, "url": server.url} for name in crumbs]
    )
    page.goto(server.url)
    assert_answers(page)
