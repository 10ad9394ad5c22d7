"""Forms are read as they arrive, in bounded memory, and mean the same however they are cut."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from protocol.errors import BadRequest, BodyTooLarge, ImageTooLarge, RequestError, WrongMediaType
from protocol.formats.fields import Fields
from protocol.frame import FrameLimits
from tests.protocol.pictures import encoded
from tests.web.forms import BOUNDARY, CONTENT_TYPE, form, part, picture
from web.uploads import MAX_HEAD_BYTES, MAX_PARTS, MAX_TEXT_BYTES, read_form

LIMITS = FrameLimits(max_bytes=10_000, max_pixels=100_000)
JPEG = encoded()
NAMES = ("file", "question", "stream", "settings")


def read(*pieces: bytes, content_type: str = CONTENT_TYPE) -> Fields:
    return read_form(pieces, content_type, LIMITS)


def values(fields: Fields) -> list[object]:
    return [fields.get(name) for name in NAMES]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The same bytes in pieces."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(edges)]


ASKED = form(
    picture(JPEG),
    part("stream", b"true"),
    part("settings", b'{"max_tokens": 5}'),
    part("question", b"What is it?\r\nAnd why?\r\n"),
)


def test_form_is_read_as_fields():
    assert values(read(ASKED)) == [JPEG, "What is it?\r\nAnd why?\r\n", True, {"max_tokens": 5}]


@given(places=st.lists(st.integers(0), max_size=40))
def test_form_means_the_same_however_its_bytes_are_cut(places: list[int]):
    assert values(read(*cut(ASKED, places))) == values(read(ASKED))


def test_form_means_the_same_byte_by_byte():
    """A cut within the dashes of the last boundary added a line's end to the text before it."""
    assert values(read(*cut(ASKED, list(range(len(ASKED)))))) == values(read(ASKED))


LINES = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b"--", f"--{BOUNDARY}".encode(), b"x", b"\0", b"\xff"]
)


@given(data=st.lists(LINES, max_size=12).map(b"".join), places=st.lists(st.integers(0), max_size=9))
def test_picture_is_kept_to_the_byte(data: bytes, places: list[int]):
    """Its bytes may look like line ends and nearly like boundaries."""
    data = JPEG + data + b"."
    assume(f"\n--{BOUNDARY}" not in data.decode("latin-1").replace("\r", "\n"))
    body = form(part("stream", b"1"), picture(data))
    assert values(read(*cut(body, places)))[0] == data


@pytest.mark.parametrize("before", [b"", b"This is a form.\r\n", b"\r\n"])
@pytest.mark.parametrize("after", [b"", b"\r\nWhatever comes.", b"\0" * 100_000])
def test_what_stands_around_the_parts_is_nothing(before: bytes, after: bytes):
    assert values(read(before + ASKED + after)) == values(read(ASKED))


@pytest.mark.parametrize(
    "filename",
    [
        "../../../../etc/passwd",
        "..\\..\\windows\\win.ini",
        "/etc/passwd",
        "",
        "a" * 3000,
        "\0",
        "bild-größe.jpg",
        "x.jpg\\",
        "%00.php",
    ],
)
def test_name_of_a_file_means_nothing(filename: str):
    assert values(read(form(picture(JPEG, filename=filename))))[0] == JPEG


def test_field_needs_no_file_name_to_hold_a_picture():
    assert values(read(form(part("file", JPEG))))[0] == JPEG


