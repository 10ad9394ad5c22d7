"""The pages, the health check, and the headers that keep strangers out."""

import json
from collections.abc import Callable, Collection, Iterable
from functools import cache
from pathlib import Path, PurePath

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
    # The page is new with every start; what it loads is revalidated, never stale after an update.
    "Cache-Control": "no-cache",
}


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

    # Rendering takes 2 ms of the loop, and nothing in it changes while the server runs.
    @pages.get("/")
    @cache
    def index() -> str:
        return render_template("index.html", **facts)

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
    app.view_functions["static"] = static_file


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


def static_file(filename: str) -> Response:
    """A file of the page, under a type that does not depend on the computer."""
    media_type = MEDIA_TYPES.get(PurePath(filename).suffix.lower(), UNKNOWN_MEDIA_TYPE)
    return send_from_directory(current_app.static_folder or "", filename, mimetype=media_type)
