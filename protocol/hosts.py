"""Hosts and origins, read before they are compared: one and the same has many spellings.

Every reader raises ValueError with the sentence for the person.
"""

import re
import socket
from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import unquote, urlsplit, urlunsplit

_HOST = re.compile(
    r"(?:\[(?P<address>[^\[\]\s]+)\]|(?P<name>[^\[\]:\s]+))(?::(?P<port>[0-9]{0,5}))?"
)
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[^/?#@]+)/?", re.IGNORECASE)

_NOT_IN_A_URL = re.compile(r"[\s\x00-\x1f\x7f]")

# What a browser never names as the scheme of a page's origin.
_NO_SCHEMES = ("file", "ftp", "ws", "wss")
_PORTS = {"http": 80, "https": 443}

# What people copy along with a base URL: what is asked for there, and Ollama's own API.
_NOT_OF_A_BASE = re.compile(
    r"(/chat/completions|/completions|/responses|/models)?/*$|^/api(/(?!v\d)\w+)?/*$"
)
_VERSION = re.compile(r"/v\d+\w*(/|$)", re.IGNORECASE)
# Where it is not at the root.
_BASES = {"openrouter.ai": "/api"}
# Names of a network at home.
_NEAR = (".local", ".lan", ".home", ".internal", ".localhost", ".home.arpa")

# The origin of every page that is opened from a file, and of every sandbox.
_NULL = "null"
MAX_PORT = 65535

# Where Ray's head listens, and what is deployed there, unless it is said.
CLUSTER_PORT, CLUSTER_NAME = 6379, "moonsight"
_DEPLOYED = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True)
class Host:
    """A host in its one spelling, as `Host` names it: lower case, an IPv6 address in brackets."""

    name: str
    port: int | None = None


@dataclass(frozen=True)
class Origin:
    """Where a page comes from; the port is None for schemes that have no usual one."""

    scheme: str
    host: str
    port: int | None

    def __str__(self) -> str:
        """As browsers write it."""
        if self.scheme == _NULL:
            return _NULL
        is_usual = self.port == _PORTS.get(self.scheme)
        return f"{self.scheme}://{self.host}" + ("" if is_usual else f":{self.port}")


@dataclass(frozen=True)
class WebAddress:
    """Where something is sent. url: without the user and password, which are the credentials.

    host: what may be shown of it, with a port that is not the usual one. is_here: whether that is
    this computer.
    """

    url: str
    host: str
    is_here: bool
    credentials: tuple[str, str] | None = None


@dataclass(frozen=True)
class ClusterAddress:
    """A Ray cluster, and the name of what is deployed there. address: host and port."""

    address: str
    name: str
    is_here: bool

    def __str__(self) -> str:
        return f"{self.address}/{self.name}"


def parse_host(text: str) -> Host:
    """Read what stands in a `Host` header: a name or an address, with or without a port."""
    match = _HOST.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is neither a host name nor an address.')
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 1 <= port <= MAX_PORT:
        raise ValueError(f'"{text}" names no port from 1 to {MAX_PORT}.')
    return Host(_spell_ipv6(match["address"]) if match["address"] else _spell(match["name"]), port)


def parse_address(text: str) -> str:
    """Read what a server can be told to listen on: a name or an address alone, none in brackets."""
    text = text.strip()
    if not text:
        raise ValueError("It is empty. Name an address of this computer, such as 127.0.0.1.")
    if "/" in text:
        raise ValueError(f'"{text}" is a whole URL. Name the host alone, such as 127.0.0.1.')
    try:
        # It keeps the scope, which says on which of this computer's networks.
        return str(IPv6Address(text.removeprefix("[").removesuffix("]")))
    except AddressValueError:
        host = parse_host(text)
    if host.port is not None:
        raise ValueError(f'"{text}" names a port, too. Give that with --port.')
    return host.name.strip("[]")


def parse_origin(text: str) -> Origin:
    """Read what stands in an `Origin` header, or what a person writes for it."""
    if text == "*":
        raise ValueError("* would let every web site ask. Name each one that may.")
    if text == _NULL:
        return Origin(_NULL, "", None)
    match = _ORIGIN.fullmatch(text)
    if match is None or match["scheme"].lower() in _NO_SCHEMES:
        raise ValueError(
            f'"{text}" is no web origin. Write scheme, host and port alone, such as'
            " http://cam.example or http://192.168.0.7:8080."
        )
    scheme, host = match["scheme"].lower(), parse_host(match["host"])
    return Origin(scheme, host.name, host.port or _PORTS.get(scheme))


