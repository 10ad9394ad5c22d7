"""What a server answers to while its computer's addresses come and go."""

from threading import Event

import pytest

from lan import network
from lan.addresses import Found
from lan.network import Network
from protocol.errors import StartRefused

HOME = Found(("192.168.1.5", "fd12::5"), ("laptop", "laptop.local"))
WORK = Found(("10.0.0.8",), HOME.names)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    """Take the computer somewhere."""

    def take(found: Found) -> None:
        monkeypatch.setattr(network, "find", lambda: found)

    take(HOME)
    return take


def test_it_answers_to_its_own_names_and_no_other(at):
    hosts = Network(lambda found: None)
    own = "localhost", "127.0.0.1", "[::1]", "192.168.1.5", "[fd12::5]", "laptop", "laptop.local"
    assert all(each in hosts for each in own)
    assert all(each not in hosts for each in ("evil.example", "192.168.1.6", "fd12::5", None))


def test_other_addresses_are_found_and_a_certificate_asked_for(at):
    wanted: list[Found] = []
    hosts = Network(wanted.append)
    assert not hosts.look()
    at(WORK)
    assert hosts.look()
    assert "10.0.0.8" in hosts
    assert "192.168.1.5" not in hosts
    assert wanted == [HOME, HOME, WORK]


def test_it_looks_by_itself_and_tells_until_it_is_closed(at, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(network, "CHECK_S", 0.01)
    hosts, told, is_told = Network(lambda found: None), [], Event()
    hosts.start(lambda found: (told.append(found), is_told.set()))
    at(WORK)
    assert is_told.wait(10)
    hosts.close()
    assert told == [WORK]


def test_certificate_that_cannot_be_renewed_is_logged_and_tried_again(
    at, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(network, "CHECK_S", 0.01)
    n_looks, is_tried_again = 0, Event()

    def renew(found: Found) -> None:
        nonlocal n_looks
        n_looks += 1
        if n_looks == 2:
            raise StartRefused("The disk is full.")
        if n_looks > 2:
            is_tried_again.set()

    hosts = Network(renew)
    hosts.start(lambda found: None)
    assert is_tried_again.wait(10)
    hosts.close()
    assert "The disk is full." in caplog.text
