"""What a page says of its sharing: read as it is meant, or as nothing to look at."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import NothingToSee, NotShared
from protocol.formats.page_sharing import look_payload, parse_share, parse_shown
from protocol.frame import Frame, FrameLimits
from protocol.request import (
    CaptionRequest,
    DetectRequest,
    LookRequest,
    PointRequest,
    QueryRequest,
    Request,
)
from tests.protocol.pictures import encoded

LIMITS = FrameLimits(max_bytes=10_000, max_pixels=100_000)
JPEG = encoded()
COMMON = {"id": "a", "client": "http ::1", "arrived_at": 0.0, "frame": Frame(b"", 1, 1)}


@pytest.mark.parametrize(
    "payload", [None, [], "true", {}, {"is_shared": 1}, {"is_shared": "true"}, {"is_shared": False}]
)
def test_only_a_plain_yes_lets_programs_look(payload: object):
    assert parse_share(payload) is False
    assert parse_share({"is_shared": True}) is True


def test_frame_that_is_shown_is_read():
    assert parse_shown({"id": "a", "image": JPEG}, LIMITS).data == JPEG


@pytest.mark.parametrize(
    "image", [None, 5, "data:image/jpeg;base64,AAAA", b"", JPEG[:40], encoded("PNG")]
)
def test_page_that_shows_no_jpeg_has_nothing_to_see(image: object):
    with pytest.raises(NothingToSee):
        parse_shown({"image": image}, LIMITS)


def test_frame_that_is_too_large_is_nothing_to_see():
    with pytest.raises(NothingToSee):
        parse_shown({"image": JPEG}, FrameLimits(max_bytes=10, max_pixels=100_000))


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("not_shared", NotShared, "turn on Let programs look"),
        ("hidden", NothingToSee, "Bring it to the front"),
        ("no_picture", NothingToSee, "nothing to show"),
        (5, NothingToSee, "nothing to show"),
    ],
)
def test_reason_for_showing_nothing_becomes_a_sentence(error: object, kind: type, words: str):
    with pytest.raises(kind, match=words):
        parse_shown({"error": error}, LIMITS)


@given(st.dictionaries(st.text(max_size=8) | st.sampled_from(["image", "error"]), st.binary()))
def test_whatever_a_page_sends_is_a_frame_or_a_reason(payload: dict):
    with suppress(NotShared, NothingToSee):
        assert parse_shown(payload, LIMITS).data


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (LookRequest(**COMMON), {"skill": "look"}),
        (QueryRequest(**COMMON, question="Why?"), {"skill": "query", "question": "Why?"}),
        (CaptionRequest(**COMMON, length="short"), {"skill": "caption"}),
        (DetectRequest(**COMMON, object="cat"), {"skill": "detect", "object": "cat"}),
        (PointRequest(**COMMON, object="cat"), {"skill": "point", "object": "cat"}),
    ],
)
def test_page_is_told_what_a_program_wants_to_know(asked: Request, told: dict):
    assert look_payload(asked) == {"id": "a"} | told
