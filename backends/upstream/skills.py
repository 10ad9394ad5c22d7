"""What each skill asks of a server, and what comes of its answer."""

from backends.upstream.servers import Servers
from engine.sequence import Sequence
from protocol.answer import FinishReason
from protocol.chat import Role
from protocol.errors import Unsupported
from protocol.formats.openai_answer import LENGTH
from protocol.formats.openai_chat import Message, write_chat
from protocol.formats.openai_client import read_delta
from protocol.pieces import TextDelta
from protocol.request import CaptionRequest, LookRequest, QueryRequest

CAPTIONS = {
    "short": "Describe this picture in one short sentence.",
    "normal": "Describe this picture in a few sentences.",
    "long": "Describe this picture in detail.",
}


class Skills:
    """On the model's loop only."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    async def answer(self, sequence: Sequence) -> FinishReason:
        """Answer one request: tells its pieces and returns why it ended. Raises RequestError."""
        match sequence.request:
            case LookRequest():
                # Nothing is sent before somebody asks.
                return FinishReason.STOP
            case QueryRequest(question=question):
                return await self._write(sequence, question)
            case CaptionRequest(length=length, upstream=upstream):
                return await self._write(sequence, upstream.caption or CAPTIONS[length])
        raise Unsupported("Not yet.")

    async def _write(self, sequence: Sequence, text: str) -> FinishReason:
        request = sequence.request
        pictures = () if request.frame is None else (request.frame,)
        messages = [Message(Role.USER, text, pictures)]
        model = request.upstream.model or self._servers.status.model
        reason = FinishReason.STOP
        body = write_chat(messages, model, request.sampling)
        async for payload in self._servers.post("/chat/completions", body, model):
            delta = read_delta(payload)
            if delta.text:
                sequence.tell(TextDelta(request.id, delta.text))
            if delta.finish_reason == LENGTH:
                reason = FinishReason.LENGTH
            sequence.usage = delta.usage or sequence.usage
        return reason
