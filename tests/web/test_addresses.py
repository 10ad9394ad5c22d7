"""Where the page is found, and why it cannot be."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from protocol.errors import StartRefused
from tests.server import free_port
from web.addresses import Opened, open_host, own_hosts

needs_ipv6 = pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6 here")


@contextmanager
def opened(host: str, port: int) -> Iterator[tuple[Opened, set[str]]]:
    """What is open, and the addresses."""
    found = open_host(host, port)
    try:
        yield found, {each.getsockname()[0] for each in found.listeners}
    finally:
        for each in found.listeners:
            each.close()


def reason(host: str, port: int) -> str:
    """Why a host cannot be opened."""
    with pytest.raises(StartRefused) as refused:
        open_host(host, port)
    return refused.value.message


@needs_ipv6
@pytest.mark.parametrize(
    ("host", "addresses", "url"),
    [
        ("127.0.0.1", {"127.0.0.1", "::1"}, "http://localhost:{port}"),
        ("localhost", {"127.0.0.1", "::1"}, "http://localhost:{port}"),
        ("0.0.0.0", {"0.0.0.0", "::1"}, "http://localhost:{port}"),
        ("::", {"::"}, "http://localhost:{port}"),
        ("::1", {"::1"}, "http://[::1]:{port}"),
        ("127.0.0.2", {"127.0.0.2"}, "http://127.0.0.2:{port}"),
    ],
)
def test_localhost_is_both_of_its_addresses_and_others_are_themselves(host, addresses, url):
    port = free_port()
    with opened(host, port) as (found, listening):
        assert listening == addresses
        assert (found.url, found.warning) == (url.format(port=port), None)


@needs_ipv6
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_program_at_the_other_address_of_localhost_is_warned_of_and_not_shown(host):
    """http://localhost opened that program's page, and nothing said so."""
    with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)) as other:
        port = other.getsockname()[1]
        with opened(host, port) as (found, listening):
            assert "::1" not in listening
            assert found.url == f"http://127.0.0.1:{port}"
            assert f"[::1]:{port}" in found.warning


@needs_ipv6
def test_nothing_stays_open_where_one_address_is_taken(monkeypatch):
    both = [(socket.AF_INET6, 1, 6, "", ("::1", 0)), (socket.AF_INET, 1, 6, "", ("127.0.0.1", 0))]
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        found = [(*each[:4], (each[4][0], port)) for each in both]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert "taken" in reason("two.example", port)
        # It would still be taken otherwise.
        socket.create_server(("::1", port), family=socket.AF_INET6).close()


def test_taken_port_is_told_as_that():
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        told = reason("127.0.0.1", port)
    assert "another program" in told
    assert f"--port {port + 1 if port < 65535 else port - 1}" in told


@pytest.mark.parametrize("host", ["10.99.99.99", "2001:db8::1"])
def test_address_of_another_computer_is_told_as_that(host):
    """ "Start with another port" was said of it, which could not help."""
    told = reason(host, free_port())
    assert f"{host} is no address of this computer" in told
    assert "--port" not in told
    assert "--host" in told


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a..b", "x" * 70])
def test_name_that_leads_nowhere_is_told_as_that(host):
    told = reason(host, free_port())
    assert f'"{host}" leads to no address' in told
    assert "--port" not in told


def test_address_that_needs_a_network_is_told_so():
    assert "%" in reason("fe80::1", free_port())


@pytest.mark.parametrize(
    ("code", "port", "words", "not_words"),
    [
        (errno.EACCES, 80, ["may not", "1024", "--port"], []),
        (errno.EPERM, 443, ["may not", "1024", "--port"], []),
        (errno.EACCES, 5000, [os.strerror(errno.EACCES)], ["1024"]),
        (errno.EAFNOSUPPORT, 5000, ["--host 127.0.0.1"], ["--port"]),
        (errno.EMFILE, 5000, [os.strerror(errno.EMFILE)], ["taken"]),
    ],
)
def test_what_the_system_says_is_what_is_told(monkeypatch, code, port, words, not_words):
    def refuse(*_, **__):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(socket, "create_server", refuse)
    told = reason("127.0.0.1", port)
    assert [word for word in words if word not in told] == []
    assert [word for word in not_words if word in told] == []


def test_computer_without_ipv6_opens_what_it_has(monkeypatch):
    really_create = socket.create_server

    def create(address, *, family, **options):
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        return really_create(address, family=family, **options)

    monkeypatch.setattr(socket, "create_server", create)
    port = free_port()
    with opened("127.0.0.1", port) as (found, listening):
        assert listening == {"127.0.0.1"}
        assert (found.url, found.warning) == (f"http://localhost:{port}", None)
    assert "--host 127.0.0.1" in reason("::", port)


def test_own_hosts_are_the_local_ones_and_the_one_that_was_named():
    local = {"localhost", "127.0.0.1", "[::1]"}
    assert own_hosts("127.0.0.1") == local
    assert own_hosts("Cam.Local.") == local | {"cam.local"}
    assert own_hosts("fe80::1%eth0") == local | {"[fe80::1]"}
    assert own_hosts("0.0.0.0") is own_hosts("::") is None