def parse_public_url(text: str) -> Origin:
    """Read where people find the page, which is at the root of a name."""
    origin = parse_origin(text)
    if origin.scheme not in _PORTS:
        raise ValueError(
            f'"{text}" is no address of a page. Write it as https://moonsight.example.'
        )
    return origin


def parse_network(text: str) -> str:
    """Read an address, or all that begin alike, as 10.0.0.0/8 writes them."""
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        raise ValueError(
            f'"{text}" is no address. Write one such as 10.0.0.5, or a network such as 10.0.0.0/8.'
        ) from None


def parse_hook(text: str) -> WebAddress:
    """Read the URL of a webhook. What is wrong is not quoted: it may hold a password."""
    return _parse_url(text, "http://127.0.0.1:8123/alert")


def parse_upstream(text: str) -> WebAddress:
    """Read the base URL of a server that speaks OpenAI's API, in the ways in which people write it.

    Its url ends with the version, such as /v1, and without a slash.
    """
    text = text.strip()
    if "://" not in text:
        text = f"{_likely_scheme(text)}://{text}"
    address = _parse_url(text, "http://localhost:8080 or https://openrouter.ai/api/v1")
    parts = urlsplit(address.url)
    if address.credentials or "?" in text or "#" in text:
        raise ValueError(
            "It holds more than an address. A key belongs into MOONSIGHT_UPSTREAM_KEY, and nothing"
            " else is needed."
        )
    path = _NOT_OF_A_BASE.sub("", parts.path).rstrip("/")
    if not _VERSION.search(path):
        path = f"{path or _BASES.get(address.host, '')}/v1"
    return replace(address, url=urlunsplit((parts.scheme, parts.netloc, path, "", "")))


def parse_cluster(text: str) -> ClusterAddress:
    """Read where a Ray cluster's head is, with or without port and name of the deployment."""
    where, _, name = text.strip().partition("/")
    name = name or CLUSTER_NAME
    if "://" in text or not _DEPLOYED.fullmatch(name):
        raise ValueError(
            f'"{text}" is no cluster. Write host and port of its head, such as 10.0.0.5:6379, and'
            " behind a / the name of the deployment if it is not moonsight."
        )
    host = parse_host(where)
    return ClusterAddress(f"{host.name}:{host.port or CLUSTER_PORT}", name, _is_loopback(host.name))


def _likely_scheme(text: str) -> str:
    """What goes without saying: a name of the internet is asked safely, what is near is not."""
    try:
        name = parse_host(text.partition("/")[0]).name
    except ValueError:
        return "http"
    is_address = name.startswith("[") or name.replace(".", "").isdigit()
    return "http" if is_address or "." not in name or name.endswith(_NEAR) else "https"


def _parse_url(text: str, example: str) -> WebAddress:
    try:
        if _NOT_IN_A_URL.search(text.strip()):
            raise ValueError
        parts = urlsplit(text.strip())
        user_info, _, host_text = parts.netloc.rpartition("@")
        host = parse_host(host_text)
        if parts.scheme not in _PORTS:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"It is no web address. Write http:// or https://, the host and the path, such as"
            f" {example}."
        ) from None
    is_usual = host.port in (None, _PORTS[parts.scheme])
    shown = host.name if is_usual else f"{host.name}:{host.port}"
    user, _, password = user_info.partition(":")
    return WebAddress(
        urlunsplit((parts.scheme, shown, parts.path or "/", parts.query, "")),
        shown,
        _is_loopback(host.name),
        (unquote(user), unquote(password)) if user_info else None,
    )


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _spell(name: str) -> str:
    try:
        # Reads every spelling that browsers and systems take for an address: 127.1, 0x7f000001.
        return str(IPv4Address(socket.inet_aton(name)))
    except (OSError, ValueError):
        pass
    try:
        spelt = name.removesuffix(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        spelt = ""
    if not _NAME.fullmatch(spelt):
        raise ValueError(f'"{name}" is neither a host name nor an address.')
    return spelt


def _spell_ipv6(text: str) -> str:
    try:
        # A scope says which of this computer's networks is meant and is nothing to compare.
        address = IPv6Address(text.partition("%")[0])
    except AddressValueError:
        raise ValueError(f'"{text}" is no IPv6 address.') from None
    return str(address.ipv4_mapped or f"[{address}]")
