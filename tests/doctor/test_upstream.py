"""`--check` with a server that answers instead: its test, as lines."""

from collections.abc import Iterator

import pytest

from tests.backends.upstream.chat_server import ChatServer, chat_server, pictures_of, refuses, says
from tests.doctor.running import run_check
from tests.server import free_port


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    with chat_server("gemma") as chat:
        yield chat


def topics(out: str) -> list[str]:
    return [line.removeprefix("FAULT").split()[0] for line in out.splitlines()]


def test_server_that_answers_and_sees_is_enough(chat: ChatServer):
    chat.replies(says("one", " two"), says("Red."), says("Blue."))
    check = run_check("--upstream", chat.url)
    assert (check.code, check.faults, check.err) == (0, [], "")
    asked = ["Upstream", "Server", "Key", "Model", "Pictures", "Words", "Places"]
    assert topics(check.out) == ["Python", "Packages", *asked, "Result"]
    assert f"{chat.host}, where pictures go" in check.out
    assert "Sees pictures: it called the red square red and the blue square blue" in check.out
    assert "Find and Point are left out" in check.out


def test_model_that_sees_nothing_is_a_fault_with_its_remedy(chat: ChatServer):
    told = refuses("image input is not supported")
    chat.reply = lambda body: told if pictures_of(body) else says("one", " two")
    check = run_check("--upstream", chat.url)
    assert check.code == 1
    assert check.faults[0].endswith("It reads text only. Choose a model that sees.")


def test_server_that_is_not_there_is_a_fault_with_its_remedy():
    port = free_port()
    check = run_check("--upstream", f"http://127.0.0.1:{port}")
    assert check.code == 1
    assert f"No answer from 127.0.0.1:{port}. Is it running?" in check.faults[0]


def test_key_is_never_told(chat: ChatServer):
    chat.replies(refuses("Wrong key: sk-secret", 401))
    check = run_check("--upstream", chat.url, MOONSIGHT_UPSTREAM_KEY="sk-secret")
    assert check.code == 1
    assert "The key was refused. Set MOONSIGHT_UPSTREAM_KEY, start again." in check.faults[0]
    assert "sk-secret" not in check.out + check.err
