"""A connection that fails says why, and nothing of what was to be sent."""

import socket
import ssl

import httpx2
import pytest

from outgoing import open_client, why
from protocol.errors import StartRefused


def caused_by(cause: Exception, error: Exception | None = None) -> Exception:
    error = error or httpx2.ConnectError("https://me:secret@hooks.example")
    error.__cause__ = cause
    return error


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            caused_by(untrusted()),
            "has a certificate that is not trusted: self-signed certificate",
        ),
        (caused_by(ssl.SSLError(1, "wrong version")), "opened no safe connection"),
        (caused_by(socket.gaierror(8, "unknown")), "has no address that is known"),
        (caused_by(ConnectionRefusedError()), "refused the connection"),
        (httpx2.ProxyError("me:secret"), "was not reached by the proxy"),
        (httpx2.RemoteProtocolError("secret"), "broke off the connection"),
        (httpx2.ReadError("secret"), "broke off the connection"),
        (httpx2.ConnectTimeout("secret"), "was not reached"),
        (OSError("secret"), "was not reached"),
    ],
)
def test_connection_that_failed_says_why(error: Exception, words: str):
    assert why(error) == words


@pytest.mark.parametrize(
    ("name", "value"), [("HTTPS_PROXY", "gopher://127.0.0.1"), ("SSL_CERT_FILE", "/no/such/file")]
)
def test_computer_that_cannot_send_says_what_to_correct(monkeypatch, name: str, value: str):
    monkeypatch.setenv(name, value)
    with pytest.raises(StartRefused, match=r"No picture can leave this computer.*HTTPS_PROXY"):
        open_client("picture", is_here=False, headers={})


def test_proxy_is_no_matter_for_this_computer(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "gopher://127.0.0.1")
    assert open_client("picture", is_here=True, headers={}).trust_env is False
