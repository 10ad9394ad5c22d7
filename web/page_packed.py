"""What is the same for everybody, as few bytes: compressed once, then kept.

Answers of a model are never compressed: how long they are would tell what they have in common with
a question, and a stream of words would wait for more of them.
"""

import gzip
from functools import lru_cache
from hashlib import sha256

import brotli
from flask import Response, request

AS_IT_IS = "identity"
# Of those that a browser likes alike, the first.
CODINGS = ("br", "gzip", AS_IT_IS)
# A tenth of a second for the whole page; the best that there is (11) takes two and saves a tenth.
BROTLI_QUALITY, GZIP_LEVEL = 9, 9
# Files of the page, in two codings each, and what they were before they changed.
N_KEPT = 256


def send_packed(text: str, media_type: str) -> Response:
    """Answer a request with a text, or say that the browser has it, in the coding it likes best."""
    content = text.encode()
    # Whoever names none of these gets the text as it is.
    coding = request.accept_encodings.best_match(CODINGS, AS_IT_IS)
    response = Response(pack(content, coding), mimetype=media_type)
    response.vary.add("Accept-Encoding")
    response.cache_control.no_cache = True
    if coding != AS_IT_IS:
        response.content_encoding = coding
    response.set_etag(f"{sha256(content).hexdigest()[:16]}-{coding}")
    response.make_conditional(request)
    return response


@lru_cache(N_KEPT)
def pack(content: bytes, coding: str) -> bytes:
    if coding == "br":
        return brotli.compress(content, mode=brotli.MODE_TEXT, quality=BROTLI_QUALITY)
    # Without the time, so that it is the same each time.
    return gzip.compress(content, GZIP_LEVEL, mtime=0) if coding == "gzip" else content
