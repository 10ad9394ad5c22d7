"""The pages, the health check, and the headers that keep strangers out."""

import json
import os
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path, PurePath
from time import monotonic
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    jsonify,
    render_template,
    send_from_directory,
)

from protocol.alert import Hook
from protocol.formats.page_events import status_payload
from protocol.frame import FrameLimits
from protocol.hosts import parse_host
from protocol.model import Model
from protocol.request import MAX_OBJECT_CHARS, MAX_QUESTION_CHARS
from protocol.status import ModelState
from protocol.upstream import Upstream

# Nothing inline, nothing from elsewhere: what a model writes can never become a script.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # What may be another at any time is asked about each time; what has a version in its address
    # is not, see `PageFiles`.
    "Cache-Control": "no-cache",
}
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


def refuse_foreign_hosts(wsgi_app: Callable, hosts: Collection[str] | None, url: str) -> Callable:
    """Wrap a WSGI app so that it answers to `hosts` only; the port does not matter.

    Another site's name that resolves to this machine would otherwise let that site read answers.
    hosts: as `parse_host` spells them, None for whatever can be one. url: what is right.
    """

    def is_own(host: str | None) -> bool:
        # Only old programs name none, and no browser.
        if host is None:
            return True
        try:
            name = parse_host(host).name
        except ValueError:
            return False
        return hosts is None or name in hosts

    def guarded(environ: dict, start_response: Callable) -> Iterable[bytes]:
        if is_own(environ.get("HTTP_HOST")):
            return wsgi_app(environ, start_response)
        refusal = Response(f"Open this page as {url}\n", 400, mimetype="text/plain")
        return refusal(environ, start_response)

    return guarded


def add_pages(
    app: Flask,
    model: Model,
    limits: FrameLimits,
    hook: Hook | None = None,
    upstream: Upstream | None = None,
) -> None:
    """Serve the pages of one app.

    hook: where the page's alerts go, upstream: where its pictures do, if anywhere.
    """
    pages = Blueprint("pages", __name__)
    facts = {"limits": _limits(limits), "hook": hook, "upstream": upstream}

    files = PageFiles(Path(app.static_folder or ""))

    # Rendering takes 2 ms of the loop, and only the page's files change while the server runs.
    @lru_cache(1)
    def render(version: str) -> str:
        return render_template("index.html", **facts)

    @pages.get("/")
    def index() -> str:
        return render(files.version)

    @app.url_defaults
    def name_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("version", files.version)

    @pages.get("/scenes")
    def scenes() -> str:
        folder = Path(current_app.static_folder or "") / "scenes"
        return render_template(
            "scenes.html", scenes=json.loads((folder / "scenes.json").read_bytes())
        )

    @pages.get("/health")
    def health() -> Response:
        return jsonify(status="ok")

    @pages.get("/healthz")
    def healthz() -> tuple[Response, int]:
        is_ready = model.status.state is ModelState.READY
        return jsonify(status_payload(model.status)), 200 if is_ready else 503

    app.register_blueprint(pages)
    app.after_request(add_headers)
    app.view_functions["static"] = files.send
    app.add_url_rule("/static/v/<version>/<path:filename>", "static")


def _limits(limits: FrameLimits) -> dict[str, int]:
    """What the page must not exceed."""
    return {
        "max_frame_bytes": limits.max_bytes,
        "max_frame_pixels": limits.max_pixels,
        "max_question_chars": MAX_QUESTION_CHARS,
        "max_object_chars": MAX_OBJECT_CHARS,
    }


def add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


class PageFiles:
    """The files that the page loads: a hundred, and a browser that has them asks for none again.

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
        response = send_from_directory(self._folder, filename, mimetype=media_type)
        if version == self.version:
            response.headers["Cache-Control"] = FOREVER
        return response


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
