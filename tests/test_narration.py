"""What is said in the terminal when another server answers, or a cluster."""

import pytest

from narration import key_warning, waits_for, who_answers
from protocol.status import Cluster, ModelState, Status
from protocol.upstream import KEY_NAME, Upstream
from settings import Settings
from tests.server import free_port, serve

KEY = {KEY_NAME: "sk-secret"}


@pytest.mark.parametrize(
    ("model", "others", "line"),
    [
        (
            "gemma3",
            {"upstream": Upstream(("localhost:11434",), True)},
            "gemma3 is ready at localhost:11434 on this computer, where pictures go",
        ),
        (
            "",
            {"upstream": Upstream(("a.example", "b.example"), False)},
            "A model is ready at a.example and b.example, where pictures go",
        ),
        (
            "moondream2",
            {"cluster": Cluster("10.0.0.5:6379", False, True, n_replicas=2)},
            "moondream2, 2 replicas, is ready at 10.0.0.5:6379, where pictures go",
        ),
        (
            "demo",
            {"cluster": Cluster("127.0.0.1:6379", True, True, n_replicas=1)},
            "demo, 1 replica, is ready at 127.0.0.1:6379 on this computer, where pictures go",
        ),
    ],
)
def test_terminal_says_who_answers_and_where_pictures_go(model, others, line):
    assert who_answers(Status(ModelState.READY, model, **others)) == line


@pytest.mark.parametrize(
    ("is_reached", "what"), [(False, "the cluster"), (True, "a replica of the cluster")]
)
def test_terminal_says_what_is_waited_for(is_reached: bool, what: str):
    cluster = Cluster("10.0.0.5:6379", False, is_reached)
    line = waits_for(Status(ModelState.LOADING, "", cluster=cluster))
    assert line == f"Waiting for {what} at 10.0.0.5:6379."


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
