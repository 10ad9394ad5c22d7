"""Why the hub gave no file: errors told apart by what they are, each with what helps."""

import os
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from huggingface_hub.errors import (
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RevisionNotFoundError,
)

from checkpoints.names import HubCheckpoint, without_password
from checkpoints.surroundings import Access, proxy_to
from moondream2.disk import why_unreadable

# The hub says 401 of what does not exist, too, so that nobody can ask around.
HIDDEN, WANTS_A_PASSWORD, RANGE_NOT_SATISFIABLE = (401, 403, 404), 407, 416
# What the hub's own refusals carry.
ERROR_CODE = "X-Error-Code"

# All that a request to the hub raises when it gets no answer that counts.
NO_ANSWER = (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError)


def why_no_file(
    error: Exception, checkpoint: HubCheckpoint, name: str, endpoint: str, access: Access
) -> str:
    """Say why the hub gave no file, and what helps."""
    repo, revision = checkpoint.repo, checkpoint.revision
    match error:
        case OfflineModeIsEnabled():
            return (
                f"{repo} is not on this computer, and HF_HUB_OFFLINE forbids to fetch it. Start"
                " without HF_HUB_OFFLINE once."
            )
        case RevisionNotFoundError():
            reason = f"{repo} has no revision {revision}. Check --revision."
        case RemoteEntryNotFoundError():
            reason = f"{repo} has no {name} at {revision}. Choose another repository or --revision."
        case HfHubHTTPError():
            reason = _why_refused(error, repo, name, endpoint, access)
        case OSError() if error.filename:
            return why_unreadable(Path(error.filename), error)
        case _:
            reason = why_unreachable(error, endpoint)
    return f"{reason} {access.remark}".rstrip()


def _why_refused(error: HfHubHTTPError, repo: str, name: str, endpoint: str, access: Access) -> str:
    status = error.response.status_code
    if status == WANTS_A_PASSWORD:
        return (
            f"The proxy {proxy_to(endpoint)} asks for a name and a password (status {status}). Put"
            " them into its address: http://name:password@host:port."
        )
    if status == 404 and ERROR_CODE not in error.response.headers:
        return (
            f"What answers at {without_password(endpoint)} is not the Hugging Face hub: it says"
            f" status {status} without a reason.{_check(endpoint)}"
        )
    if status in HIDDEN and access.token is not None:
        return (
            f"The hub shows no repository {repo} with the token in {access.source} (status"
            f" {status}), nor without: it does not exist, or is private or gated. Check the name"
            " and what the token may read."
        )
    if status in HIDDEN:
        return (
            f"The hub shows you no repository {repo} (status {status}): it does not exist, or is"
            " private or gated. Check the name, or set HF_TOKEN to a token that may read it."
        )
    if status == RANGE_NOT_SATISFIABLE:
        return f"{name} of {repo} is shorter than the hub says. Try again later."
    return f"The hub answers with status {status}. Try again later."


def why_unreachable(error: Exception, endpoint: str) -> str:
    """Say who did not answer on the way to the hub, and how."""
    host, proxy = urlsplit(endpoint).netloc.rpartition("@")[2], proxy_to(endpoint)
    who = f"The proxy {proxy}" if proxy else host
    check = " Check the variables that name it." if proxy else _check(endpoint)
    causes = _causes(error)
    for cause in causes:
        match cause:
            case ssl.SSLCertVerificationError():
                return (
                    f"The certificate of {host} is not trusted: {cause.verify_message}. If this"
                    " network has a certificate of its own, set SSL_CERT_FILE to its file."
                )
            case ssl.SSLError():
                reason = (cause.reason or str(cause)).replace("_", " ").lower()
                return f"{host} opens no safe connection: {reason}.{_check(endpoint)}"
            case socket.gaierror():
                name = (proxy or host).partition(":")[0]
                return f"No address is known of {name}: {cause.strerror}.{check}"
            case ConnectionRefusedError():
                return f"{who} refuses the connection.{check}"
            case TimeoutError() | httpx2.TimeoutException():
                return f"{who} does not answer.{check}"
            case httpx2.ProxyError():
                return f"{who} refuses to connect to {host}: {cause}.{check}"
            case OSError() if cause.strerror:
                return f"{who} cannot be reached: {cause.strerror}.{check}"
    return f"{who} answers nothing that can be used: {_line(causes[-1])}.{check}"


def _causes(error: BaseException) -> list[BaseException]:
    """An error and what led to it, the first cause first."""
    causes = [error]
    while (before := causes[0].__cause__ or causes[0].__context__) and before not in causes:
        causes.insert(0, before)
    return causes


def _check(endpoint: str) -> str:
    given = os.environ.get("HF_ENDPOINT")
    if given is None:
        return " Check this computer's network."
    return f" Check HF_ENDPOINT, {without_password(endpoint)}."


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__} {error}".split()).rstrip(". ")[:200]
