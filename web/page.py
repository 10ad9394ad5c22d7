"""The pages, the health check, and the headers that keep strangers out."""

import json
from collections.abc import Callable, Container, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    jsonify,
    render_template,
)

from protocol.alert import Hook
from protocol.formats.page_events import page_limits, status_payload
from protocol.frame import FrameLimits
from protocol.hosts import parse_host
from protocol.model import Model
from protocol.status import Cluster, ModelState
from protocol.upstream import Upstream
from web.page_files import MEDIA_TYPES, PageFiles, serve_files
from web.page_packed import send_packed

HTML = MEDIA_TYPES[".html"]

# Nothing inline, nothing from elsewhere: what a model writes can never become a script.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
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


def refuse_foreign_hosts(wsgi_app: Callable, hosts: Container[str] | None, url: str) -> Callable:
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
    goes_to: Upstream | Cluster | None = None,
    cameras: Sequence[str] = (),
    authority: bytes | None = None,
    is_open: bool = False,
) -> None:
    """Serve the pages of one app.

    hook: where alerts go, goes_to: where pictures do, if anywhere. cameras: names of the network's.
    is_open: to other devices. authority: the certificate that those may trust, PEM, if any.
    """
    pages, files = Blueprint("pages", __name__), serve_files(app)
    facts: dict[str, Any] = {"limits": page_limits(limits), "hook": hook, "goes_to": goes_to}
    facts |= {"cameras": cameras, "is_open": is_open}

    # Rendering takes 2 ms of the loop, and only the page's files change while the server runs.
    @lru_cache(1)
    def render(version: str) -> str:
        return render_template("index.html", **facts)

    @pages.get("/")
    def index() -> Response:
        return send_packed(render(files.version), HTML)

    _add_scenes(pages)
    _add_health(pages, model)
    if authority is not None:
        _add_authority(pages, authority)
    _add_offline_page(pages, files)
    app.register_blueprint(pages)
    app.after_request(add_headers)


def _add_scenes(pages: Blueprint) -> None:
    @pages.get("/scenes")
    def scenes() -> str:
        listed = Path(current_app.static_folder or "") / "scenes" / "scenes.json"
        return render_template("scenes.html", scenes=json.loads(listed.read_bytes()))


def _add_authority(pages: Blueprint, authority: bytes) -> None:
    @pages.get("/authority.crt")
    def give_authority() -> Response:
        return Response(authority, mimetype="application/x-x509-ca-cert")


def _add_health(pages: Blueprint, model: Model) -> None:
    @pages.get("/health")
    def health() -> Response:
        return jsonify(status="ok")

    @pages.get("/healthz")
    def healthz() -> tuple[Response, int]:
        is_ready = model.status.state is ModelState.READY
        return jsonify(status_payload(model.status)), 200 if is_ready else 503


def _add_offline_page(pages: Blueprint, files: PageFiles) -> None:
    """Serve what a browser shows while this server is away, and the script that keeps it there."""

    @pages.get("/offline")
    def offline() -> Response:
        return send_packed(render_template("offline.html"), HTML)

    # Where pages of a folder of `make browser` had this address before, their worker is the script
    # of this very name: this one takes its place.
    @pages.get("/service_worker.js")
    def service_worker() -> Response:
        script = files.read("js/line/service_worker.js")
        named = f'const VERSION = "{files.version}"\n{script}'
        return send_packed(named, MEDIA_TYPES[".js"])


def add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
