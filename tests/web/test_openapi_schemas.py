"""What the document says can be sent can be sent, and what it excludes is refused."""

import jsonschema
import pytest

from bench.hostile import BODIES
from tests.web.http_client import post
from web.openapi import document


def schema_of(path: str) -> dict:
    """The schema of what is posted to a path, with all that it refers to."""
    content = document()["paths"][path]["post"]["requestBody"]["content"]
    return content["application/json"]["schema"] | {"components": document()["components"]}


@pytest.mark.parametrize("path", BODIES)
def test_what_is_answered_fits_the_document(path, demo_server):
    jsonschema.validate(BODIES[path], schema_of(path))
    answer = post(demo_server, path, BODIES[path])
    assert answer.status == 200
    told = document()["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]
    jsonschema.validate(answer.json, told["schema"] | {"components": document()["components"]})


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/v1/query", {"question": "x" * 2001}),
        ("/v1/query", {"settings": {"max_tokens": 2049}}),
        ("/v1/query", {"settings": {"stop": ["x"] * 5}}),
        ("/v1/query", {"choices": ["one"]}),
        ("/v1/caption", {"length": "endless"}),
        ("/v1/detect", {"object": ""}),
        ("/v1/chat/completions", {"messages": []}),
        ("/v1/chat/completions", {"temperature": 3}),
        ("/v1/chat/completions", {"response_format": {"type": "poem"}}),
    ],
)
def test_what_the_document_excludes_is_refused(path, change, demo_server):
    body = BODIES[path] | change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body, schema_of(path))
    assert post(demo_server, path, body).status == 400
