"""An error of another server says what happened and what helps, and whether to ask again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from backends.upstream.wire.verdicts import (
    MAX_RETRY_AFTER_S,
    Again,
    is_about_key,
    judge,
    read_retry_after,
    refuse_key,
    refuse_redirect,
)
from protocol.errors import Busy, UpstreamFailed, UpstreamRefused

HOST, KEY = "api.example", "sk-0123456789"
NO_MODEL = "api.example has no model named gemma. Choose another."


@pytest.mark.parametrize(
    ("status", "told", "sentence"),
    [
        (400, "`seed` is unknown", "api.example refused this: `seed` is unknown."),
        (400, None, "api.example answered 400."),
        (404, "The model `gemma` does not exist", NO_MODEL),
        (404, 'model "gemma" not found, try pulling it first', NO_MODEL),
        (404, "Not Found", "api.example refused this: Not Found."),
        (
            404,
            "No model found that supports image input",
            "api.example refused this: No model found that supports image input.",
        ),
        (404, None, "api.example has nothing at this address. Is it the right one?"),
        (413, "Too large", "api.example takes no picture of this size. Choose a smaller picture."),
        (422, "Field required", "api.example refused this: Field required."),
        (
            500,
            "image input is not supported - hint: you may need the mmproj",
            "api.example failed: image input is not supported - hint: you may need the mmproj.",
        ),
        (501, "Not here!", "api.example failed: Not here!"),
        (204, None, "api.example answered 204."),
    ],
)
def test_what_asking_again_would_not_change_is_refused(status: int, told, sentence: str):
    refused = judge(HOST, status, told, "gemma")
    assert isinstance(refused, UpstreamRefused)
    assert (refused.message, refused.status, refused.told) == (sentence, status, told or "")


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 529])
def test_what_may_pass_is_asked_again(status: int):
    again = judge(HOST, status, "It is hot", "gemma", 3.0)
    assert isinstance(again, Again)
    assert (again.after_s, again.is_loading, again.error.told) == (3.0, False, "It is hot")
    assert type(judge(HOST, status, None).error) is UpstreamFailed


def test_model_that_is_being_loaded_is_waited_for():
    again = judge(HOST, 503, "Loading model")
    assert again.is_loading
    assert again.error.message == "api.example is still loading its model. Ask again soon."


@pytest.mark.parametrize(("after_s", "told_s"), [(None, 1), (0.0, 1), (0.2, 1), (7.1, 8)])
def test_server_that_has_too_much_to_do_says_when_to_ask_again(after_s, told_s: int):
    again = judge(HOST, 429, "Slow down", after_s=after_s)
    assert isinstance(again.error, Busy)
    assert again.error.retry_after_s == told_s
    assert again.error.message == (
        "api.example takes no more just now: Slow down. Ask again later."
    )


def test_key_that_was_refused_and_one_that_is_missing_differ():
    remedy = "Set MOONSIGHT_UPSTREAM_KEY, start again."
    refused = refuse_key(HOST, 401, "No.", has_key=True)
    assert refused.message == f"The key was refused. {remedy}"
    assert (refused.status, refused.told) == (401, "No.")
    assert refuse_key(HOST, 403, None, has_key=False).message == (
        f"api.example wants a key. {remedy}"
    )


@pytest.mark.parametrize(
    ("status", "told", "is_so"),
    [
        (401, "Whatever.", True),
        (401, None, True),
        (403, None, True),
        (403, "", True),
        (403, "Your API key has no access", True),
        (403, "Unauthorized", True),
        (403, "Your country is not served", False),
        (403, "The input was flagged", False),
        (400, "Invalid key", False),
    ],
)
def test_refusal_is_about_the_key_where_nothing_else_is_named(status: int, told, is_so: bool):
    assert is_about_key(status, told) is is_so


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("https://other.example/v1/models?key=1", "https://other.example"),
        ("http://other.example:8080/", "http://other.example:8080"),
        ("https://me:secret@other.example/", "https://other.example"),
        ("/v2/models", "another address"),
        ("//other.example/", "another address"),
        ("javascript:alert(1)", "another address"),
        ("https://a b/", "another address"),
        ("https://[::1/", "another address"),
        ("", "another address"),
        (f"https://{KEY}.example/", "https://….example"),
        (f"https://{KEY.upper()}.example/", "https://….example"),
        ("https://" + "x" * 100_000, "another address"),
    ],
)
def test_redirect_is_told_by_its_host_alone(location: str, where: str):
    assert refuse_redirect(HOST, location, KEY).message == (
        f"api.example leads to {where}: redirects are not followed."
        " Start with the address it leads to."
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        ("-7", 0.0),
        ("1e9", MAX_RETRY_AFTER_S),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
def test_time_to_ask_again_is_read_in_seconds(value, seconds):
    assert read_retry_after(value) == seconds


def test_time_to_ask_again_may_be_a_date():
    at = datetime.now(UTC) + timedelta(hours=10)
    assert read_retry_after(format_datetime(at, usegmt=True)) == MAX_RETRY_AFTER_S
