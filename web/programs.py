"""The HTTP APIs on the page's port: which there are, who may ask, and what all of them answer."""

from collections.abc import Callable, Iterable
from functools import partial

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from protocol.errors import (
    ForeignOrigin,
    Internal,
    NoSuchPath,
    RequestError,
    WrongMethod,
)
from protocol.formats import openai_answer
from protocol.formats.skills import error_payload
from protocol.frame import FrameLimits
from protocol.model import Model
from web.exchange import Exchange, error_response
from web.loop.calls import Bridge
from web.loop.mailbox import pause
from web.metrics import Metrics
from web.openai import openai_api
from web.openapi import openapi_blueprint
from web.origins import Origins
from web.rest import rest_api
from web.sharing import Sharing, sharing_api
from web.uploads import uploads_api

# What programs ask, and what other sites' pages may read besides when their site was named.
ASKED = ("/v1/", "/predict")
TOLD = (*ASKED, "/health", "/healthz", "/openapi.json")

# Who asks too much is told so after a moment: those who ask again at once, and there are such
# programs, would otherwise take the loop's time from everybody.
BUSY, PATIENCE_S = 429, 0.5

# How long a browser need not ask again whether it may.
PREFLIGHT_S = 600


def add_programs(
    app: Flask,
    model: Model,
    bridge: Bridge,
    limits: FrameLimits,
    origins: Origins,
    metrics: Metrics,
    sharing: Sharing,
) -> None:
    """Serve every HTTP API of one app. sharing: the camera that a page shares."""
    exchange = Exchange(model, bridge, limits, metrics)

    @app.before_request
    def open_request() -> None:
        if not request.path.startswith(ASKED):
            return
        if _is_foreign(origins):
            raise ForeignOrigin(
                "Pages of that site may not ask here. Start Moonsight with --cors-origin and its"
                " origin."
            )
        if request.method != "OPTIONS":
            exchange.open()

    app.after_request(partial(_close, exchange, origins))
    for api in (
        *(openai_api(exchange), rest_api(exchange, sharing), uploads_api(exchange)),
        *(sharing_api(sharing), metrics.blueprint(), openapi_blueprint()),
    ):
        app.register_blueprint(api)
    app.register_error_handler(RequestError, _tell)
    app.register_error_handler(HTTPException, _tell_http)


def _close(exchange: Exchange, origins: Origins, response: Response) -> Response:
    exchange.close(response)
    if response.status_code == BUSY:
        pause(PATIENCE_S)
    if request.path.startswith(TOLD):
        response.headers.setdefault("Cache-Control", "no-store")
        _let_read(response, origins)
    return response


def merge_slashes(wsgi_app: Callable) -> Callable:
    """Wrap a WSGI app so that doubled slashes in a path are one.

    Clients that are given an address with a slash at its end ask for /v1//caption, and do not
    follow where that is moved.
    """

    def merged(environ: dict, start_response: Callable) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if "//" in path:
            environ["PATH_INFO"] = "/" + "/".join(part for part in path.split("/") if part)
        return wsgi_app(environ, start_response)

    return merged


def _is_foreign(origins: Origins) -> bool:
    """Whether a page asks whose site was not named. Who loads a picture names no origin."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")
    return not origins.may_ask(origin, request.environ)


def _let_read(response: Response, origins: Origins) -> None:
    """Let the asking page read an answer, if its site was named at the start."""
    response.headers.add("Vary", "Origin")
    origin = request.headers.get("Origin")
    if not origins.is_named(origin):
        return
    response.headers["Access-Control-Allow-Origin"] = str(origin)
    response.headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-Id"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        wanted = request.headers.get("Access-Control-Request-Headers", "content-type")
        response.headers["Access-Control-Allow-Headers"] = wanted
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_S)
        # Browsers ask so before a site of the internet reaches a computer's own.
        response.headers["Access-Control-Allow-Private-Network"] = "true"


def _tell(error: RequestError) -> Response:
    """What is told where no API was found that has a form of its own."""
    return error_response({"error": error_payload(error)}, error)


def _tell_http(error: HTTPException) -> Response | HTTPException:
    """Flask's own errors, in words that a program can read, where programs ask."""
    if not request.path.startswith(ASKED):
        return error
    told: RequestError
    if error.code == 404:
        told = NoSuchPath(f"There is nothing at this path. {_SEE}")
    elif error.code == 405:
        told = WrongMethod(f"This path is not asked by {request.method}. {_SEE}")
    else:
        told = Internal()
    # Its form holds Moondream's, too, and which API is meant nobody can tell.
    response = error_response(openai_answer.error_payload(told), told)
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


_SEE = "All paths are listed in /openapi.json."
