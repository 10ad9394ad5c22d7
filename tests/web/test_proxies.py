"""Whose forwarded headers are believed."""

import pytest
from werkzeug.test import create_environ
from werkzeug.wrappers import Request, Response

from web.proxies import trust_proxies

FORWARDED = {
    "X-Forwarded-For": "6.6.6.6, 192.0.2.7",
    "X-Forwarded-Proto": "http, https",
    "X-Forwarded-Host": "evil.example, cam.example",
}
OWN = ("10.0.0.5", "http", "localhost:5000")
TOLD = ("192.0.2.7", "https", "cam.example")


def seen(address: str, *proxies: str) -> tuple[str, str, str]:
    """By whom, how and where an app is asked, when it was asked through somebody at an address."""
    told: list[tuple[str, str, str]] = []

    def app(environ: dict, start_response: object) -> object:
        request = Request(environ)
        told.append((request.remote_addr or "", request.scheme, request.host))
        return Response()(environ, start_response)

    environ = create_environ("/", "http://localhost:5000", headers=FORWARDED)
    trust_proxies(app, proxies)(environ | {"REMOTE_ADDR": address}, lambda *_: None)
    return told[0]


@pytest.mark.parametrize("proxy", ["10.0.0.5", "10.0.0.0/8", "0.0.0.0/0"])
@pytest.mark.parametrize("address", ["10.0.0.5", "::ffff:10.0.0.5"])
def test_last_word_of_a_trusted_proxy_is_believed(proxy: str, address: str):
    assert seen(address, "192.168.0.1", proxy) == TOLD


@pytest.mark.parametrize("proxies", [(), ("10.0.0.6",), ("::/0",), ("11.0.0.0/8",)])
def test_nobody_else_is(proxies: tuple[str, ...]):
    assert seen("10.0.0.5", *proxies) == OWN


def test_proxy_may_be_on_a_network_of_the_newer_kind():
    assert seen("fe80::1%eth0", "fe80::/10") == TOLD
