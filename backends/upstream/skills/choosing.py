"""One of some answers, over a chat: by how likely each is, where the server tells, else by asking.

What is compared is the first token alone: so choices that begin alike are asked for by a letter.
"""

import json
import re
from contextlib import aclosing
from dataclasses import replace
from math import exp
from typing import Any

from backends.upstream.skills.asking import Asking, opening
from backends.upstream.skills.loose_json import find_json, show
from backends.upstream.skills.reply import Reply, hear_whole
from backends.upstream.skills.words import one_letter_of, one_of, with_letters, with_places
from engine.sequence import Sequence
from protocol.answer import FinishReason
from protocol.choices import spellings
from protocol.errors import UpstreamUnreadable
from protocol.formats.openai_chat import write_chat
from protocol.formats.openai_client import read_delta
from protocol.frame import Frame
from protocol.pieces import Chosen
from protocol.request import QueryRequest, SamplingParams
from protocol.tiled import LETTERS

LOGPROBS = "logprobs"
# The first that says something is compared.
COMPARED_TOKENS, MAX_LIKELIEST, MIN_LIKELIEST = 4, 20, 2
# Where the choices have less than this of all that might be said, something else is being said.
MIN_SHARE = 0.05


async def choose(asking: Asking, sequence: Sequence, request: QueryRequest) -> FinishReason:
    """Tell the chosen answer, with probabilities where they can be known.

    Raises UpstreamUnreadable when the answer is none of the choices.
    """
    names = names_of(request.choices)
    model = request.upstream.model
    shares = None
    if asking.takes(model, LOGPROBS):
        shares = await _compare(asking, sequence, request, names)
    if shares is not None:
        likeliest = max(range(len(shares)), key=shares.__getitem__)
        sequence.tell(Chosen(request.id, request.choices[likeliest], tuple(shares)))
        return FinishReason.STOP
    reply = Reply(request)
    text = await hear_whole(asking, request, lambda each: _asked(request, each), reply)
    sequence.usage = reply.usage or sequence.usage
    chosen = match(text, request.choices)
    if chosen is None:
        raise UpstreamUnreadable(f"{model} answered none of the choices: {show(text)}")
    sequence.tell(Chosen(request.id, chosen, ()))
    return FinishReason.STOP


def names_of(choices: tuple[str, ...]) -> tuple[str, ...]:
    """What each choice is asked for by: itself, or a letter where two begin with the same."""
    beginnings = {choice.strip()[0].casefold() for choice in choices}
    return choices if len(beginnings) == len(choices) else tuple(LETTERS[: len(choices)])


def shares_of(likeliest: dict[str, float], names: tuple[str, ...]) -> list[float] | None:
    """How likely each name is beside the others, from log probabilities of the first token.

    None where the model is about to say something else.
    """
    masses = [0.0] * len(names)
    for token, log_probability in likeliest.items():
        begun = token.strip().strip("\"'*`(").casefold()
        for index, name in enumerate(names):
            whole = name.strip().casefold()
            if begun and (whole.startswith(begun) or _begins(begun, whole)):
                masses[index] += exp(log_probability)
    total = sum(masses)
    return None if total < MIN_SHARE else [mass / total for mass in masses]


def match(text: str, choices: tuple[str, ...]) -> str | None:
    """Which of the choices an answer is: it may be JSON, or begin with one, or hold only one."""
    text = _answer_of(text).strip().strip("\"'*`")
    for choice in sorted(choices, key=len, reverse=True):
        if any(_begins(text, each) for each in spellings(choice)):
            return choice
    folded = text.casefold()
    held = [each for each in choices if _holds(folded, each.strip().casefold())]
    return held[0] if len(held) == 1 else None


async def _compare(
    asking: Asking, sequence: Sequence, request: QueryRequest, names: tuple[str, ...]
) -> list[float] | None:
    """Each choice's share; None where the server does not tell it."""
    likeliest: dict[str, float] = {}
    answer = asking.ask(request, lambda each: _compared(request, names, each))
    async with aclosing(answer) as payloads:
        async for payload in payloads:
            delta = read_delta(payload)
            likeliest = likeliest or dict(delta.top)
            sequence.usage = delta.usage or sequence.usage
    # One alone says nothing of the others.
    if len(likeliest) < MIN_LIKELIEST:
        asking.leave_out(request.upstream.model, LOGPROBS)
        return None
    return shares_of(likeliest, names)


def _compared(
    request: QueryRequest, names: tuple[str, ...], pictures: tuple[Frame, ...]
) -> dict[str, Any]:
    ask = one_of if names == request.choices else one_letter_of
    body = _body(request, ask(request.question, request.choices), pictures)
    # As one body: what is compared is there at once.
    for name in ("stream", "stream_options"):
        del body[name]
    likeliest = {LOGPROBS: True, "top_logprobs": MAX_LIKELIEST}
    return body | {"max_tokens": COMPARED_TOKENS, "temperature": 0.0} | likeliest


def _asked(request: QueryRequest, pictures: tuple[Frame, ...]) -> dict[str, Any]:
    answer = {"type": "string", "enum": list(request.choices)}
    schema = {"type": "object", "properties": {"answer": answer}, "required": ["answer"]}
    return _body(
        request,
        one_of(request.question, request.choices),
        pictures,
        json.dumps(schema | {"additionalProperties": False}),
    )


def _body(
    request: QueryRequest,
    question: str,
    pictures: tuple[Frame, ...],
    json_schema: str | None = None,
) -> dict[str, Any]:
    text = with_letters(with_places(question, request.spatial_refs), len(pictures))
    messages = opening(request, text, pictures)
    # Choices are compared as they are: sampling does not reach them.
    sampling = replace(SamplingParams(), max_tokens=request.sampling.max_tokens)
    return write_chat(messages, request.upstream.model, sampling, json_schema=json_schema)


def _answer_of(text: str) -> str:
    """What an answer says, if it is JSON with a text in it; else the answer."""
    try:
        value, _ = find_json(text)
    except ValueError:
        return text
    held = list(value.values()) if isinstance(value, dict) else []
    return held[0] if len(held) == 1 and isinstance(held[0], str) else text


def _begins(text: str, word: str) -> bool:
    return text.startswith(word) and not text[len(word) :][:1].isalnum()


def _holds(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None
