"""The files that the page loads, each under an address that changes with them."""

import os
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path, PurePath
from time import monotonic
from typing import Any

from flask import Flask, Response, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from web.page_joined import Joined, join_scripts, join_sheets
from web.page_packed import send_packed

FOREVER = "max-age=31536000, immutable"
# How old an answer to "has anything changed?" may be.
LOOK_EVERY_S = 1.0

# By the end of a file's name, and never as the computer has it: a registry or a table in which .js
# is text/plain makes every script one that browsers refuse.
MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/plain",
    ".mjs": "text/javascript",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
UNKNOWN_MEDIA_TYPE = "application/octet-stream"

# Under their addresses with a version these have in them all that they import. The tools of a
# browser show the files that they were, from the addresses without.
IN_SCRIPT, IN_SHEET = "//# {}\n", "/*# {} */\n"
JOINED = {
    "js/main.js": (join_scripts, IN_SCRIPT),
    "js/looking/darkroom_worker.js": (join_scripts, IN_SCRIPT),
    "css/page.css": (join_sheets, IN_SHEET),
}
MAP = ".map"


class PageFiles:
    """The files that the page loads: as few as can be, and a browser asks for none of them again.

    Each is found under two addresses: a plain one, and one with the version of them all, which the
    page itself uses. After a change to any of them they have another version, so nothing is stale.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._version, self._looked_at = "", -LOOK_EVERY_S

    @property
    def version(self) -> str:
        if monotonic() - self._looked_at >= LOOK_EVERY_S:
            self._version, self._looked_at = _version(self._folder), monotonic()
        return self._version

    def send(self, filename: str, version: str | None = None) -> Response:
        """A file, under a type that does not depend on the computer."""
        media_type = MEDIA_TYPES.get(PurePath(filename).suffix.lower(), UNKNOWN_MEDIA_TYPE)
        if _is_text(media_type):
            is_joined = version is not None and filename.removesuffix(MAP) in JOINED
            text = self._joined(filename) if is_joined else self.read(filename)
            response = send_packed(text, media_type)
        else:
            response = send_from_directory(self._folder, filename, mimetype=media_type)
        if version is not None and version == self.version:
            response.headers["Cache-Control"] = FOREVER
        return response

    def read(self, filename: str) -> str:
        """Raises NotFound, for whatever is outside of the folder, too."""
        path = safe_join(str(self._folder), filename)
        if path is None or not os.path.isfile(path):
            raise NotFound
        return Path(path).read_text(encoding="utf-8")

    def _joined(self, filename: str) -> str:
        entry = filename.removesuffix(MAP)
        joined = _join(self._folder, entry, self.version)
        if filename != entry:
            # Out of the folders that it lies in, and of those that name the version.
            return joined.source_map("../" * (entry.count("/") + 2))
        _, comment = JOINED[entry]
        told = f"sourceMappingURL={PurePath(entry).name}{MAP}"
        return joined.text + comment.format(told)


# version: of what is in the folder.
@lru_cache(2 * len(JOINED))
def _join(folder: Path, entry: str, version: str) -> Joined:
    join, _ = JOINED[entry]
    return join(folder, entry)


def _is_text(media_type: str) -> bool:
    return media_type.startswith("text/") or media_type.endswith(("json", "xml"))


def _version(folder: Path) -> str:
    """Another one after each change to a file of a folder."""
    digest = sha256()
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            # An editor's own files come and go.
            with suppress(FileNotFoundError):
                told = os.stat(os.path.join(parent, name))
                digest.update(f"{parent}/{name} {told.st_mtime_ns} {told.st_size}\n".encode())
    return digest.hexdigest()[:12]


def serve_files(app: Flask) -> PageFiles:
    """Serve an app's static files; `url_for` writes their addresses with the version."""
    files = PageFiles(Path(app.static_folder or ""))

    @app.url_defaults
    def name_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("version", files.version)

    app.view_functions["static"] = files.send
    app.add_url_rule("/static/v/<version>/<path:filename>", "static")
    return files
