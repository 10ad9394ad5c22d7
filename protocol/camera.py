"""Cameras in the network: each was named at the start, with an address that stays on the server."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit

from protocol.hosts import parse_host

MAX_CAMERAS = 16
MAX_NAME_CHARS = 40
SCHEMES = ("rtsp", "rtsps", "http", "https")

# A name may have spaces, an address has none.
_EACH = re.compile(r"[^=]+=\S+|.+", re.DOTALL)
_NOT_IN_A_URL = re.compile(r"[\s\x00-\x1f\x7f]")


@dataclass(frozen=True)
class NamedCamera:
    """A camera, as the page knows it by its name."""

    name: str
    # May hold a password, which belongs into no message.
    url: str = field(repr=False)


class CameraState(StrEnum):
    """How an open camera is."""

    OPENING = "opening"
    LIVE = "live"
    LOST = "lost"


class Trouble(StrEnum):
    """Why a camera is lost."""

    UNANSWERED = "unanswered"
    REFUSED = "refused"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class CameraFrame:
    """What a camera showed. data: a JPEG. taken_at: as `monotonic` counts."""

    data: bytes
    width: int
    height: int
    taken_at: float


@dataclass(frozen=True)
class Sight:
    """How an open camera is at one moment.

    frame: the newest of one that is live. trouble, retry_at: of one that is lost; the latter as
    `monotonic` counts.
    """

    state: CameraState
    frame: CameraFrame | None = None
    trouble: Trouble | None = None
    retry_at: float | None = None


class OpenCamera(Protocol):
    """A camera that is read until it is closed; `sight` is renewed as a whole, from any thread."""

    sight: Sight

    def close(self) -> None:
        """Let go of the camera; returns at once."""


class Cameras(Protocol):
    """The cameras that were named at the start."""

    names: tuple[str, ...]

    def open(self, name: str, on_change: Callable[[], None]) -> OpenCamera:
        """Begin to read one of them; `on_change` is called from any thread for each new sight."""


def parse_camera(text: str) -> NamedCamera:
    """Read NAME=URL. Raises ValueError; what is wrong is not quoted: it may hold a password."""
    name, _, url = text.partition("=")
    name, url = " ".join(name.split()), _with_scheme_spelt(url.strip())
    if not 1 <= len(name) <= MAX_NAME_CHARS or not name.isprintable():
        raise ValueError(
            f"Its name must have 1 to {MAX_NAME_CHARS} characters that can be printed. Write name"
            ' and address as "Front door=rtsp://10.0.0.8/live".'
        )
    if not _is_address(url):
        raise ValueError(
            "What stands behind its = is no camera's address. Write one that begins with rtsp://,"
            ' rtsps://, http:// or https://, as in "Front door=rtsp://user:password@10.0.0.8/live".'
        )
    return NamedCamera(name, url)


def split_cameras(text: str) -> list[str]:
    """The cameras of one variable, behind each other: names may have spaces."""
    return [each.strip() for each in _EACH.findall(text) if each.strip()]


def _with_scheme_spelt(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return scheme.lower() + separator + rest


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        parse_host(parts.netloc.rpartition("@")[2])
    except ValueError:
        return False
    return parts.scheme in SCHEMES and not _NOT_IN_A_URL.search(url)
