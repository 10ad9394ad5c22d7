"""What leaves this computer: how a client for it is opened, and why a connection failed."""

import logging
import socket
import ssl

import httpx2

from protocol.errors import StartRefused

# At lower levels these repeat what a server sends, which may be what it was sent: a key, say.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)

REFUSED, NOT_REACHED = "refused the connection", "was not reached"

# What opening, asking and reading may raise, and `why` has words for.
FAILURES = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError)


def open_client(
    what: str,
    *,
    is_here: bool,
    headers: dict[str, str],
    credentials: tuple[str, str] | None = None,
    connect_s: float | None = None,
    n_kept: int = 0,
) -> httpx2.AsyncClient:
    """A client for one origin, which follows nobody elsewhere; for one event loop.

    what: it sends, in a sentence: "alert". is_here: whether that is this computer. n_kept: how many
    connections stay open for what comes next. But for connecting, whoever asks bounds the time.
    Raises StartRefused when this computer cannot send.
    """
    try:
        return httpx2.AsyncClient(
            auth=credentials,
            headers={"User-Agent": "Moonsight", **headers},
            timeout=httpx2.Timeout(None, connect=connect_s),
            follow_redirects=False,
            # A proxy knows nobody on this computer.
            trust_env=not is_here,
            verify=httpx2.create_ssl_context(),
            limits=httpx2.Limits(max_keepalive_connections=n_kept),
        )
    except (ImportError, OSError, ValueError, httpx2.InvalidURL) as error:
        raise StartRefused(
            f"No {what} can leave this computer: what its variables say of proxies or certificates"
            " (HTTPS_PROXY, SSL_CERT_FILE and their kin) cannot be used. Correct or unset them."
        ) from error


def why(error: BaseException) -> str:
    """What happened to a connection, behind the name of its host; says nothing of the address."""
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case ssl.SSLCertVerificationError():
                return f"has a certificate that is not trusted: {cause.verify_message}"
            case ssl.SSLError():
                return "opened no safe connection"
            case socket.gaierror():
                return "has no address that is known"
            case ConnectionRefusedError():
                return REFUSED
            case httpx2.ProxyError():
                return "was not reached by the proxy"
        cause = cause.__cause__ or cause.__context__
    is_open = isinstance(error, httpx2.ProtocolError | httpx2.ReadError | httpx2.WriteError)
    return "broke off the connection" if is_open else NOT_REACHED
