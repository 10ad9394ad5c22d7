"""Why the hub cannot be reached is told by what happened, in real connections."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import pytest

from checkpoints.names import HubCheckpoint
from checkpoints.reasons import NO_ANSWER, why_no_file, why_unreachable
from checkpoints.surroundings import Access

# Names of this kind lead nowhere, by a standard.
NOWHERE = "https://huggingface.invalid"
PROXIES = [f"{kind}_{case}" for kind in ("http", "https", "all") for case in ("proxy",)]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, *map(str.upper, PROXIES), "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


def failure(url: str) -> Exception:
    with httpx2.Client(timeout=2) as client, pytest.raises(NO_ANSWER) as raised:
        client.get(url)
    return raised.value


def told(url: str) -> str:
    return why_unreachable(failure(url), url)


class Handler(BaseHTTPRequestHandler):
    """Forbids to be used as a proxy."""

    def do_CONNECT(self) -> None:
        self.send_error(403, "Forbidden by the company")

    def log_message(self, *args: object) -> None:
        """The terminal belongs to the tests."""


@contextmanager
def listening(certificate: Path | None = None) -> Iterator[int]:
    """A server on a free port, speaking TLS with a certificate if it is given one."""
    server = HTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # A client that hangs up over the certificate must not end the server.
        server.handle_error = lambda request, address: None  # type: ignore[method-assign]
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return closed.getsockname()[1]


def make_certificate(path: Path) -> Path:
    """A certificate that nobody vouches for."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("openssl makes the certificate")
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


def test_certificate_that_nobody_vouches_for_is_told_with_where_to_put_ones_own(tmp_path: Path):
    with listening(make_certificate(tmp_path / "self.pem")) as port:
        sentence = told(f"https://127.0.0.1:{port}")
    assert sentence.startswith(f"The certificate of 127.0.0.1:{port} is not trusted: self-signed")
    assert sentence.endswith("set SSL_CERT_FILE to its file.")


def test_server_without_tls_is_told():
    with listening() as port:
        sentence = told(f"https://127.0.0.1:{port}")
    assert sentence.startswith(f"127.0.0.1:{port} opens no safe connection: wrong version number.")


def test_name_without_an_address_is_told():
    sentence = told(NOWHERE)
    assert sentence.startswith("No address is known of huggingface.invalid: ")
    assert sentence.endswith("Check this computer's network.")


def test_refused_connection_is_told(closed_port: int):
    host = f"127.0.0.1:{closed_port}"
    assert told(f"http://{host}") == (
        f"{host} refuses the connection. Check this computer's network."
    )


def test_address_that_the_person_gave_is_to_be_checked(
    closed_port: int, monkeypatch: pytest.MonkeyPatch
):
    url = f"http://ann:secret@127.0.0.1:{closed_port}"
    monkeypatch.setenv("HF_ENDPOINT", url)
    assert told(url).endswith(f"Check HF_ENDPOINT, http://127.0.0.1:{closed_port}.")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_that_is_not_there_is_told_without_its_password(
    scheme: str, closed_port: int, monkeypatch: pytest.MonkeyPatch
):
    proxy = f"127.0.0.1:{closed_port}"
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", f"http://ann:secret@{proxy}")
    sentence = told(f"{scheme}://huggingface.example")
    assert sentence.startswith(f"The proxy {proxy} refuses the connection.")
    assert "secret" not in sentence


def test_proxy_that_forbids_is_told_with_its_words(monkeypatch: pytest.MonkeyPatch):
    with listening() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        sentence = told("https://huggingface.example")
    assert sentence.startswith(
        f"The proxy 127.0.0.1:{port} refuses to connect to huggingface.example: 403 Forbidden by"
    )


def test_server_that_is_silent_is_told():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with httpx2.Client(timeout=0.2) as client, pytest.raises(NO_ANSWER) as raised:
            client.get(f"http://127.0.0.1:{port}")
    sentence = why_unreachable(raised.value, f"http://127.0.0.1:{port}")
    assert sentence.startswith(f"127.0.0.1:{port} does not answer.")


def test_server_that_speaks_no_http_is_told_with_what_it_was():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

        thread = Thread(target=greet)
        thread.start()
        sentence = told(f"http://127.0.0.1:{port}")
        thread.join()
    assert sentence.startswith(f"127.0.0.1:{port} answers nothing that can be used: ")


def test_file_of_this_computer_is_told_and_not_the_network(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError) as raised:  # noqa: PT011
        (tmp_path / "file" / "token").read_text()
    sentence = why_no_file(raised.value, HubCheckpoint(), "config.json", NOWHERE, Access())
    assert sentence == f"{tmp_path}/file/token cannot be read: Not a directory."


@pytest.mark.skipif(sys.platform != "linux", reason="the words are those of Linux")
def test_network_that_is_not_there_is_told():
    error = httpx2.ConnectError("[Errno 101] Network is unreachable")
    error.__cause__ = OSError(101, "Network is unreachable")
    assert why_unreachable(error, NOWHERE) == (
        "huggingface.invalid cannot be reached: Network is unreachable. Check this computer's"
        " network."
    )
