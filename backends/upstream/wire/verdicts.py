"""What an answer that is an error means, for the person and for whether to ask again."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil, isfinite

import httpx2

from protocol.errors import Busy, RequestError, UpstreamFailed, UpstreamRefused
from protocol.formats.openai_client import without
from protocol.hosts import parse_origin
from protocol.upstream import KEY_NAME

MAX_RETRY_AFTER_S = 3600.0

# Statuses that pass: too much to do, broken or being loaded, also behind a proxy.
PASSING = (408, 500, 502, 503, 504, 529)

_ABOUT_ABILITIES = re.compile(r"support|mmproj|not implemented", re.IGNORECASE)
_ABOUT_A_MODEL = re.compile(r"\bmodels?\b", re.IGNORECASE)
_ABOUT_A_KEY = re.compile(r"\bkey|auth|token|credential|permission|forbidden", re.IGNORECASE)
_LOADING = re.compile(r"\bload|warming|starting", re.IGNORECASE)


class Again(Exception):
    """An attempt failed, and another may not.

    error: to be told when none is made. after_s: when the server wants to be asked again, where it
    said so. is_loading: it is getting ready.
    """

    def __init__(
        self, error: RequestError, after_s: float | None = None, *, is_loading: bool = False
    ) -> None:
        super().__init__()
        self.error, self.after_s, self.is_loading = error, after_s, is_loading


def judge(
    host: str, status: int, told: str | None, model: str = "", after_s: float | None = None
) -> Exception:
    """What to raise for an error. told: the server's own message, None where it is in no form."""
    match status:
        case 404:
            sentence = _missing(host, told, model)
        case 413:
            sentence = f"{host} takes no picture of this size. Choose a smaller picture."
        case 429:
            return Again(_busy(host, told, after_s), after_s)
        case _ if status in PASSING and not (told and _ABOUT_ABILITIES.search(told)):
            return _may_pass(host, status, told, after_s)
        case _:
            sentence = f"{host} {_answered(status, told)}"
    return UpstreamRefused(sentence, status, told or "")


def is_about_key(status: int, told: str | None) -> bool:
    """Whether an error means the key, and not the place or the words of whoever asks."""
    return status == 401 or (status == 403 and not (told and not _ABOUT_A_KEY.search(told)))


def refuse_key(host: str, status: int, told: str | None, *, has_key: bool) -> UpstreamRefused:
    """What to raise where the key that was sent, or that there is none, is the reason."""
    fault = "The key was refused." if has_key else f"{host} wants a key."
    return UpstreamRefused(f"{fault} Set {KEY_NAME}, start again.", status, told or "")


def refuse_redirect(host: str, location: str, secret: str) -> UpstreamFailed:
    """What to raise for an answer that leads elsewhere. Of where, only the host is told."""
    try:
        url = httpx2.URL(location)
        origin = f"{url.scheme}://{url.netloc.decode('ascii').rpartition('@')[2]}"
        where = without(secret, str(parse_origin(origin)))
    except (httpx2.InvalidURL, ValueError):
        where = "another address"
    return UpstreamFailed(
        f"{host} leads to {where}: redirects are not followed. Start with the address it leads to."
    )


def read_retry_after(value: str | None) -> float | None:
    """Seconds, however a server tells when to ask again; None where it does not say."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S) if isfinite(seconds) else None


def _may_pass(host: str, status: int, told: str | None, after_s: float | None) -> Again:
    is_loading = status == 503 and bool(told and _LOADING.search(told))
    if is_loading:
        error = UpstreamFailed(f"{host} is still loading its model. Ask again soon.", after_s)
        return Again(error, after_s, is_loading=True)
    sentence = f"{host} {_answered(status, told)}"
    if told:
        return Again(UpstreamRefused(sentence, status, told), after_s)
    return Again(UpstreamFailed(sentence, after_s), after_s)


def _missing(host: str, told: str | None, model: str) -> str:
    if told is None or not told:
        return f"{host} has nothing at this address. Is it the right one?"
    if model and _ABOUT_A_MODEL.search(told) and not _ABOUT_ABILITIES.search(told):
        return f"{host} has no model named {model}. Choose another."
    return f"{host} {_answered(404, told)}"


def _busy(host: str, told: str | None, after_s: float | None) -> Busy:
    retry_after_s = max(1, ceil(after_s or 1))
    reason = f": {_ended(told)}" if told else "."
    return Busy(f"{host} takes no more just now{reason} Ask again later.", retry_after_s)


def _answered(status: int, told: str | None) -> str:
    if told:
        return f"refused this: {_ended(told)}" if status < 500 else f"failed: {_ended(told)}"
    return f"answered {status}."


def _ended(told: str) -> str:
    return told if told.endswith((".", "!", "?", "…")) else f"{told}."