def test_head_of_a_part_cannot_add_to_what_is_asked():
    head = '\r\nContent-Type: text/plain\r\nX-Moondream-Auth: abc\r\nname: "file"'
    assert values(read(form(part("question", b"What?", head)))) == [None, "What?", None, None]


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/mixed; boundary=x", "*/*"],
)
def test_other_bodies_are_refused_by_their_kind(content_type: str):
    with pytest.raises(WrongMediaType, match="multipart/form-data"):
        read(ASKED, content_type=content_type)


@pytest.mark.parametrize(
    "boundary", ["", "; boundary", "; boundary=", "; boundary=ä", f"; boundary={'x' * 71}"]
)
def test_form_is_refused_without_a_boundary(boundary: str):
    with pytest.raises(BadRequest, match="boundary"):
        read(ASKED, content_type=f"multipart/form-data{boundary}")


@pytest.mark.parametrize(
    "boundary", ["x", "x" * 70, "a.b+c(d)?=:/,_'", '"a b"', "----WebKitFormBoundary7MA4YWxkTrZu0gW"]
)
def test_boundary_may_be_any_that_the_standard_allows(boundary: str):
    quoted = boundary if boundary.isalnum() else f'"{boundary.strip(chr(34))}"'
    body = ASKED.replace(BOUNDARY.encode(), boundary.strip('"').encode())
    told = read(body, content_type=f"Multipart/Form-Data; boundary={quoted}")
    assert values(told) == values(read(ASKED))


BROKEN = {
    "nothing": b"",
    "words": b"hello",
    "another boundary": ASKED.replace(BOUNDARY.encode(), b"another"),
    "no end": ASKED[:-20],
    "an end in the picture": ASKED[:400],
    "an end in a head": ASKED[:50],
    "a part without a head": form(f"--{BOUNDARY}\r\n\r\nWhat?\r\n".encode()),
    "a part without a name": form(part("x", b"What?").replace(b'; name="x"', b"")),
    "a head of another kind": form(f"--{BOUNDARY}\r\nX-Name: question\r\n\r\nA\r\n".encode()),
    "a head that is no text": form(part("question", b"What?").replace(b"form-data", b"\xff")),
    "one field twice": form(part("question", b"a"), part("question", b"b")),
    "settings that are no JSON": form(part("settings", b"{")),
    "too many parts": form(*[part("x", b"")] * (MAX_PARTS + 1)),
    "a head that is too large": form(part("question", b"a", f"; x={'x' * MAX_HEAD_BYTES}")),
    "too much before the first part": b"x" * (MAX_HEAD_BYTES + 1) + ASKED,
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("n_bytes", [1, 7, 10**6])
def test_form_is_refused_when_it_is_broken(body: bytes, n_bytes: int):
    pieces = [body[start : start + n_bytes] for start in range(0, len(body), n_bytes)]
    with pytest.raises(BadRequest):
        read(*pieces)


def test_as_many_parts_as_are_accepted_are_read():
    assert values(read(form(*[part("x", b"")] * (MAX_PARTS - 1), part("question", b"What?"))))[1]


class Endless:
    """A body that goes on; counts how much of it was taken."""

    def __init__(self, start: bytes, more: bytes) -> None:
        self._start, self._more, self.n_bytes = start, more, 0

    def __iter__(self) -> Iterator[bytes]:
        yield self._start
        while True:
            self.n_bytes += len(self._more)
            assert self.n_bytes < 2**24
            yield self._more


HEAD = f"--{BOUNDARY}\r\n".encode()
MORE = b"x" * 1000
ENDLESS = {
    "a picture": (picture(JPEG), MORE, ImageTooLarge, LIMITS.max_bytes),
    "a picture of line ends": (picture(JPEG), b"\r\n" * 500, ImageTooLarge, LIMITS.max_bytes),
    "a text": (part("question", b"a"), MORE, BodyTooLarge, MAX_TEXT_BYTES),
    "a field that nobody knows": (part("x", b"a"), MORE, BodyTooLarge, MAX_TEXT_BYTES),
    "a head": (HEAD, MORE, BadRequest, MAX_HEAD_BYTES),
    "a head of many lines": (HEAD, b"X-A: b\r\n" * 100, BadRequest, MAX_HEAD_BYTES),
    "what comes before the first part": (b"", MORE, BadRequest, MAX_HEAD_BYTES),
    "parts": (b"", part("x", b""), BadRequest, 200 * MAX_PARTS),
}


@pytest.mark.parametrize(("start", "more", "error", "max_bytes"), ENDLESS.values(), ids=ENDLESS)
def test_form_that_never_ends_is_refused_as_soon_as_it_is_too_large(start, more, error, max_bytes):
    body = Endless(start.removesuffix(b"\r\n") if start != HEAD else start, more)
    with pytest.raises(error):
        read_form(body, CONTENT_TYPE, LIMITS)
    assert body.n_bytes <= max_bytes + 2000


def test_picture_at_the_limit_is_read():
    data = JPEG + bytes(LIMITS.max_bytes - len(JPEG))
    assert values(read(form(picture(data))))[0] == data


@given(
    place=st.integers(0),
    n_removed=st.integers(0, 40),
    added=st.binary(max_size=40) | st.just(f"\r\n--{BOUNDARY}".encode()),
    places=st.lists(st.integers(0), max_size=5),
)
def test_form_that_was_damaged_is_read_or_refused_in_words(place, n_removed, added, places):
    place %= len(ASKED)
    damaged = ASKED[:place] + added + ASKED[place + n_removed :]
    with suppress(RequestError):
        read(*cut(damaged, places))


@given(body=st.binary(), content_type=st.text())
def test_bytes_of_any_kind_are_read_or_refused_in_words(body: bytes, content_type: str):
    for kind in (content_type, f"multipart/form-data; boundary={content_type}", CONTENT_TYPE):
        with suppress(RequestError):
            read(body, content_type=kind)
