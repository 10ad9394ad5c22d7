"""What each skill asks of a server: a Moonsight is asked for it, all others are talked to."""

from dataclasses import replace
from typing import assert_never

from backends.upstream.skills.asking import Asking
from backends.upstream.skills.check import check
from backends.upstream.skills.choosing import choose
from backends.upstream.skills.native import ask_moonsight
from backends.upstream.skills.places import find
from backends.upstream.skills.writing import write
from backends.upstream.wire.servers import Servers
from engine.sequence import Sequence
from protocol.answer import FinishReason
from protocol.request import (
    CaptionRequest,
    CheckRequest,
    DetectRequest,
    LookRequest,
    PointRequest,
    QueryRequest,
    Request,
)


class Skills:
    """On the model's loop only."""

    def __init__(self, servers: Servers) -> None:
        self._servers, self._asking = servers, Asking(servers)

    async def answer(self, sequence: Sequence) -> FinishReason:
        """Answer one request: tells its pieces and returns why it ended. Raises RequestError."""
        request = self._with_model(sequence.request)
        match request:
            case LookRequest():
                # Nothing is sent before somebody asks.
                return FinishReason.STOP
            case CheckRequest():
                return await check(self._asking, self.answer, sequence)
        if self._servers.is_moonsight(request.upstream.model):
            return await ask_moonsight(self._servers, sequence, request)
        match request:
            case QueryRequest(choices=()) | CaptionRequest():
                return await write(self._asking, sequence, request)
            case QueryRequest():
                return await choose(self._asking, sequence, request)
            case DetectRequest() | PointRequest():
                return await find(self._asking, sequence, request)
            case _:
                assert_never(request)

    def _with_model(self, request: Request) -> Request:
        """The same, with the model that answers it."""
        model = request.upstream.model or self._servers.status.model
        return replace(request, upstream=replace(request.upstream, model=model))
