"""Another Moonsight, asked in Moondream's own API: it can do all that a network of our own can."""

from contextlib import aclosing
from dataclasses import replace

from backends.upstream.skills.pictures import send_form
from backends.upstream.wire.servers import Servers
from engine.sequence import Sequence
from protocol.answer import FinishReason
from protocol.errors import (
    BadImage,
    BadRequest,
    ImageTooLarge,
    RequestError,
    Unsupported,
    UpstreamCut,
    UpstreamRefused,
)
from protocol.formats.moondream_client import path_of, read_told, write_request
from protocol.request import CaptionRequest, QueryRequest, Request
from protocol.upstream import UpstreamParams


async def ask_moonsight(servers: Servers, sequence: Sequence, request: Request) -> FinishReason:
    """Ask for the very request and tell what comes; its `upstream.model` answers.

    Raises what the other Moonsight says is wrong with it.
    """
    for picture in await send_form(request.frame, request.upstream):
        request = replace(request, frame=picture)
    request = _in_its_words(request)
    sequence.decode_ms = sequence.age_ms - (sequence.queue_ms or 0)
    body, model = write_request(request), request.upstream.model
    reason: FinishReason | None = None
    try:
        async with aclosing(servers.post(path_of(request.skill), body, model)) as payloads:
            async for payload in payloads:
                told = read_told(payload, request)
                for piece in told.pieces:
                    sequence.tell(piece)
                if told.reason is not None:
                    reason, sequence.usage = told.reason, told.usage
                    sequence.encode_ms, sequence.prefill_ms = told.encode_ms, told.prefill_ms
    except UpstreamRefused as refused:
        raise _refusal(refused) from refused
    if reason is None:
        raise UpstreamCut("The other Moonsight did not end its answer. Ask again.")
    return reason


def _in_its_words(request: Request) -> Request:
    """The same for a network that is told nothing but its question."""
    params = request.upstream
    request = replace(request, upstream=UpstreamParams(params.model))
    match request:
        case QueryRequest(question=question) if params.instruction:
            return replace(request, question=f"{params.instruction}\n{question}")
        case CaptionRequest(id=id, client=client, arrived_at=arrived_at) if params.caption:
            return QueryRequest(
                id=id,
                client=client,
                arrived_at=arrived_at,
                frame=request.frame,
                sampling=request.sampling,
                upstream=request.upstream,
                question=params.caption,
            )
    return request


def _refusal(refused: UpstreamRefused) -> RequestError:
    """What the other Moonsight refuses, in its own words, which are this one's."""
    if not refused.told:
        return refused
    if refused.status == 400:
        # Only its words tell which of the two it is about.
        is_about_picture = "picture" in refused.told
        return (BadImage if is_about_picture else BadRequest)(refused.told)
    known = {413: ImageTooLarge, 501: Unsupported}.get(refused.status)
    return refused if known is None else known(refused.told)
