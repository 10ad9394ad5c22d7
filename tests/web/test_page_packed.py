"""What is the same for everybody is sent in the coding that is liked best, and once."""

import gzip

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from web.page_packed import send_packed

TEXT = "Talk to your camera: " * 100
READERS = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}


@pytest.fixture
def client() -> FlaskClient:
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: send_packed(TEXT, "text/javascript"))
    return app.test_client()


@pytest.mark.parametrize(
    ("liked", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("identity, gzip;q=0.5", None),
        ("gzip;q=0", None),
        ("zstd", None),
        ("identity;q=0", None),
        ("*;q=0", None),
        ("", None),
        (None, None),
    ],
)
def test_text_is_sent_in_the_coding_that_is_liked_best(
    client: FlaskClient, liked: str | None, coding: str | None
):
    answer = client.get("/", headers={} if liked is None else {"Accept-Encoding": liked})
    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding") == coding
    assert READERS[coding](answer.data).decode() == TEXT
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    # Whatever keeps it on the way must not hand it to who cannot read it.
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_browser_that_has_the_text_is_told_so_and_no_other_is(client: FlaskClient):
    liked = {"Accept-Encoding": "br"}
    tag = client.get("/", headers=liked).headers["ETag"]
    again = client.get("/", headers=liked | {"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert (again.headers["ETag"], again.headers["Vary"]) == (tag, "Accept-Encoding")
    other = client.get("/", headers={"Accept-Encoding": "gzip", "If-None-Match": tag})
    assert (other.status_code, gzip.decompress(other.data).decode()) == (200, TEXT)


def test_head_tells_how_long_it_would_be(client: FlaskClient):
    liked = {"Accept-Encoding": "br"}
    answer = client.head("/", headers=liked)
    assert answer.data == b""
    assert (
        answer.headers["Content-Length"] == client.get("/", headers=liked).headers["Content-Length"]
    )


def test_part_of_a_text_is_answered_with_the_whole(client: FlaskClient):
    answer = client.get("/", headers={"Accept-Encoding": "br", "Range": "bytes=0-4"})
    assert (answer.status_code, brotli.decompress(answer.data).decode()) == (200, TEXT)
