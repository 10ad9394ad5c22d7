"""One answer as it comes: the words that count, what was thought before them, and why it ended."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from backends.upstream.skills.asking import Asking, WriteBody
from backends.upstream.skills.thinking import Thoughts, without_thoughts
from moondream2.stops import UntilStop
from protocol.answer import FinishReason, Usage
from protocol.errors import UpstreamCut, UpstreamFailed, UpstreamUnreadable
from protocol.formats.openai_answer import LENGTH
from protocol.formats.openai_client import read_delta
from protocol.request import Request

CONTENT_FILTER = "content_filter"
# A token is shorter; who writes more does not count its tokens, and might never end.
MAX_TOKEN_CHARS = 64


class Reply:
    """Reads chunks into words. usage: None until it is told. is_over: nothing more counts."""

    def __init__(self, request: Request) -> None:
        self._model, self._n_left = request.upstream.model, request.sampling.max_tokens
        self._n_left *= MAX_TOKEN_CHARS
        self._thoughts, self._until_stop = Thoughts(), UntilStop(request.sampling.stop)
        self._finish_reason: str | None = None
        self._has_words = False
        self.usage: Usage | None = None

    @property
    def thought(self) -> str:
        """All that was thought so far."""
        return self._thoughts.thought

    @property
    def is_over(self) -> bool:
        return self._until_stop.is_over or self._n_left <= 0

    def push(self, payload: dict[str, Any]) -> str:
        """Take a chunk, or a whole answer; returns the words that it adds, often ""."""
        delta = read_delta(payload)
        self.usage = delta.usage or self.usage
        self._finish_reason = delta.finish_reason or self._finish_reason
        self._thoughts.think(delta.reasoning)
        self._n_left -= len(delta.text)
        return self._kept(self._until_stop.push(self._thoughts.push(delta.text)))

    def finish(self) -> str:
        """The words that were held back, because no more come."""
        held = self._until_stop.push(self._thoughts.finish())
        return self._kept(held + self._until_stop.finish())

    def reason(self) -> FinishReason:
        """Why it ended.

        Raises UpstreamFailed where the server stopped it, UpstreamUnreadable where it has no words.
        """
        is_cut = self._finish_reason == LENGTH or self._n_left <= 0
        if self._finish_reason == CONTENT_FILTER:
            raise UpstreamFailed(
                "The server stopped the answer: its filter does not let this pass. Ask otherwise."
            )
        if not (self._has_words or self._until_stop.is_over):
            raise UpstreamUnreadable(self._why_silent(is_cut))
        return FinishReason.LENGTH if is_cut else FinishReason.STOP

    def _why_silent(self, is_cut: bool) -> str:
        if not self.thought:
            return f"{self._model} answered without a word. Ask again, or choose another model."
        remedy = "Allow it more tokens." if is_cut else "Ask again."
        return f"{self._model} thought, and wrote no answer. {remedy}"

    def _kept(self, words: str) -> str:
        self._has_words = self._has_words or bool(words.strip())
        return words


async def hear(
    asking: Asking, request: Request, write_body: WriteBody, reply: Reply
) -> AsyncGenerator[str, None]:
    """Ask, and yield the answer's words as they come. Raises what `Asking.ask` does."""
    try:
        async with aclosing(asking.ask(request, write_body)) as payloads:
            async for payload in payloads:
                if words := reply.push(payload):
                    yield words
                if reply.is_over:
                    return
    except UpstreamCut:
        # What was held back was written all the same.
        if words := reply.finish():
            yield words
        raise
    if words := reply.finish():
        yield words


async def hear_whole(asking: Asking, request: Request, write_body: WriteBody, reply: Reply) -> str:
    """Ask, and return the whole answer; raises what `hear` and `Reply.reason` do."""
    text = "".join([words async for words in hear(asking, request, write_body, reply)])
    reply.reason()
    return without_thoughts(text)
