"""Data URLs as careful and as careless programs write them: the same bytes come back."""

from base64 import b64encode, encodebytes, urlsafe_b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import BadImage, ImageTooLarge
from protocol.formats.data_url import decode_data_url
from protocol.frame import FrameLimits

LIMITS = FrameLimits(max_bytes=10_000, max_pixels=1)
DATA = bytes(range(256)) * 3


def decode(text: str) -> bytes:
    return decode_data_url(text, "image", LIMITS)


HEADS = [
    "data:image/jpeg;base64,",
    "data:image/jpg;base64,",
    "data:image/x-png;base64,",
    "data:application/octet-stream;base64,",
    "data:text/plain;base64,",
    "data:;base64,",
    "data:image/jpeg;charset=utf-8;base64,",
    "data:image/jpeg;name=my%20mug.jpg;base64,",
    'data:image/jpeg;name="my mug.jpg";base64,',
    "data:image/jpeg;base64;charset=utf-8,",
    "data:image/jpeg; base64,",
    "DATA:IMAGE/JPEG;BASE64,",
    "Data:image/jpeg;Base64,",
    "\n  data:image/jpeg;base64,",
    "data:image/jpeg;base64, ",
    "data:image/jpeg;base64,\r\n",
]
WRITERS = {
    "in one line": lambda data: b64encode(data).decode(),
    "in lines of 76": lambda data: encodebytes(data).decode(),
    "in lines of 76 for mail": lambda data: encodebytes(data).decode().replace("\n", "\r\n"),
    "with spaces": lambda data: " ".join(b64encode(data).decode()),
    "without padding": lambda data: b64encode(data).decode().rstrip("="),
    "with too much padding": lambda data: b64encode(data).decode() + "==",
    "for addresses": lambda data: urlsafe_b64encode(data).decode(),
    "for addresses without padding": lambda data: urlsafe_b64encode(data).decode().rstrip("="),
    "for forms": lambda data: quote(b64encode(data), safe=""),
    "for forms in lower case": lambda data: quote(b64encode(data), safe="").replace("%2F", "%2f"),
    "for forms in lines": lambda data: quote(encodebytes(data), safe=""),
    "percent-encoded throughout": lambda data: "".join(f"%{each:02X}" for each in b64encode(data)),
}


@pytest.mark.parametrize("head", HEADS)
def test_data_url_is_read_whatever_it_says_of_its_kind(head: str):
    assert decode(head + b64encode(DATA).decode()) == DATA


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_data_url_is_read_however_its_data_is_written(write):
    """A newline at its end made a picture "damaged or cut short"."""
    assert decode("data:image/jpeg;base64," + write(DATA)) == DATA


@given(
    data=st.binary(max_size=500),
    head=st.sampled_from(HEADS),
    write=st.sampled_from(sorted(WRITERS)),
    end=st.text(" \t\r\n", max_size=3),
)
def test_data_url_gives_back_any_bytes(data: bytes, head: str, write: str, end: str):
    assert decode(head + WRITERS[write](data) + end) == data


@given(data=st.binary(max_size=100), place=st.integers(0, 140), line_end=st.sampled_from("\r\n\t "))
def test_data_url_may_be_broken_anywhere(data: bytes, place: int, line_end: str):
    text = b64encode(data).decode()
    assert decode(f"data:image/png;base64,{text[:place]}{line_end}{text[place:]}") == data


NO_DATA_URLS = {
    "": "must be a data URL",
    "http://example.org/cat.jpg": "must be a data URL",
    "/9j/4AAQSkZJRg==": "must be a data URL",
    "data:image/jpeg;base64": "must be a data URL",
    "data:image/svg+xml,<svg/>": "must be a data URL in base64",
    "data:image/jpeg;nobase64,AAAA": "must be a data URL in base64",
    "data:image/jpeg;base64,a mug!": "damaged or cut short",
    "data:image/jpeg;base64,A": "damaged or cut short",
    "data:image/jpeg;base64,AA=A": "damaged or cut short",
    "data:image/jpeg;base64,%": "damaged or cut short",
    "data:image/jpeg;base64,%ZZAA": "damaged or cut short",
    "data:image/jpeg;base64,%e9AA": "damaged or cut short",
    "data:image/jpeg;base64,AA\\x41%41": "damaged or cut short",
    "data:image/jpeg;base64,AA\ud800A": "damaged or cut short",
    "data:image/jpeg;base64,ÄÖÜß": "damaged or cut short",
}


@pytest.mark.parametrize(("text", "why"), NO_DATA_URLS.items())
def test_text_that_is_no_data_url_is_refused_in_a_sentence(text: str, why: str):
    with pytest.raises(BadImage, match=why):
        decode(text)


@given(st.text(max_size=60) | st.text(max_size=60).map("data:;base64,".__add__))
def test_any_text_is_read_or_refused(text: str):
    try:
        assert isinstance(decode(text), bytes)
    except BadImage as error:
        assert error.message.endswith(".")  # noqa: PT017


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_limit_counts_the_bytes_of_the_picture_and_not_its_text(write):
    """A picture below the limit was refused for its line breaks."""
    limit = LIMITS.max_bytes
    assert len(decode("data:;base64," + write(bytes(limit)))) == limit
    with pytest.raises(ImageTooLarge, match=r"10,001 bytes; at most 10,000"):
        decode("data:;base64," + write(bytes(limit + 1)))
