"""What a server in front of this one may say: at which address, how, and by whom it was asked."""

from collections.abc import Callable, Collection, Iterable
from ipaddress import ip_network

from werkzeug.middleware.proxy_fix import ProxyFix

from web.loop.peers import read_peer


def trust_proxies(wsgi_app: Callable, proxies: Collection[str]) -> Callable:
    """Wrap a WSGI app so that it takes the forwarded headers of these, and of nobody else.

    proxies: addresses, or networks such as 10.0.0.0/8. Of each header the last entry counts, which
    is what the proxy itself has added; the others may be anybody's words.
    """
    if not proxies:
        return wsgi_app
    networks = [ip_network(each, strict=False) for each in proxies]
    fixed = ProxyFix(wsgi_app, x_for=1, x_proto=1, x_host=1)

    def trusting(environ: dict, start_response: Callable) -> Iterable[bytes]:
        address = read_peer(environ["REMOTE_ADDR"])
        is_trusted = any(address in network for network in networks)
        return (fixed if is_trusted else wsgi_app)(environ, start_response)

    return trusting
