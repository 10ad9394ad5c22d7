"""What is written for another Moonsight is what it reads; what it writes is read as it was told."""

import json
from dataclasses import replace

import pytest

from protocol.answer import AnswerEvent, Finished, FinishReason, Timings, Usage
from protocol.errors import UpstreamUnreadable
from protocol.formats.fields import Fields
from protocol.formats.moondream_client import path_of, read_told, write_request
from protocol.formats.moondream_rest import (
    answer_payload,
    parse_request,
    stream_lines,
)
from protocol.frame import Frame, FrameLimits
from protocol.pieces import Chosen, Found, Piece, Reasoned, TextDelta
from protocol.places import Box, Grounding, Point
from protocol.request import (
    CaptionRequest,
    DetectRequest,
    PointRequest,
    QueryRequest,
    Request,
    SamplingParams,
    Skill,
)
from protocol.upstream import Coordinates, UpstreamParams
from tests.protocol.pictures import encoded

LIMITS = FrameLimits(max_bytes=10_000, max_pixels=100_000)
JPEG = Frame(encoded(), 64, 48)
COMMON = {"id": "1", "client": "ann", "arrived_at": 0.0}

SAMPLING = SamplingParams(7, 3, 0.5, 0.9, 11, ("\n", "END"))
UPSTREAM = UpstreamParams("demo", "Be brief.", "Say it.", Coordinates.PIXEL, 512, 70)
REASONED = Reasoned("1", "a mug", (Grounding(2, 5, ((0.5, 0.6),)),))

REQUESTS: tuple[Request, ...] = (
    QueryRequest(**COMMON, question="What is it?"),
    QueryRequest(
        **COMMON,
        question="What is it?",
        frame=JPEG,
        is_reasoning=True,
        spatial_refs=((0.5, 0.5), (0.1, 0.2, 0.3, 0.4)),
        sampling=SAMPLING,
        upstream=UPSTREAM,
    ),
    QueryRequest(**COMMON, question="Is it?", frame=JPEG, choices=("yes", "no")),
    QueryRequest(**COMMON, question="Is it?", json_schema='{"type":"object"}'),
    CaptionRequest(**COMMON, frame=JPEG, length="long"),
    DetectRequest(**COMMON, frame=JPEG, object="mug", sampling=SAMPLING),
    PointRequest(**COMMON, frame=JPEG, object="mug"),
)
QUERY, THINKING, CHOOSING, _, CAPTION, DETECT, POINT = REQUESTS


def read_back(request: Request) -> Request:
    """What another Moonsight makes of a request."""
    fields = Fields(json.loads(json.dumps(write_request(request))))
    skill = Skill(path_of(request.skill).removeprefix("/"))
    return parse_request(skill, fields, LIMITS, **COMMON)


def end(request: Request, *pieces: Piece, reason: FinishReason = FinishReason.STOP) -> Finished:
    timings = Timings(encode_ms=12.3, prefill_ms=4.5)
    return Finished("1", reason, request.result(pieces), timings, Usage(7, 2))


def streamed(request: Request, *events: AnswerEvent) -> list[Piece]:
    """The pieces that are read from the lines of a stream."""
    lines = [json.loads(line.removeprefix("data: ")) for line in stream_lines(events, "demo")]
    return [piece for line in lines for piece in read_told(line, request).pieces]


@pytest.mark.parametrize("request_", REQUESTS)
def test_what_is_written_is_read_as_the_same_request(request_: Request):
    assert read_back(request_) == request_


@pytest.mark.parametrize(
    ("request_", "expected"), [(QUERY, True), (CAPTION, True), (CHOOSING, False), (DETECT, True)]
)
def test_what_comes_piece_by_piece_is_asked_for_so(request_: Request, expected: bool):
    assert write_request(request_)["stream"] is expected


