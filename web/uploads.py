"""Forms with a picture in them (multipart/form-data), read as they arrive; nothing goes to disk.

`curl -F file=@frame.jpg http://localhost:5000/predict` is such a form.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import (
    Data,
    Event,
    Field,
    File,
    MultipartDecoder,
    NeedData,
    State,
)

from protocol.errors import (
    BadRequest,
    BodyTooLarge,
    ImageTooLarge,
    RequestError,
    WrongMediaType,
)
from protocol.formats.fields import Fields
from protocol.formats.moondream_rest import PICTURES, form_fields, parse_request
from protocol.formats.prediction import prediction_payload, refusal_payload
from protocol.frame import FrameLimits
from protocol.request import Skill
from web.exchange import Exchange, error_response

FORM = "multipart/form-data"

MAX_PARTS = 32
# Of what stands before the first part, and of what each part says of itself.
MAX_HEAD_BYTES = 4096
MAX_TEXT_BYTES = 2**18

# RFC 2046, 5.1.1
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
# What may stand between the parts: a boundary, dashes around it, line breaks around them.
_MAX_BETWEEN = 80


def uploads_api(exchange: Exchange) -> Blueprint:
    """`POST /predict`: a form with a picture as `file` gets its caption."""
    uploads = Blueprint("uploads", __name__)

    @uploads.post("/predict")
    def predict() -> Response:
        fields = _read_form(exchange)
        asked = parse_request(Skill.CAPTION, fields, exchange.limits, **exchange.common())
        return jsonify(prediction_payload(exchange.ask(asked).finished()))

    @uploads.errorhandler(RequestError)
    def tell(error: RequestError) -> Response:
        return error_response(refusal_payload(error), error)

    return uploads


def read_fields(exchange: Exchange) -> Fields:
    """The fields of the current HTTP request, which is JSON or a form.

    Raises WrongMediaType of any other, and what reading it raises.
    """
    if request.is_json:
        return exchange.read_json()
    if request.mimetype != FORM:
        raise WrongMediaType(f"Send JSON (application/json) or a form ({FORM}).")
    return _read_form(exchange)


def read_form(pieces: Iterable[bytes], content_type: str, limits: FrameLimits) -> Fields:
    """The fields of a form, however its bytes are cut.

    Raises WrongMediaType, BadRequest, BodyTooLarge, and ImageTooLarge as soon as its picture is.
    """
    boundary = _boundary(content_type)
    return form_fields(_parts(pieces, boundary, limits))


def _read_form(exchange: Exchange) -> Fields:
    content_type = request.headers.get("Content-Type", "")
    return read_form(exchange.read_pieces(), content_type, exchange.limits)


class _Part(NamedTuple):
    name: str
    data: bytearray

    def check(self, limits: FrameLimits) -> None:
        """Raises ImageTooLarge or BodyTooLarge of more bytes than it may have."""
        if self.name in PICTURES and len(self.data) > limits.max_bytes:
            raise ImageTooLarge(
                f"The picture has more than the {limits.max_bytes:,} bytes that are accepted."
            )
        if self.name not in PICTURES and len(self.data) > MAX_TEXT_BYTES:
            raise BodyTooLarge(
                f"A text of the form has more than the {MAX_TEXT_BYTES:,} bytes that are accepted."
                " Send a picture as `file`."
            )


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    if kind.lower() != FORM:
        raise WrongMediaType(f"Send the picture as `file` in a form ({FORM}).")
    boundary = options.get("boundary", "")
    if _BOUNDARY.fullmatch(boundary) is None:
        raise BadRequest("The form's Content-Type names no boundary between its parts.")
    return boundary.encode("ascii")


def _parts(
    pieces: Iterable[bytes], boundary: bytes, limits: FrameLimits
) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each part; no more than one is ever held here."""
    decoder = MultipartDecoder(boundary, max_parts=MAX_PARTS)
    part: _Part | None = None
    for piece in _cut_at_lines(pieces):
        # What stands behind the last part is nothing.
        if decoder.state is State.EPILOGUE:
            continue
        decoder.receive_data(piece)
        for event in _events(decoder):
            if isinstance(event, Field | File):
                part = _Part(_name(event), bytearray())
            elif isinstance(event, Data) and part is not None:
                part.data.extend(event.data)
                part.check(limits)
                if not event.more_data:
                    yield part.name, bytes(part.data)
    if decoder.state is not State.EPILOGUE:
        raise BadRequest("The form ends in the middle. Send it again.")


def _events(decoder: MultipartDecoder) -> Iterator[Event]:
    """What the decoder makes of the bytes that it has."""
    while True:
        n_bytes = len(decoder.buffer)
        is_head = decoder.state in (State.PREAMBLE, State.PART)
        try:
            event = decoder.next_event()
        except RequestEntityTooLarge:
            raise BadRequest(
                f"The form has more than the {MAX_PARTS} parts that are accepted."
            ) from None
        except ValueError:
            raise BadRequest("A part of the form has a head that cannot be read.") from None
        is_missing = isinstance(event, NeedData)
        n_head_bytes = len(decoder.buffer) if is_missing else n_bytes - len(decoder.buffer)
        if is_head and n_head_bytes > MAX_HEAD_BYTES:
            raise BadRequest(
                f"A part of the form has a head of more than {MAX_HEAD_BYTES:,} bytes."
            )
        if is_missing:
            return
        yield event


def _name(part: Field | File) -> str:
    # The decoder reads no name where there is none, whatever its types say.
    name: str | None = part.name
    if name is None:
        raise BadRequest("A part of the form has no name.")
    return name


def _cut_at_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut before a line's end where one is near.

    Where a cut falls into the dashes of the last boundary, werkzeug's decoder (3.1) counts the
    line's end before it among the bytes of the part.
    """
    held = b""
    for piece in pieces:
        held += piece
        cut = max(held.rfind(b"\n", -_MAX_BETWEEN), held.rfind(b"\r", -_MAX_BETWEEN))
        if cut < 0:
            cut = len(held)
        elif held[cut - 1 : cut] == b"\r":
            cut -= 1
        yield held[:cut]
        held = held[cut:]
    yield held
