"""A question with a JSON schema is answered by JSON that fits it, over the wire."""

import asyncio
import json

import jsonschema

from tests.protocol.pictures import encoded
from tests.server import connect, over_the_wire

SCHEMA = {
    "type": "object",
    "properties": {
        "colour": {"enum": ["red", "blue"]},
        "cups": {"type": "integer", "minimum": 0, "maximum": 9},
        "full": {"type": "boolean"},
    },
    "required": ["colour", "cups", "full"],
    "additionalProperties": False,
}
QUESTION = {"question": "What is on the desk?", "image": encoded()}


@over_the_wire
async def test_answer_to_a_schema_fits_it_beside_answers_without_one(server):
    settings = {"max_tokens": 60}
    async with connect(server) as anna:
        alone = await anna.ask(**QUESTION, settings=settings)
        bound, *others = await asyncio.gather(
            anna.ask(id="bound", **QUESTION, settings={**settings, "json_schema": SCHEMA}),
            *(anna.ask(**QUESTION, settings=settings) for _ in range(3)),
        )
        told = [payload["text"] for name, payload in anna.story("bound") if name == "token"]
    assert bound["finish_reason"] == "stop"
    assert "".join(told) == bound["answer"]
    jsonschema.validate(json.loads(bound["answer"]), SCHEMA)
    assert [each["answer"] for each in others] == [alone["answer"]] * 3


@over_the_wire
async def test_answer_ends_before_its_stop_text(server):
    async with connect(server) as anna:
        whole = await anna.ask(**QUESTION, settings={"max_tokens": 40})
        stop = whole["answer"][10:14]
        cut = await anna.ask(**QUESTION, settings={"max_tokens": 40, "stop": stop})
    assert cut["answer"] == whole["answer"].partition(stop)[0]
    assert cut["finish_reason"] == "stop"


@over_the_wire
async def test_schema_that_cannot_be_used_is_refused_in_words(server):
    async with connect(server) as anna:
        response = await anna.ask(**QUESTION, settings={"json_schema": {"type": "objekt"}})
    assert response["error"] == {
        "code": "bad_request",
        "message": "The JSON schema cannot be used: Invalid type: objekt.",
    }