def test_stream_is_read_piece_by_piece_and_nothing_twice():
    pieces = (REASONED, TextDelta("1", "a "), TextDelta("1", "mug"))
    assert streamed(THINKING, *pieces, end(THINKING, *pieces)) == list(pieces)


@pytest.mark.parametrize(
    ("request_", "places"),
    [
        (DETECT, (Box(0.1, 0.2, 0.3, 0.4), Box(-0.05, 0.0, 1.0, 1.0))),
        (POINT, (Point(0.25, 0.5), Point(1.0, 0.0))),
    ],
)
def test_places_are_read_one_by_one_and_none_twice(
    request_: Request, places: tuple[Box | Point, ...]
):
    """Through another server, boxes came all at once, at the end."""
    pieces = tuple(Found("1", each) for each in places)
    assert streamed(request_, *pieces, end(request_, *pieces)) == list(pieces)


@pytest.mark.parametrize(
    ("request_", "pieces"),
    [
        (QUERY, (TextDelta("1", "a mug"),)),
        (THINKING, (REASONED, TextDelta("1", "a mug"))),
        (CHOOSING, (Chosen("1", "no", (0.25, 0.75)),)),
        (CHOOSING, (Chosen("1", "no", ()),)),
        (CAPTION, (TextDelta("1", "a mug"),)),
        (DETECT, (Found("1", Box(0.1, 0.2, 0.3, 0.4)), Found("1", Box(0.0, 0.0, 1.0, 1.0)))),
        (DETECT, ()),
        (POINT, (Found("1", Point(0.1, 0.2)),)),
    ],
)
def test_whole_body_is_read_as_its_pieces(request_: Request, pieces: tuple[Piece, ...]):
    body = json.loads(json.dumps(answer_payload(end(request_, *pieces), "demo")))
    assert read_told(body, request_).pieces == pieces


@pytest.mark.parametrize("reason", [FinishReason.STOP, FinishReason.LENGTH])
def test_end_tells_why_and_what_it_took(reason: FinishReason):
    told = read_told(answer_payload(end(CAPTION, reason=reason), "demo"), CAPTION)
    assert (told.reason, told.usage) == (reason, Usage(7, 2))
    assert (told.encode_ms, told.prefill_ms) == (12.3, 4.5)


def test_more_may_come_after_a_word():
    assert read_told({"chunk": "a"}, QUERY).reason is None


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (QUERY, {}),
        (CHOOSING, {"choice": "maybe"}),
        (CHOOSING, {"choice": "no", "probabilities": [1]}),
        (DETECT, {"objects": [{"x_min": "here"}]}),
        (DETECT, {"objects": 7}),
        (POINT, {"points": [None]}),
        (POINT, {"points": [{"x": 1e300, "y": 0}]}),
        (POINT, {"points": [{"x": 10**400, "y": 0}]}),
        (QUERY, {"answer": 7}),
        (QUERY, {"answer": "a", "usage": [1]}),
        (QUERY, {"answer": "a", "timings": {"encode_ms": 10**400}}),
        (QUERY, {"answer": "a", "reasoning": {"text": "a"}}),
    ],
)
def test_body_that_is_no_answer_is_an_honest_error(request_: Request, fields: dict):
    with pytest.raises(UpstreamUnreadable, match="no answer of Moonsight's"):
        read_told({"request_id": "1"} | fields, request_)


def test_choices_are_asked_for_whole_though_another_query_streams():
    assert write_request(replace(CHOOSING, choices=()))["stream"] is True


def test_half_a_character_becomes_a_whole_one():
    assert read_told({"chunk": "a\ud800b"}, QUERY).pieces == (TextDelta("1", "a\ufffdb"),)


def test_no_more_places_are_told_than_were_wanted():
    place = {"x": 0.5, "y": 0.5}
    body = {"request_id": "1", "points": [place] * 9}
    few = replace(POINT, sampling=SamplingParams(max_objects=2))
    assert len(read_told(body, few).pieces) == 2
