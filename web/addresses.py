"""The addresses at which the pages are found: opened, and what the person is told about them."""

import errno
import os
import socket
from dataclasses import dataclass

from protocol.errors import StartRefused
from protocol.hosts import MAX_PORT, parse_host, parse_origin
from web.loop.server import Listener, listen

# Ports below it belong to the administrator on most systems.
FIRST_FREE_PORT = 1024

EVERY_ADDRESS = ("0.0.0.0", "::")
LOOPBACK, LOOPBACK_IPV6 = "127.0.0.1", "::1"
# Whoever listens here is meant by "localhost", too, which is two addresses: browsers try the other
# one first, where another program may listen.
_LOCAL = ("localhost", LOOPBACK, "0.0.0.0")


@dataclass(frozen=True)
class Opened:
    """The doors that are open, the address to type, and what there is to know about it."""

    listeners: list[Listener]
    url: str
    warning: str | None = None


def open_host(host: str, port: int) -> Opened:
    """Open a port on every address that `host` stands for. Raises StartRefused with the remedy."""
    try:
        listeners = listen(LOOPBACK if host == "localhost" else host, port)
    except (OSError, UnicodeError) as error:
        raise StartRefused(_why(error, host, port)) from error
    if host not in _LOCAL:
        return Opened(listeners, page_url(host, port))
    try:
        listeners += listen(LOOPBACK_IPV6, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return Opened(listeners, _url(LOOPBACK, port), _warning(port))
        # There is no IPv6 here, so nobody else can be found at it.
    return Opened(listeners, page_url(host, port))


def own_hosts(host: str, public_url: str = "") -> frozenset[str] | None:
    """The names that a `Host` header may have, in their one spelling; None where all may be.

    public_url: where people find the page, if that is another address; an origin.
    """
    if host in EVERY_ADDRESS:
        return None
    names = ("localhost", LOOPBACK, f"[{LOOPBACK_IPV6}]", _bracketed(host))
    public = {parse_origin(public_url).host} if public_url else set()
    return frozenset(parse_host(name).name for name in names) | public


def page_url(host: str, port: int) -> str:
    """What to type into a browser on this computer."""
    return _url("localhost" if host in (LOOPBACK, *EVERY_ADDRESS) else host, port)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _url(host: str, port: int) -> str:
    return f"http://{_bracketed(host).replace('%', '%25')}:{port}"


def _warning(port: int) -> str:
    return (
        f"Another program has [{LOOPBACK_IPV6}]:{port}, where a browser may look for localhost:"
        f" open {_url(LOOPBACK, port)} instead."
    )


def _why(error: OSError | UnicodeError, host: str, port: int) -> str:
    """Why an address cannot be opened, as far as the system tells it, and what to do."""
    place, here = f"Port {port} on {host}", "--host 127.0.0.1"
    if isinstance(error, UnicodeError | socket.gaierror):
        reason = "" if isinstance(error, UnicodeError) else f" ({error.strerror})"
        return (
            f'"{host}" leads to no address{reason}. Start with {here}, or with another address of'
            " this computer."
        )
    said = os.strerror(error.errno) if error.errno else str(error)
    match error.errno:
        case errno.EADDRINUSE:
            other = port + 1 if port < MAX_PORT else port - 1
            return (
                f"{place} is taken by another program. Stop that one, or start with --port {other}."
            )
        case errno.EADDRNOTAVAIL:
            return (
                f"{host} is no address of this computer. Start with {here} for this computer"
                " alone, or with --host 0.0.0.0 for all of its addresses."
            )
        case errno.EAFNOSUPPORT:
            return f"This computer does not speak the kind of address {host} is. Start with {here}."
        case errno.EACCES | errno.EPERM if port < FIRST_FREE_PORT:
            return (
                f"{place} may not be opened by this user ({said}). Start with a --port from"
                f" {FIRST_FREE_PORT} on, such as --port 5000."
            )
        case errno.EINVAL if host.lower().startswith("fe80:") and "%" not in host:
            return f"{host} needs the name of its network behind it, such as --host {host}%eth0."
    return f"{place} cannot be opened: {said}. Start with another --port or --host."
