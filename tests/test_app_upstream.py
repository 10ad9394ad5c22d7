"""What is said in the terminal when another server answers."""

import pytest

from app import key_warning, who_answers
from protocol.upstream import KEY_NAME, Upstream
from settings import Settings
from tests.server import free_port, serve

KEY = {KEY_NAME: "sk-secret"}


@pytest.mark.parametrize(
    ("model", "upstream", "line"),
    [
        (
            "gemma3",
            Upstream(("localhost:11434",), True),
            "gemma3 is ready at localhost:11434 on this computer, where pictures go",
        ),
        (
            "",
            Upstream(("a.example", "b.example"), False),
            "A model is ready at a.example and b.example, where pictures go",
        ),
    ],
)
def test_terminal_says_who_answers_and_where_pictures_go(model, upstream, line):
    assert who_answers(model, upstream) == line


def test_key_that_travels_unencrypted_is_warned_of_and_not_repeated():
    settings = Settings(upstream=("http://192.168.0.7:8000/v1", "https://api.example/v1"))
    warning = key_warning(settings, KEY)
    assert "unencrypted to 192.168.0.7:8000." in warning
    assert KEY[KEY_NAME] not in warning


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("https://api.example/v1", KEY),
        ("http://localhost:8080/v1", KEY),
        ("http://127.0.0.1:8080/v1", KEY),
        ("http://192.168.0.7:8000/v1", {}),
        ("http://192.168.0.7:8000/v1", {KEY_NAME: ""}),
    ],
)
def test_key_that_nobody_can_read_on_its_way_is_not_warned_of(url, environment):
    assert key_warning(Settings(upstream=(url,)), environment) is None


def test_start_warns_before_anything_is_asked():
    # Nobody answers at that address: it is one of those that are kept for documents.
    server = ("--upstream", f"http://192.0.2.1:{free_port()}")
    with serve(*server, **KEY) as started:
        started.stderr.wait_for("unencrypted to 192.0.2.1")
        assert KEY[KEY_NAME] not in started.stderr.text + started.stdout.text
