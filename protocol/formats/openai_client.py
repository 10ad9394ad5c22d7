"""What other servers answer to OpenAI's requests: chunks, completions, lists of models, errors.

Servers differ, and each may send anything: what is missing, odd or too much says nothing.

Source: platform.openai.com/docs/api-reference/chat; what llama.cpp, Ollama, vLLM, LM Studio and
OpenRouter send beside it.
"""

import re
from dataclasses import dataclass
from typing import Any

from protocol.answer import Usage
from protocol.upstream import MAX_MODEL_CHARS

MAX_MODELS = 2000
MAX_TOLD_CHARS = 300
# What is shorter stands for no key, as servers without one want it, and may be part of any word.
MIN_SECRET_CHARS = 6
MAX_TOP = 64
LEAST_LOGPROB = -1e4
MAX_TOKENS_TOLD = 2**31

_HALF_CHARACTER = re.compile("[\\ud800-\\udfff]")
_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\s]+")


@dataclass(frozen=True)
class Delta:
    """What one chunk of another server's answer holds, or a whole answer.

    usage: of the whole answer, where this tells it. finish_reason: as the server has it, None while
    more may come. top: what its first token might have been, each with the logarithm of its
    probability, where that was asked for.
    """

    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    top: tuple[tuple[str, float], ...] = ()


def read_delta(payload: dict[str, Any]) -> Delta:
    """Read a chunk, or a whole completion."""
    choice = _first(payload.get("choices"))
    said = _object(choice.get("delta")) or _object(choice.get("message"))
    reason = choice.get("finish_reason")
    return Delta(
        _text(said.get("content")) or _text(choice.get("text")),
        _text(said.get("reasoning_content")) or _text(said.get("reasoning")),
        reason if isinstance(reason, str) and reason else None,
        _usage(payload.get("usage")),
        _top(_first(_object(choice.get("logprobs")).get("content"))),
    )


def read_models(payload: object) -> dict[str, str]:
    """The ids of a server's models in its order, each with who owns it, "" where that is not told.

    It may be an object with a list, or the list. Raises ValueError where there is none.
    """
    listed = payload
    if isinstance(payload, dict):
        lists = (payload.get(name) for name in ("data", "models"))
        listed = next((each for each in lists if isinstance(each, list)), None)
    if not isinstance(listed, list):
        raise ValueError("There is no list of models.")
    models: dict[str, str] = {}
    for each in listed[:MAX_MODELS]:
        if id := _model_id(each):
            models[id] = _name(_object(each).get("owned_by"))
    return models


def read_error(payload: object, secret: str = "") -> str | None:
    """What a server says went wrong, in one bounded line; None where this is no error.

    An error without words is an empty text. secret: never stands in it, whoever sends it.
    """
    if not isinstance(payload, dict):
        return None
    error = payload.get("error")
    if error is None or error is False:
        is_error = payload.get("object") == "error" or payload.keys() <= {"detail", "message"}
        error = payload if is_error and payload else None
    return None if error is None else _one_line(without(secret, _error_text(error)))


def read_error_code(payload: object) -> str | int:
    """The short word or the number by which a server names its error, "" where it has none."""
    error = _object(_object(payload).get("error"))
    code = error.get("code")
    return code if isinstance(code, int) else _name(code) or _name(error.get("type"))


def without(secret: str, text: str) -> str:
    """A text in which a secret does not stand, in any case of its letters."""
    if len(secret) < MIN_SECRET_CHARS:
        return text
    return re.sub(re.escape(secret), "…", text, flags=re.IGNORECASE)


def _error_text(error: object) -> str:
    if isinstance(error, dict):
        for name in ("message", "detail", "msg", "error", "reason", "code"):
            if text := _error_text(error.get(name)):
                return text
        return ""
    if isinstance(error, list):
        return next((text for each in error[:8] if (text := _error_text(each))), "")
    if isinstance(error, int) and not isinstance(error, bool):
        return str(error) if abs(error) < MAX_TOKENS_TOLD else ""
    return error if isinstance(error, str) else ""


def _one_line(text: str) -> str:
    line = _NOT_SHOWN.sub(" ", whole_characters(text[: 4 * MAX_TOLD_CHARS])).strip()
    return line if len(line) <= MAX_TOLD_CHARS else f"{line[:MAX_TOLD_CHARS]}…"


def _model_id(value: object) -> str:
    names = [value]
    if isinstance(value, dict):
        names = [value.get(name) for name in ("id", "model", "name")]
    return next((id for each in names if (id := _name(each))), "")


def _name(value: object) -> str:
    """A text that can be shown and sent back as it is."""
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_MODEL_CHARS:
        return ""
    return value if value.strip() == value and value.isprintable() else ""


def _top(told: dict[str, Any]) -> tuple[tuple[str, float], ...]:
    others = told.get("top_logprobs")
    # A server that knows no others still says how likely its own was.
    others = others if isinstance(others, list) and others else [told]
    return tuple(pair for each in others[:MAX_TOP] if (pair := _likely(_object(each))))


def _likely(told: dict[str, Any]) -> tuple[str, float] | None:
    token, logprob = told.get("token"), told.get("logprob")
    if not isinstance(token, str) or not isinstance(logprob, int | float):
        return None
    # Some servers write minus infinity as a number of their own.
    if isinstance(logprob, bool) or not LEAST_LOGPROB <= logprob <= 0:
        return None
    return whole_characters(token), float(logprob)


def _usage(value: object) -> Usage | None:
    told = _object(value)
    if not told:
        return None
    return Usage(_count(told.get("prompt_tokens")), _count(told.get("completion_tokens")))


def _count(value: object) -> int:
    is_count = isinstance(value, int | float) and 0 <= value < MAX_TOKENS_TOLD
    return int(value) if is_count else 0  # type: ignore[call-overload]


def _text(value: object) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(value, list):
        return "".join(_text(_object(part).get("text")) for part in value)
    return whole_characters(value) if isinstance(value, str) else ""


def whole_characters(text: str) -> str:
    """JSON can hold halves of characters, which no text that is sent on can."""
    return _HALF_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text)


def _first(value: object) -> dict[str, Any]:
    return _object(value[0]) if isinstance(value, list) and value else {}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
