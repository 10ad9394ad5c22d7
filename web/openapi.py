"""The HTTP APIs as one OpenAPI document, for programs at /openapi.json and for people at /programs.

Written once, here, with the numbers that `protocol` checks by; a test compares it with the routes.
"""

from functools import cache
from typing import Any

from flask import Blueprint, Response, jsonify, render_template

from web.openapi_schemas import (
    CHAT,
    COMPLETION,
    ERRORS,
    FILE,
    FLAG,
    HEALTH,
    MODELS,
    PICTURE,
    PREDICTION,
    SCHEMAS,
    SETTINGS,
    SKILLS,
    STATUS,
    STREAM,
    Schema,
    fields,
    of,
    text,
)

# Why each status is answered; which of them an operation may answer stands with it.
STATUSES = {
    400: "The request cannot be read, or asks for what cannot be.",
    401: "A token is asked for, and none came, or a wrong one.",
    403: "Asked by a page of a site that was not named at the start.",
    404: "There is nothing by that name.",
    408: "The body did not arrive in time.",
    409: "No page lets programs look, or its camera gives no picture.",
    413: "The picture or the body is too large.",
    415: "The body is of a kind that is not read here.",
    429: "Too much at once. Retry-After says when to try again, in seconds.",
    500: "Something broke in Moonsight.",
    501: "The model cannot do this.",
    503: "The model cannot answer.",
    504: "The page that lets programs look does not answer.",
}
BUSY = 429
# Said at the door, before anybody knows which API is meant.
UNAUTHORIZED, AT_THE_DOOR = 401, "OpenAI"
ASKING = (400, 401, 403, 408, 413, 415, 429, 500, 501, 503)


def openapi_blueprint() -> Blueprint:
    """Serves the document, and the page that shows it."""
    pages = Blueprint("openapi", __name__)

    @pages.get("/openapi.json")
    def openapi() -> Response:
        return jsonify(document())

    @pages.get("/programs")
    @cache
    def programs() -> str:
        return render_template("programs.html", document=document())

    return pages


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Moonsight",
            "version": "1",
            "description": "A private moondream2 on this computer, behind OpenAI's and Moondream's"
            " APIs. Pictures and questions are neither logged nor stored.",
        },
        "paths": {
            "/v1/chat/completions": {"post": _chat()},
            "/v1/models": {"get": _get("list_models", "The model that answers.", "OpenAI", MODELS)},
            "/v1/models/{model}": {"get": _one_model()},
            **{f"/v1/{name}": {"post": _skill(name)} for name in SKILLS},
            "/v1/segment": {"post": _segment()},
            "/v1/frame": {"get": _frame()},
            "/predict": {"post": _predict()},
            "/health": {"get": _get("health", "Whether the server is up.", "Server", HEALTH)},
            "/healthz": {"get": _healthz()},
            "/metrics": {"get": _metrics()},
            "/openapi.json": {
                "get": _get("openapi", "This document.", "Server", {"type": "object"})
            },
        },
        # Where the server was started with a token.
        "security": [{}, {"token": []}],
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": SCHEMAS,
            "responses": {
                f"{api}{status}": _failure(status, api) for status in STATUSES for api in ERRORS
            },
        },
    }


def _chat() -> Schema:
    told = {**_json(COMPLETION), **STREAM}
    return _post("chat", "Answer a chat, with pictures or without.", "OpenAI", _json(CHAT), told)


def _one_model() -> Schema:
    told = _get("get_model", "A model by its name.", "OpenAI", of("Model"), 404)
    name = {"name": "model", "in": "path", "required": True, "schema": text()}
    return {**told, "parameters": [name]}


def _skill(name: str) -> Schema:
    summary, own, required, result = SKILLS[name]
    own = {**own, "stream": FLAG}
    asked = fields(required, **PICTURE, **own, settings=SETTINGS)
    # A form has texts alone: what is no text in JSON is written as JSON.
    form = fields(required, file=FILE, **{each: text() for each in (*own, "settings")})
    sent = {**_json(asked), "multipart/form-data": {"schema": form}}
    return _post(name, summary, "Moondream", sent, {**_json(result), **STREAM}, 409, 504)


def _segment() -> Schema:
    return {
        "operationId": "segment",
        "summary": "Not offered: moondream2 draws no outlines.",
        "tags": ["Moondream"],
        "responses": _failures("Moondream", 401, 403, 429, 501),
    }


def _frame() -> Schema:
    told = _get(
        "frame", "The newest frame of the page that lets programs look.", "Camera", {}, 409, 504
    )
    picture = {"image/jpeg": {"schema": FILE}}
    told["responses"]["200"] = {"description": "The picture.", "content": picture}
    return told


def _predict() -> Schema:
    sent = {"multipart/form-data": {"schema": fields(("file",), file=FILE)}}
    return _post("predict", "Describe an uploaded picture.", "Upload", sent, _json(PREDICTION))


def _healthz() -> Schema:
    told = _get("healthz", "Whether the model can answer.", "Server", STATUS)
    told["responses"]["503"] = {**told["responses"]["200"], "description": "Not now."}
    return told


def _metrics() -> Schema:
    told = _get("metrics", "Counts and times, for Prometheus.", "Server", {})
    told["responses"]["200"]["content"] = {"text/plain": {"schema": text()}}
    return told


def _get(id: str, summary: str, tag: str, result: Schema, *statuses: int) -> Schema:
    # The server's own pages refuse nobody who has the token.
    refused = (401,) if tag == "Server" else (401, 403, 429, *statuses)
    failing = _failures(_api(tag), *refused)
    told = {"200": {"description": "What was asked for.", "content": _json(result)}}
    return {"operationId": id, "summary": summary, "tags": [tag], "responses": told | failing}


def _post(id: str, summary: str, tag: str, sent: Schema, told: Schema, *statuses: int) -> Schema:
    answers = {"200": {"description": "The answer.", "content": told}}
    return {
        "operationId": id,
        "summary": summary,
        "tags": [tag],
        "requestBody": {"required": True, "content": sent},
        "responses": answers | _failures(_api(tag), *ASKING, *statuses),
    }


def _api(tag: str) -> str:
    """Which API's form the errors of a group have."""
    return tag if tag in ERRORS else "Moondream"


def _failures(api: str, *statuses: int) -> Schema:
    forms = {status: AT_THE_DOOR if status == UNAUTHORIZED else api for status in sorted(statuses)}
    return {
        str(status): {"$ref": f"#/components/responses/{form}{status}"}
        for status, form in forms.items()
    }


def _failure(status: int, api: str) -> Schema:
    told: Schema = {"description": STATUSES[status], "content": _json(of(f"{api}Error"))}
    if status == BUSY:
        told["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return told


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}
