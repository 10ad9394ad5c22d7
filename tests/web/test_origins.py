"""Whose pages may ask."""

import pytest

from web.origins import Origins

HERE = {"wsgi.url_scheme": "http", "HTTP_HOST": "localhost:5000"}


@pytest.mark.parametrize(
    ("origin", "may_ask"),
    [
        ("http://localhost:5000", True),
        ("http://LOCALHOST:5000", True),
        ("http://cam.example", True),
        ("http://cam.example:80", True),
        ("https://cam.example", False),
        ("http://localhost", False),
        ("http://evil.example", False),
        ("null", False),
        ("", False),
        (None, False),
        ("http://", False),
    ],
)
def test_own_page_and_named_sites_may_ask_and_nobody_else(origin, may_ask):
    assert Origins(["http://cam.example/"]).may_ask(origin, HERE) is may_ask


def test_page_from_a_file_may_ask_when_that_was_named():
    assert Origins(["null"]).may_ask("null", HERE)
    assert Origins(["null"]).is_named("null")


def test_own_page_need_not_be_named():
    assert not Origins([]).is_named("http://localhost:5000")
