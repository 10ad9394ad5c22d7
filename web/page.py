"""The pages, the health check, and the headers that keep strangers out."""

import json
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from pathlib import Path

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
from web.page_files import serve_files

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
    goes_to: Upstream | Cluster | None = None,
) -> None:
    """Serve the pages of one app.

    hook: where the page's alerts go, goes_to: where its pictures do, if anywhere.
    """
    pages = Blueprint("pages", __name__)
    facts: dict[str, object] = {"limits": page_limits(limits), "hook": hook, "goes_to": goes_to}
    files = serve_files(app)

    # Rendering takes 2 ms of the loop, and only the page's files change while the server runs.
    @lru_cache(1)
    def render(version: str) -> str:
        return render_template("index.html", **facts)

    @pages.get("/")
    def index() -> str:
        return render(files.version)

    @pages.get("/scenes")
    def scenes() -> str:
        listed = Path(current_app.static_folder or "") / "scenes" / "scenes.json"
        return render_template("scenes.html", scenes=json.loads(listed.read_bytes()))

    @pages.get("/health")
    def health() -> Response:
        return jsonify(status="ok")

    @pages.get("/healthz")
    def healthz() -> tuple[Response, int]:
        is_ready = model.status.state is ModelState.READY
        return jsonify(status_payload(model.status)), 200 if is_ready else 503

    app.register_blueprint(pages)
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
