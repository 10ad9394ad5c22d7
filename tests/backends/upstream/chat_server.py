"""A server with a model that says what a test wants, in OpenAI's API."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from backends.upstream.skills.pictures import send_form
from protocol.answer import AnswerEvent, Started, Waiting
from protocol.frame import Frame
from protocol.model import Model as Backend
from protocol.request import Skill
from protocol.upstream import UpstreamParams
from tests.fakes import Inbox, make_request

Body = dict[str, Any]
# A status and a body, or the chunks of a stream, which breaks off behind a None.
Reply = tuple[int, Body] | list[Body | None]

MODEL = "gemma-3-4b-it"


def says(*words: str, reason: str | None = "stop", **fields: Any) -> list[Body]:
    """A stream that says these words."""
    chunks = [{"delta": {"content": each}} for each in words]
    end = {"delta": {}, "finish_reason": reason}
    usage = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": len(words)}}
    return [*({"choices": [each]} for each in [*chunks, end]), usage | fields]


def thinks(*thoughts: str, then: list[Body]) -> list[Body]:
    """A stream that has thoughts of its own before what it says."""
    return [{"choices": [{"delta": {"reasoning_content": each}}]} for each in thoughts] + then


def answers(text: str, **choice: Any) -> tuple[int, Body]:
    """A whole answer. choice: besides, such as its log probabilities."""
    message = {"role": "assistant", "content": text}
    return 200, {"choices": [{"message": message, "finish_reason": "stop", **choice}]}


def likely(**tokens: float) -> Body:
    """The log probabilities of an answer's first token."""
    top = [{"token": token, "logprob": each} for token, each in tokens.items()]
    return {"content": [{**top[0], "top_logprobs": top}]}


def refuses(told: str, status: int = 400) -> tuple[int, Body]:
    return status, {"error": {"message": told, "type": "invalid_request_error"}}


class ChatServer:
    """bodies: what it was asked. reply: makes an answer of a body. is_open: else it breaks off."""

    def __init__(self, url: str, models: tuple[str, ...]) -> None:
        self.url, self.models = url, models
        self.host = url.removeprefix("http://")
        self.bodies: list[Body] = []
        self.is_open = True
        self.reply: Callable[[Body], Reply] = lambda body: says("A ", "mug.")

    def replies(self, *replies: Reply) -> None:
        """Answer with these, one after the other; the last again and again."""
        left = list(replies)
        self.reply = lambda body: left.pop(0) if len(left) > 1 else left[0]

    @property
    def asked(self) -> str:
        """The text of the last question."""
        return texts_of(self.bodies[-1])[-1]


def texts_of(body: Body) -> list[str]:
    """What each message of a chat says."""
    contents = [message["content"] for message in body["messages"]]
    return [each if isinstance(each, str) else each[-1]["text"] for each in contents]


def as_sent(frame: Frame, params: UpstreamParams) -> Frame:
    """A picture in the form in which servers get it."""
    (sent,) = asyncio.run(send_form(frame, params))
    return sent


def pictures_of(body: Body) -> list[str]:
    """The data URLs of a chat's first question."""
    content = next(each["content"] for each in body["messages"] if each["role"] == "user")
    return [] if isinstance(content, str) else [part["image_url"]["url"] for part in content[:-1]]


def hear(backend: Backend, skill: Skill = Skill.QUERY, **fields: Any) -> list[AnswerEvent]:
    """Ask, and return all that happens from the first piece to the end."""
    inbox = Inbox()
    backend.submit(make_request(skill=skill, **fields), inbox.put)
    return [event for event in inbox.until_finished() if not isinstance(event, Started | Waiting)]


@contextmanager
def chat_server(*models: str) -> Iterator[ChatServer]:
    """A server on a port of its own."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = ChatServer(f"http://127.0.0.1:{http.server_port}", models or (MODEL,))
    http.chat = server  # type: ignore[attr-defined]
    thread = Thread(target=http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not self._chat.is_open:
            self.close_connection = True
            return
        listed = [{"id": each, "owned_by": "somebody"} for each in self._chat.models]
        self._send_json(200, {"data": listed})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._chat.bodies.append(body)
        reply = self._chat.reply(body)
        if isinstance(reply, tuple):
            self._send_json(*reply)
            return
        lines = [f"data: {json.dumps(each)}\n\n" for each in reply if each is not None]
        end = [] if reply[-1] is None else ["data: [DONE]\n\n"]
        self._send(200, "text/event-stream", "".join(lines + end))

    @property
    def _chat(self) -> ChatServer:
        return self.server.chat  # type: ignore[attr-defined]

    def _send_json(self, status: int, body: Body) -> None:
        self._send(status, "application/json", json.dumps(body))

    def _send(self, status: int, kind: str, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *values: object) -> None:
        pass
