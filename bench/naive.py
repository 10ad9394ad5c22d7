"""The obvious design, to compare with: the whole inference runs inside the event handler.

What the original webcam page does, written anew: Flask-SocketIO on eventlet, and a handler that
decodes the picture, asks the network and emits. The network, its checkpoint, the number of torch
threads, the page and the web server are the same as ours; only the place of the work differs. It
also emits `token` events, so that their way can be compared, and answers nobody but the asker.
"""

from base64 import b64decode
from collections.abc import Callable
from functools import cache
from io import BytesIO
from time import monotonic
from typing import Any
from uuid import uuid4

import torch
from flask import Flask, render_template, request
from flask_socketio import SocketIO
from PIL import Image

from backends.loading import read_network
from bench.stamps import PROJECT, Stamps
from checkpoints.checkpoint import parse_model
from moondream2.decoding import run, start
from moondream2.device import choose_device, leave_a_core
from moondream2.network import Input, Network
from moondream2.prompts import Prompts
from moondream2.sampling import Sampling
from moondream2.skills import Skills, Text
from moondream2.tokenizer import Tokenizer
from protocol.formats.page_events import status_payload
from protocol.request import MAX_QUESTION_CHARS, SamplingParams
from protocol.status import ModelState, Status
from settings import Settings


def create_naive_app(settings: Settings, stamps: Stamps) -> Flask:
    """Load the model, then serve the page, `query` and `caption`."""
    # As many threads as ours takes: the design is compared, not their number.
    leave_a_core()
    device, dtype = choose_device(settings.device, settings.dtype)
    found = parse_model(settings.model, settings.revision).find(lambda progress: None)
    network, tokenizer = read_network(settings, found, device, dtype)

    app = Flask(
        __name__, template_folder=str(PROJECT / "templates"), static_folder=str(PROJECT / "static")
    )
    limits = {
        "max_frame_bytes": settings.max_frame_bytes,
        "max_frame_pixels": settings.max_frame_pixels,
        "max_question_chars": MAX_QUESTION_CHARS,
    }
    status = status_payload(Status(ModelState.READY, found.name, device.type))
    app.get("/", endpoint="pages.index")(
        cache(lambda: render_template("index.html", limits=limits))
    )
    # The page links to it; nobody follows.
    app.add_url_rule("/scenes", "pages.scenes", build_only=True)
    app.get("/healthz", endpoint="healthz")(lambda: status)

    socketio = SocketIO(app, async_mode="eventlet")
    handlers = Handlers(network, tokenizer, socketio.emit, stamps)
    socketio.on_event("query", handlers.query)
    socketio.on_event("caption", handlers.caption)
    return app


class Handlers:
    """The event handlers. Each holds the loop from its first line to its last."""

    def __init__(
        self,
        network: Network,
        tokenizer: Tokenizer,
        emit: Callable[..., None],
        stamps: Stamps,
    ) -> None:
        self._network, self._emit, self._stamps = network, emit, stamps
        self._prompts = Prompts(network.config.tokenizer, tokenizer)
        self._skills = Skills(network.config.tokenizer, tokenizer, self._prompts)
        self._cache = network.make_cache(n_rows=1)

    def query(self, payload: dict[str, Any]) -> None:
        self._answer("answer", self._prompts.query(payload["question"]), payload)

    def caption(self, payload: dict[str, Any]) -> None:
        self._answer("caption", self._prompts.caption(payload.get("length", "normal")), payload)

    @torch.inference_mode()
    def _answer(self, key: str, prompt: list[Input], payload: dict[str, Any]) -> None:
        connection: Any = request
        id, words = payload.get("id", uuid4().hex), []
        self._look(payload["image"])
        wanted = payload.get("settings", {}).get("max_tokens", SamplingParams().max_tokens)
        room = self._cache.max_context - self._cache.lengths[0] - len(prompt)
        skill = self._skills.write(prompt, min(wanted, room))
        decoding = start(self._network, skill, 0, Sampling())
        for found in run(self._network, self._cache, decoding):
            if isinstance(found, Text):
                words.append(found.text)
                self._stamps.append((id, monotonic(), len(found.text)))
                self._emit("token", {"id": id, "text": found.text}, to=connection.sid)
        usage = {"completion_tokens": decoding.n_completion_tokens}
        answer = {"id": id, key: "".join(words), "usage": usage}
        self._emit("response", answer, to=connection.sid)

    def _look(self, data_url: str) -> None:
        jpeg = b64decode(data_url.partition(",")[2])
        picture = Image.open(BytesIO(jpeg)).convert("RGB")
        image_tokens = self._network.encode_picture(picture)
        self._network.begin_with_picture(self._cache, 0, image_tokens)
