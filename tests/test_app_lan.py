"""The program, open to a network: by TLS from elsewhere, by either here, and by nothing older."""

import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from lan.addresses import find
from tests.server import Server, serve

HALF_OPEN = 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config")


@pytest.fixture(scope="module")
def open_server(checkpoint, folder: Path) -> Iterator[Server]:
    with serve("--lan", "--model", str(checkpoint), XDG_CONFIG_HOME=str(folder)) as server:
        yield server.wait_until_ready()
        token = token_of(server)
        assert server.end() == 0
        assert token not in server.stderr.text
        assert "Traceback" not in server.stderr.text


def token_of(server: Server) -> str:
    found = re.search(r"http://localhost:\d+/\?token=(\S+)", server.stdout.text)
    assert found
    return found[1]


def get(server: Server, url: str, token: str | None = None, folder: Path | None = None) -> int:
    """The status, with nobody's certificate taken but what the folder's authority signed."""
    request = Request(f"{url}/v1/models")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    trusted = str(folder / "moonsight" / "authority.pem") if folder else None
    context = ssl.create_default_context(cafile=trusted)
    # Stricter than any browser.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        with urlopen(request, context=context, timeout=10) as response:
            return response.status
    except HTTPError as error:
        return error.code


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_who_trusts_the_authority_comes_in_by_tls(open_server: Server, folder: Path, host: str):
    url = f"https://{host}:{open_server.port}"
    assert get(open_server, url, token_of(open_server), folder) == 200
    assert get(open_server, url, None, folder) == 401


def test_who_does_not_is_warned(open_server: Server):
    with pytest.raises(OSError, match="certificate verify failed"):
        get(open_server, f"https://127.0.0.1:{open_server.port}", token_of(open_server))


def test_this_computer_may_speak_plainly_and_needs_the_token_too(open_server: Server):
    assert get(open_server, open_server.url, token_of(open_server)) == 200
    assert get(open_server, open_server.url) == 401


def elsewhere() -> str:
    """An address at which other devices would ask, as a socket has it."""
    for address in find().addresses:
        return address
    pytest.skip("This computer is in no network.")


def test_other_devices_come_in_by_tls_and_are_told_so(open_server: Server, folder: Path):
    address = elsewhere()
    host = f"[{address}]" if ":" in address else address
    url = f"https://{host}:{open_server.port}"
    assert get(open_server, url, token_of(open_server), folder) == 200
    with socket.create_connection((address, open_server.port), timeout=10) as plain:
        plain.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        told = plain.makefile("rb").read()
    assert told.startswith(b"HTTP/1.1 400")
    assert b"Open this address with https:// before it." in told


def handshake(server: Server, *options: str) -> str:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", *options]
    ran = subprocess.run(command, input="", capture_output=True, text=True, check=False, timeout=30)
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("name", [["-noservername"], ["-servername", "bank.example"]])
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_handshake_needs_no_name_and_minds_none(
    open_server: Server, folder: Path, version: str, name: list[str]
):
    trusted = ["-CAfile", str(folder / "moonsight" / "authority.pem"), "-verify_return_error"]
    assert "Verify return code: 0 (ok)" in handshake(open_server, version, *trusted, *name)


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_nothing_older_than_tls_1_2_is_spoken(open_server: Server, version: str):
    # Its own limits would be in the way.
    told = handshake(open_server, version, "-cipher", "DEFAULT@SECLEVEL=0")
    assert "alert protocol version" in told


def test_crowd_that_begins_and_never_ends_leaves_room(open_server: Server, folder: Path):
    try:
        address = elsewhere()
    except pytest.skip.Exception:
        address = "127.0.0.1"
    hello = b"\x16\x03\x01\x02\x00"
    crowd = [socket.create_connection((address, open_server.port)) for _ in range(HALF_OPEN)]
    for each in crowd:
        each.sendall(hello)
    assert get(open_server, open_server.url, token_of(open_server)) == 200
    for each in crowd:
        each.close()
    url = f"https://127.0.0.1:{open_server.port}"
    assert get(open_server, url, token_of(open_server), folder) == 200


def test_strangers_noise_ends_without_a_word(open_server: Server):
    for noise in (b"\x16", b"\x16\x03\x01\x00\x05hello", b"\x80\x2e\x01", b"\x00" * 100):
        with socket.create_connection(("127.0.0.1", open_server.port), timeout=15) as stranger:
            stranger.sendall(noise)
            stranger.shutdown(socket.SHUT_WR)
            assert b"HTTP" not in stranger.makefile("rb").read()


def test_name_of_another_site_is_refused(open_server: Server):
    status, _, body = open_server.get("/", Host="evil.example")
    assert (status, body[:18]) == (400, b"Open this page as ")


def test_authority_is_handed_to_whoever_has_the_token(open_server: Server, folder: Path):
    status, headers, body = open_server.get(
        "/authority.crt", Authorization=f"Bearer {token_of(open_server)}"
    )
    assert (status, headers["Content-Type"]) == (200, "application/x-x509-ca-cert")
    assert body.strip() in (folder / "moonsight" / "authority.pem").read_bytes()
    assert b"PRIVATE" not in body
    assert open_server.get("/authority.crt")[0] == 401


def test_same_certificate_is_shown_at_the_next_start(checkpoint, folder: Path):
    shown = []
    for _ in range(2):
        with serve("--lan", "--model", str(checkpoint), XDG_CONFIG_HOME=str(folder)) as server:
            server.wait_until_open()
            shown.append(ssl.get_server_certificate(("127.0.0.1", server.port)))
    assert shown[0] == shown[1]
