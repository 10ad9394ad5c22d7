"""What this computer says about the way to the hub: its cache, token, certificates and proxies."""

import logging
import os
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
from huggingface_hub import constants, get_session, get_token
from huggingface_hub.errors import OIDCError

from moondream2.disk import FORBIDDEN, barrier
from protocol.errors import StartRefused

TOKEN_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
# What no token of the hub has in it; an HTTP header could not carry most of it either.
ODD_IN_A_TOKEN = re.compile(r"[^!-~]")

log = logging.getLogger(__name__)


@dataclass
class Access:
    """The token that the hub is asked with. remark: why there is none, though one was given."""

    token: str | None = None
    remark: str = ""

    @property
    def source(self) -> str:
        """Where the token is from, in the person's words."""
        given = [name for name in TOKEN_VARIABLES if os.environ.get(name)]
        return given[0] if given else str(constants.HF_TOKEN_PATH)

    def drop(self, fault: str) -> None:
        """Go on without a token that cannot serve, and say so."""
        self.token, self.remark = None, f"{fault} The hub is asked without it."
        log.warning("%s", self.remark)


def read_access() -> Access:
    """Read the person's token, as huggingface_hub finds it."""
    access = Access()
    if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN:
        return access
    try:
        access.token = get_token()
    except OSError as error:
        access.drop(f"The token in {_blocking(Path(access.source))}: {error.strerror}.")
    except UnicodeDecodeError:
        access.drop(f"{access.source} holds no text, and so no token.")
    except (OIDCError, httpx2.HTTPError) as error:
        reason = " ".join(str(error).partition(". ")[0].split())
        access.drop(f"HF_OIDC_RESOURCE brought no token: {reason.rstrip('.')}.")
    if access.token and (odd := ODD_IN_A_TOKEN.search(access.token)):
        access.drop(f"The token in {access.source} holds {odd[0]!r}, which is in no token.")
    return access


def check_cache(cache: Path) -> None:
    """Raise StartRefused where no file can be put into the cache."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=cache):
            pass
    except OSError as error:
        raise StartRefused(why_cache(cache, error)) from error


def why_cache(cache: Path, error: OSError) -> str:
    """Say why the cache cannot be used, and what helps."""
    blocking = _blocking(cache)
    reason = "it is a file" if blocking.is_file() else error.strerror or type(error).__name__
    who = "" if blocking == cache else f" {blocking}:"
    name = "HF_HUB_CACHE" if os.environ.get("HF_HUB_CACHE") else "HF_HOME"
    remedy = f"Set {name} to a folder of your own"
    if error.errno in FORBIDDEN:
        remedy += ", or change the permissions"
    return f"Nothing can be kept in the cache {cache}:{who} {reason}. {remedy}."


def _blocking(path: Path) -> Path:
    """What is in the way: a folder that may not be entered, else the last that is there."""
    closed = barrier(path)
    if closed != path:
        return closed
    return next(each for each in (path, *path.absolute().parents) if os.path.lexists(each))


def open_session() -> None:
    """Raise StartRefused where this computer's proxies or certificates allow no request at all."""
    try:
        get_session()
    except ImportError as error:
        raise StartRefused(
            f"{_proxy_variables('socks')} names a SOCKS proxy, and the Python package socksio,"
            " which speaks with one, is missing. Run pip install socksio in this environment, or"
            " unset the variable."
        ) from error
    except OSError as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        name = "SSL_CERT_FILE" if os.environ.get("SSL_CERT_FILE") else "SSL_CERT_DIR"
        raise StartRefused(
            f'{name} is "{os.environ.get(name, "")}", where no certificates can be read:'
            f" {str(reason).replace('_', ' ').lower()}. Correct or unset it."
        ) from error
    except (ValueError, httpx2.InvalidURL) as error:
        raise StartRefused(
            f"{_proxy_variables()} names no address of a proxy: that begins with http://, https://"
            " or socks5://. Correct or unset it."
        ) from error


def proxy_to(url: str) -> str | None:
    """The proxy on the way to an address, as host and port without a password."""
    parts, proxies = urlsplit(url), getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return None
    return proxy.rpartition("@")[2].rpartition("//")[2].rstrip("/")


def _proxy_variables(scheme: str = "") -> str:
    """The variables that name a proxy which cannot be used."""
    names = (f"{kind}_PROXY" for kind in ("ALL", "HTTPS", "HTTP"))
    given = {name: os.environ.get(name) or os.environ.get(name.lower()) for name in names}
    named = {name: value.partition("://") for name, value in given.items() if value}
    odd = [
        name
        for name, (kind, separator, _) in named.items()
        if (kind.startswith(scheme) if scheme else separator and kind not in PROXY_SCHEMES)
    ]
    return " or ".join(odd or named) or "This computer's setting"
