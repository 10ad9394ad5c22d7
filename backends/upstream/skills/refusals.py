"""What a server's refusal is about, as far as its own words tell."""

import re
from collections.abc import Container

from protocol.errors import UpstreamFailed, UpstreamRefused

# What servers may do without, the most dispensable first, each with the words in which they refuse
# it.
OPTIONAL = {
    name: re.compile(words, re.IGNORECASE)
    for name, words in {
        "stream_options": r"stream_options|include_usage",
        "response_format": r"response_?format|schema|grammar|structured|guided",
        "logprobs": r"logprob",
        "reasoning_effort": r"reasoning.?effort|reasoning is|thinking",
        "seed": r"\bseed\b",
        "top_p": r"\btop_p\b",
        "temperature": r"\btemperature\b",
        "max_tokens": r"\bmax_tokens\b",
        "max_completion_tokens": r"\bmax_(completion_)?tokens\b",
        "stop": r"\bstop\b",
    }.items()
}

# A limit that is too high is no reason to send none.
LIMITS = ("max_tokens", "max_completion_tokens")
_TOO_MANY = re.compile(r"large|at most|maximum|exceed|context|less than|greater", re.IGNORECASE)

_PICTURES = re.compile(r"image|vision|multi-?modal|mmproj|content must be a string", re.IGNORECASE)
_REFUSES = re.compile(
    r"not support|n.t support|unsupported|only support|support(s)? image|not a multi|at most 0|"
    r"text.?only|only text|expected .?text|missing data required|must be a string|not allowed",
    re.IGNORECASE,
)
# A picture that is bad says nothing about others.
_ONE_PICTURE = re.compile(
    r"format|mime|media.type|decod|corrupt|too large|dimension|base64", re.IGNORECASE
)
_NUMBER = re.compile(
    r"at most [1-9]|(one|single|1) image|(multiple|several|many|number of) image", re.IGNORECASE
)


def refused_field(failure: UpstreamFailed, sent: Container[str]) -> str | None:
    """Which of the fields that were sent the server will not have: of several that it names, the
    one that is missed least, for the others may do then.
    """
    if not isinstance(failure, UpstreamRefused):
        return None
    is_about_size = _TOO_MANY.search(failure.told)
    named = (
        name
        for name, words in OPTIONAL.items()
        if words.search(failure.told) and not (is_about_size and name in LIMITS)
    )
    return next((name for name in named if name in sent), None)


def is_about_pictures(failure: UpstreamFailed) -> bool:
    """Whether the server says that the model sees no pictures at all."""
    told = told_by(failure)
    return bool(_PICTURES.search(told) and _REFUSES.search(told) and not _ONE_PICTURE.search(told))


def is_about_number(failure: UpstreamFailed) -> bool:
    """Whether the server says that it takes fewer pictures at once."""
    return _NUMBER.search(told_by(failure)) is not None


def told_by(failure: UpstreamFailed) -> str:
    """The server's own words, as far as they are known."""
    return getattr(failure, "told", "") or failure.message
