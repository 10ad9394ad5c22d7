"""Pictures as text: data URLs, as careful and as careless programs write them."""

import re
from binascii import a2b_base64, b2a_base64

from protocol.encoded import media_type
from protocol.errors import BadImage
from protocol.frame import Frame, FrameLimits, check_n_bytes

# What stands before the data may name a kind, a file, a character set; the bytes tell the kind.
_HEAD = re.compile(r"\s{0,99}data:([^,]{0,999}),", re.IGNORECASE)
_BASE64 = re.compile(r";\s*base64\s*(;|$)", re.IGNORECASE)

_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_SPACES = b" \t\r\n\f\v"


def is_data_url(text: str) -> bool:
    """Whether it begins as one; what follows may still be refused."""
    return _HEAD.match(text) is not None


def encode_data_url(frame: Frame) -> str:
    """A picture as a text; its kind is what its bytes begin with."""
    return f"data:{media_type(frame.data)};base64,{b2a_base64(frame.data, newline=False).decode()}"


def decode_data_url(text: str, path: str, limits: FrameLimits) -> bytes:
    """The bytes of a data URL; whatever is legal or common in one is read.

    Lines may be broken (RFC 2045), padding left out, the alphabet that of URLs (RFC 4648), any of
    it percent-encoded. path: what the field is called. Raises BadImage, and ImageTooLarge before
    anything is decoded.
    """
    head = _HEAD.match(text)
    if head is None:
        raise BadImage(
            f"`{path}` must be a data URL (data:image/jpeg;base64,…) or the picture's bytes."
        )
    if _BASE64.search(head[1]) is None:
        raise BadImage(f"`{path}` must be a data URL in base64 (data:image/jpeg;base64,…).")
    try:
        encoded = _without_percent(text[head.end() :]).encode("ascii").translate(_URL_SAFE, _SPACES)
        encoded = encoded.rstrip(b"=")
        check_n_bytes(len(encoded) * 3 // 4, limits)
        return a2b_base64(encoded + b"=" * (-len(encoded) % 4), strict_mode=True)
    # Of one kind are what is no base64, no percent code, and no ASCII.
    except ValueError as error:
        raise BadImage("The picture's base64 text is damaged or cut short.") from error


def _without_percent(text: str) -> str:
    """Decode %2B and its kin.

    By a codec of Python's: millions of small pieces, as in `urllib`, would hold everybody up.
    """
    if "%" not in text:
        return text
    escaped = text.replace("\\", "?").replace("%", "\\x").encode("ascii")
    return escaped.decode("unicode_escape")
