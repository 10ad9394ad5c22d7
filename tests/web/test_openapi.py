"""The OpenAPI document tells what there is, and what there is answers as it tells."""

import re
from collections.abc import Iterator

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app import create_app
from settings import Settings
from tests.fakes import ReadyModel
from tests.server import Server
from web.loop.calls import Bridge
from web.openapi import document

# Pages for people, and what they load.
FILES = {"/static/<path:filename>", "/static/v/<version>/<path:filename>"}
FOR_PEOPLE = {"/", "/scenes", "/programs", "/offline", "/service_worker.js", *FILES}
METHODS = {"GET", "POST"}

load_all_checks()
SCHEMA = schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app(Settings(), ReadyModel(), Bridge())


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    """Every path and method that is served to programs."""
    for rule in app.url_map.iter_rules():
        if rule.rule in FOR_PEOPLE:
            continue
        path = re.sub(r"<(?:\w+:)?\w+>", "{}", rule.rule)
        yield from ((path, method.lower()) for method in rule.methods & METHODS)


def test_document_and_routes_are_the_same(app):
    told = {
        (re.sub(r"{\w+}", "{}", path), method)
        for path, operations in document()["paths"].items()
        for method in operations
    }
    assert told == set(routes(app))


def test_every_schema_of_the_document_is_one():
    for operation in (each for path in document()["paths"].values() for each in path.values()):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            jsonschema_rs.validator_for(
                content["schema"] | {"components": document()["components"]}
            )


def test_every_operation_has_a_name_of_its_own():
    names = [each["operationId"] for path in document()["paths"].values() for each in path.values()]
    assert len(names) == len(set(names))


def test_page_shows_every_path_and_loads_nothing_from_elsewhere(app):
    page = app.test_client().get("/programs").text
    assert all(f"<code>{path}</code>" in page for path in document()["paths"])
    assert re.findall(r'<script src="([^"]*)"', page) == re.findall(
        r"/static/\S+/js/theme.js", page
    )
    assert not re.search(r"(?:src|href)=\"https?:", page)


@SCHEMA.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_whatever_the_document_allows_is_answered_as_it_tells(case: Case, demo_server: Server):
    case.call_and_validate(
        base_url=demo_server.url,
        checks=[
            status_code_conformance,
            content_type_conformance,
            response_headers_conformance,
            response_schema_conformance,
        ],
    )
