"""Moondream's own HTTP API, as its clients ask it: `/v1/query` and the other skills."""

from functools import partial

from flask import Blueprint, Response, jsonify

from protocol.errors import Unsupported
from protocol.formats.moondream_rest import (
    SKILLS,
    answer_payload,
    parse_request,
    stream_lines,
)
from protocol.frame import UNSEEN
from protocol.request import Skill
from web.exchange import Exchange, event_stream
from web.sharing import Sharing
from web.uploads import read_fields


def rest_api(exchange: Exchange, sharing: Sharing) -> Blueprint:
    """`POST /v1/<skill>`; bodies are JSON or forms. sharing: the camera that a page shares."""
    rest = Blueprint("rest", __name__, url_prefix="/v1")
    for skill in SKILLS:
        view = partial(_answer, exchange, sharing, skill)
        rest.add_url_rule(f"/{skill}", skill.value, view, methods=["POST"])
    rest.add_url_rule("/segment", "segment", _segment, methods=["POST"])
    return rest


def _answer(exchange: Exchange, sharing: Sharing, skill: Skill) -> Response:
    fields = read_fields(exchange)
    is_stream = fields.flag("stream")
    asked = parse_request(skill, fields, exchange.limits, **exchange.common())
    ask = exchange.ask if asked.frame is not UNSEEN else partial(sharing.ask, exchange)
    answering = ask(asked)
    status = exchange.model.status
    model = (status.upstream and asked.upstream.model) or status.model
    if is_stream:
        return event_stream(stream_lines(answering, model), answering)
    return jsonify(answer_payload(answering.finished(), model))


def _segment() -> Response:
    raise Unsupported(
        "moondream2 draws no outlines. `/v1/detect` finds a box around each object, `/v1/point` a"
        " point on it."
    )
