"""OpenAI's API: a program written for it asks here once its base URL is this one's."""

from dataclasses import replace
from time import time

from flask import Blueprint, Response, jsonify

from protocol.errors import RequestError, Unsupported
from protocol.formats.openai_answer import (
    MODELS_PATH,
    Completion,
    error_payload,
    model_payload,
    models_payload,
)
from protocol.formats.openai_chat import CHAT_PATH, parse_chat
from protocol.upstream import UpstreamParams
from web.exchange import Exchange, error_response, event_stream


def openai_api(exchange: Exchange) -> Blueprint:
    """The routes. A program gets the model that it names where there is such, else the one that is
    here; the answer names it.
    """
    api = Blueprint("openai", __name__)
    opened_at = int(time())

    @api.errorhandler(RequestError)
    def refuse(error: RequestError) -> Response:
        response = error_response(error_payload(error), error)
        if isinstance(error, Unsupported):
            # OpenAI's own client would try again twice.
            response.headers["X-Should-Retry"] = "false"
        return response

    @api.get(MODELS_PATH)
    def list_models() -> Response:
        return jsonify(models_payload(exchange.model.status.models, opened_at))

    @api.get(f"{MODELS_PATH}/<path:name>")
    def tell_model(name: str) -> Response:
        return jsonify(model_payload(exchange.model.status.answering(name), opened_at))

    @api.post(CHAT_PATH)
    def complete() -> Response:
        chat = parse_chat(exchange.read_json(), limits=exchange.limits, **exchange.common())
        model = exchange.model.status.answering(chat.asked.upstream.model)
        answering = exchange.ask(replace(chat.asked, upstream=UpstreamParams(model=model)))
        # Until it was loaded, nobody knew which it would be.
        model = exchange.model.status.answering(model)
        id = f"chatcmpl-{chat.asked.id}"
        completion = Completion(id, int(time()), model, chat.includes_usage)
        if chat.is_streamed:
            return event_stream(completion.stream(answering), answering)
        return jsonify(completion.whole(answering.finished()))

    return api
