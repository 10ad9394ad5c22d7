"""What a hub, a repository and a revision can be called; known without the hub's own library."""

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from protocol.errors import StartRefused

MOONDREAM2, PUBLISHED = "vikhyatk/moondream2", "2025-06-21"
MAX_REVISION_PARTS = 3

# Stricter than huggingface_hub, whose own refusals are written for programmers.
NAME = re.compile(r"(?!.*(?:\.\.|--|\.git$))[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?")


@dataclass(frozen=True)
class HubCheckpoint:
    """One revision of one repository. Raises StartRefused for names that no hub can have."""

    repo: str = MOONDREAM2
    revision: str = PUBLISHED

    def __post_init__(self) -> None:
        owner, _, name = self.repo.partition("/")
        if not (NAME.fullmatch(owner) and NAME.fullmatch(name)):
            raise StartRefused(
                f'"{self.repo[:100]}" is neither a folder nor a repository of the hub. Name a'
                f" checkpoint folder, or a repository such as {MOONDREAM2}."
            )
        parts = self.revision.split("/")
        if len(parts) > MAX_REVISION_PARTS or not all(map(NAME.fullmatch, parts)):
            raise StartRefused(
                f'"{self.revision[:100]}" is not a revision. Name a tag, a branch or a commit, such'
                f" as --revision {PUBLISHED}."
            )


STARMIE = HubCheckpoint("moondream/starmie-v1", "main")


def check_endpoint(endpoint: str | None) -> None:
    """Raise StartRefused for an HF_ENDPOINT that is no address of a hub.

    To be asked first: huggingface_hub breaks off its import over some of them.
    """
    if endpoint is None:
        return
    try:
        parts = urlsplit(endpoint)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        # Reading a port raises ValueError for one that cannot be.
        is_address = is_address and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise StartRefused(
            f'HF_ENDPOINT is "{without_password(endpoint)[:100]}", no address of a hub: those look'
            " like https://huggingface.co. Correct or unset it."
        )


def without_password(url: str) -> str:
    """An address as it may be shown."""
    return re.sub(r"[^/]*@", "", url)


def check_variables() -> None:
    """Raise StartRefused for a variable that huggingface_hub cannot be imported with."""
    check_endpoint(os.environ.get("HF_ENDPOINT"))
    for name in ("HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT"):
        if not (value := os.environ.get(name, "1")).strip().isdecimal():
            raise StartRefused(
                f'{name} is "{value[:100]}", not a whole number of seconds. Correct or unset it.'
            )
