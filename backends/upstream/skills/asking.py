"""Chats with any server: what it does not take is left out, and that is remembered."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from backends.upstream.skills.pictures import send_form
from backends.upstream.skills.refusals import (
    is_about_number,
    is_about_pictures,
    refused_field,
)
from backends.upstream.wire.servers import Servers
from protocol.chat import Role
from protocol.errors import Unsupported, UpstreamFailed
from protocol.formats.openai_chat import Message
from protocol.frame import Frame
from protocol.request import Request, Skill
from protocol.tiled import TiledFrame

COMPLETIONS = "/chat/completions"
# As the end of a sentence that tells what is left out.
TEXT_ONLY = "it reads text only"
NEED_PICTURES = (Skill.CAPTION, Skill.DETECT, Skill.POINT)

# Of models, and of what each refused: more than anybody's server has.
MAX_MODELS, MAX_MARKS = 64, 64

# What goes with another field, and what is tried in a field's place.
_WITH = {"logprobs": ("top_logprobs",)}
_INSTEAD = {"max_tokens": "max_completion_tokens"}

# The body that asks about pictures in the form in which they are sent.
WriteBody = Callable[[tuple[Frame, ...]], dict[str, Any]]


class Asking:
    """Asks the servers' models in the chat API. On the model's loop only."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        # Of each model, what it did not take; a dict as a set that keeps its order.
        self._refused: dict[str, dict[str, None]] = {}

    async def ask(
        self, request: Request, write_body: WriteBody
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Ask about a request's pictures; yields what comes, chunk by chunk or as a whole.

        Raises what `Servers.post` does, BadImage, and Unsupported where the model reads text only.
        """
        model = request.upstream.model
        known = self.servers.abilities(model)
        if request.frame is not None and known.sees is False:
            raise _sees_nothing(model)
        is_several = isinstance(request.frame, TiledFrame) and known.sees_several is not False
        pictures = await send_form(request.frame, request.upstream, is_several=is_several)
        has_begun = False
        try:
            async with aclosing(self._ask(model, write_body(pictures))) as payloads:
                async for payload in payloads:
                    has_begun = True
                    yield payload
            return
        except UpstreamFailed as failure:
            if has_begun or not pictures:
                raise
            if len(pictures) == 1 or not is_about_number(failure):
                self._learn_from(failure, model)
                raise
        self.servers.learn(replace(self.servers.abilities(model), sees_several=False))
        # They lie side by side in one from now on.
        async with aclosing(self.ask(request, write_body)) as payloads:
            async for payload in payloads:
                yield payload

    def takes(self, model: str, mark: str) -> bool:
        """Whether something may be worth sending: nobody knows otherwise yet."""
        return mark not in self._refused.get(model, ())

    def leave_out(self, model: str, mark: str) -> None:
        """Send a model no such thing any more. mark: a field, or what `_mark` makes of one."""
        marks = self._refused.pop(model, {})
        self._refused[model] = marks
        marks[mark] = None
        for full, limit in ((self._refused, MAX_MODELS), (marks, MAX_MARKS)):
            if len(full) > limit:
                del full[next(iter(full))]

    def forget(self, model: str) -> None:
        """Try everything anew with a model."""
        self._refused.pop(model, None)

    def _learn_from(self, failure: UpstreamFailed, model: str) -> None:
        """Raises Unsupported if a model that was sent a picture turns out to see none."""
        if is_about_pictures(failure):
            missing = tuple((str(skill), TEXT_ONLY) for skill in NEED_PICTURES)
            known = self.servers.abilities(model)
            self.servers.learn(replace(known, sees=False, missing=missing))
            raise _sees_nothing(model) from failure

    async def _ask(self, model: str, body: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """Ask, again without what is refused; each time with one field fewer."""
        while True:
            sent, has_begun = self._taken(model, body), False
            try:
                async with aclosing(self.servers.post(COMPLETIONS, sent, model)) as payloads:
                    async for payload in payloads:
                        has_begun = True
                        yield payload
                return
            except UpstreamFailed as failure:
                refused = refused_field(failure, sent)
                if has_begun or refused is None:
                    raise
            self.leave_out(model, _mark(refused, sent[refused]))

    def _taken(self, model: str, body: dict[str, Any]) -> dict[str, Any]:
        """A body without what the model did not take before."""
        sent = dict(body)
        for name, value in body.items():
            if self.takes(model, _mark(name, value)):
                continue
            for each in (name, *_WITH.get(name, ())):
                sent.pop(each, None)
            instead = _INSTEAD.get(name)
            if instead is not None and self.takes(model, instead):
                sent[instead] = value
        return sent


def opening(request: Request, text: str, pictures: tuple[Frame, ...]) -> list[Message]:
    """How every chat begins: what the model is told before each question, then what is asked."""
    asked = Message(Role.USER, text, pictures)
    if not request.upstream.instruction:
        return [asked]
    return [Message(Role.SYSTEM, request.upstream.instruction), asked]


def _mark(name: str, value: object) -> str:
    """What is remembered of a field that was refused: of a schema the schema, for others may do."""
    return f"{name} {json.dumps(value)}" if name == "response_format" else name


def _sees_nothing(model: str) -> Unsupported:
    return Unsupported(f"{model} reads text only. Choose a model that sees.")
