"""What moondream's clients send becomes a request or a sentence; what they read is written."""

import json
from base64 import b64encode, encodebytes
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.answer import AnswerEvent, Finished, FinishReason, Timings, Usage
from protocol.errors import BadImage, BadRequest, Busy, ImageTooLarge, OutOfMemory, RequestError
from protocol.formats.fields import Fields
from protocol.formats.moondream_rest import (
    SKILLS,
    answer_payload,
    form_fields,
    parse_request,
    stream_lines,
)
from protocol.frame import FrameLimits
from protocol.pieces import Chosen, Reasoned, TextDelta
from protocol.places import Box, Grounding, Point
from protocol.request import (
    NOTHING_YET,
    CaptionResult,
    DetectResult,
    PointResult,
    QueryResult,
    Request,
    Result,
    SamplingParams,
    Skill,
)
from tests.protocol.pictures import data_url, encoded

LIMITS = FrameLimits(max_bytes=10_000, max_pixels=100_000)
JPEG = encoded()
MODEL = "moondream2"
REASONED = Reasoned("1", "a mug", (Grounding(2, 5, ((0.5, 0.6),)),))


def parse(skill: Skill = Skill.QUERY, **values: object) -> Request:
    """The request that fields become, with what each skill must be asked with."""
    needed = {"question": "What is it?", "object": "mug", "image_url": data_url(JPEG)}
    fields = Fields(needed | values)
    return parse_request(skill, fields, LIMITS, id="1", client="ann", arrived_at=0.0)


def end(result: Result, **fields: object) -> Finished:
    return Finished("1", FinishReason.STOP, result, Timings(total_ms=12.34), Usage(7, 2), **fields)


def told(*events: AnswerEvent) -> list[dict]:
    """What the lines of a stream hold, one by one."""
    lines = list(stream_lines(events, MODEL))
    assert all(line.startswith("data: ") and line.endswith("\n\n") for line in lines)
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def test_query_of_a_client_is_read():
    asked = parse(
        question="What is here?", reasoning=True, spatial_refs=[[0.5, 0.5], [0.1, 0.1, 0.2, 0.2]]
    )
    assert (asked.question, asked.frame.data, asked.is_reasoning) == ("What is here?", JPEG, True)
    assert asked.spatial_refs == ((0.5, 0.5), (0.1, 0.1, 0.2, 0.2))


def test_request_is_made_with_what_the_door_knows_of_it():
    asked = parse()
    assert (asked.id, asked.client, asked.arrived_at) == ("1", "ann", 0.0)


def test_query_may_come_without_a_picture():
    assert parse(image_url=None).frame is None


@pytest.mark.parametrize("skill", [Skill.CAPTION, Skill.DETECT, Skill.POINT])
def test_other_skills_are_refused_without_a_picture(skill: Skill):
    with pytest.raises(BadImage, match="missing"):
        parse(skill, image_url=None)


def test_caption_has_the_length_that_is_asked_for():
    assert parse(Skill.CAPTION).length == "normal"
    assert parse(Skill.CAPTION, length="short").length == "short"


@pytest.mark.parametrize("skill", [Skill.DETECT, Skill.POINT])
def test_object_has_two_names(skill: Skill):
    assert parse(skill, object="cup").object == "cup"
    assert parse(skill, object=None, obj="cup").object == "cup"


def test_own_name_of_a_field_counts_where_it_comes_under_both():
    assert parse(Skill.DETECT, object="mug", obj="cup").object == "mug"


def test_every_setting_of_the_clients_is_read_and_more():
    settings = {"max_tokens": 9, "max_objects": 3, "temperature": 0.5, "top_p": 0.9, "seed": 4}
    read = parse(settings=settings | {"stop": ["\n"]}).sampling
    assert read == SamplingParams(9, 3, 0.5, 0.9, 4, ("\n",))


def test_query_may_ask_for_json_and_for_one_of_some_choices():
    assert parse(settings={"json_schema": {"type": "object"}}).json_schema == '{"type":"object"}'
    assert parse(choices=["yes", "no"]).choices == ("yes", "no")


SENT = {
    "a data URL": {"image_url": data_url(JPEG)},
    "bare base64": {"image_url": b64encode(JPEG).decode()},
    "base64 in lines": {"image_url": encodebytes(JPEG).decode()},
    "an image": {"image_url": None, "image": data_url(JPEG)},
    "bare base64 of an image": {"image_url": None, "image": b64encode(JPEG).decode()},
    "a file of a form": {"image_url": None, "file": JPEG},
}


@pytest.mark.parametrize("values", SENT.values(), ids=SENT.keys())
def test_picture_is_read_however_it_is_sent(values: dict):
    assert parse(**values).frame.data == JPEG


ELSEWHERE = [
    "http://example.org/cat.jpg",
    "HTTPS://example.org/cat.jpg",
    " file:///etc/passwd",
    "ftp://example.org/cat.jpg",
    "javascript:alert(1)",
    "C:\\cat.jpg",
]


@pytest.mark.parametrize("address", ELSEWHERE)
@pytest.mark.parametrize("name", ["image_url", "image"])
def test_picture_elsewhere_is_refused_and_never_fetched(name: str, address: str):
    with pytest.raises(BadImage, match="nothing is fetched"):
        parse(**{"image_url": None, name: address})


@pytest.mark.parametrize("image", ["", "cat.jpg", "/tmp/cat.jpg", 5, {"url": "x"}, [], True])
def test_picture_is_refused_when_it_is_none(image: object):
    with pytest.raises(BadImage):
        parse(image_url=image)


@pytest.mark.parametrize("write", [data_url, lambda data: b64encode(data).decode(), bytes])
def test_picture_over_the_limit_is_refused(write):
    with pytest.raises(ImageTooLarge):
        parse(image_url=write(JPEG + bytes(LIMITS.max_bytes)))


@pytest.mark.parametrize(
    ("skill", "values"),
    [
        (Skill.QUERY, {"question": None}),
        (Skill.QUERY, {"question": 5}),
        (Skill.QUERY, {"reasoning": "yes"}),
        (Skill.QUERY, {"spatial_refs": [[2, 2]]}),
        (Skill.QUERY, {"settings": "greedy"}),
        (Skill.QUERY, {"settings": {"temperature": 3}}),
        (Skill.QUERY, {"choices": ["yes"]}),
        (Skill.CAPTION, {"length": "endless"}),
        (Skill.DETECT, {"object": None}),
        (Skill.POINT, {"object": " "}),
    ],
)
def test_field_is_refused_when_it_is_missing_or_wrong(skill: Skill, values: dict):
    with pytest.raises(BadRequest):
        parse(skill, **values)


def test_form_holds_every_field_as_text():
    fields = form_fields(
        [
            ("file", JPEG),
            ("question", "Größe?".encode()),
            ("stream", b"true"),
            ("reasoning", b"0"),
            ("settings", b'{"max_tokens": 9}'),
            ("spatial_refs", b"[[0.5, 0.5]]"),
            ("mask", b"\xff\xfe"),
        ]
    )
    asked = parse_request(Skill.QUERY, fields, LIMITS, id="1", client="ann", arrived_at=0.0)
    assert fields.flag("stream")
    assert (asked.question, asked.is_reasoning, asked.frame.data) == ("Größe?", False, JPEG)
    assert (asked.sampling.max_tokens, asked.spatial_refs) == (9, ((0.5, 0.5),))


@pytest.mark.parametrize(
    "parts", [[("choices", b"yes"), ("choices", b"no")], [("choices", b'["yes", "no"]')]]
)
def test_form_tells_choices_one_by_one_or_as_json(parts: list):
    assert form_fields(parts).choices("choices") == ("yes", "no")


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        (b"true", True),
        (b"True", True),
        (b"1", True),
        (b"false", False),
        (b"0", False),
        (b"", False),
    ],
)
def test_form_tells_true_and_false_in_words_and_digits(text: bytes, flag: bool):
    assert form_fields([("stream", text)]).flag("stream") is flag


def test_field_of_a_form_that_nobody_filled_in_is_none():
    fields = form_fields([("length", b""), ("settings", b""), ("choices", b"")])
    assert [fields.get(name) for name in ("length", "settings", "choices")] == [None] * 3


def test_empty_file_of_a_form_is_refused_and_not_overlooked():
    fields = form_fields([("file", b""), ("question", b"What is it?")])
    with pytest.raises(BadImage, match="empty"):
        parse_request(Skill.QUERY, fields, LIMITS, id="1", client="ann", arrived_at=0.0)


BAD_PARTS = {
    "a name twice": [("question", b"a"), ("question", b"b")],
    "one flag twice": [("stream", b"true"), ("stream", b"true")],
    "two pictures": [("file", JPEG), ("file", JPEG)],
    "no UTF-8": [("question", b"\xff")],
    "settings that are no JSON": [("settings", b"{")],
    "settings that are nested too deep": [("settings", b"[" * 100_000)],
    "choices that are half a list": [("choices", b"[")],
}


@pytest.mark.parametrize("parts", BAD_PARTS.values(), ids=BAD_PARTS.keys())
def test_form_is_refused_when_it_has_no_one_meaning(parts: list):
    with pytest.raises(BadRequest):
        form_fields(parts)


@pytest.mark.parametrize(
    ("result", "found"),
    [
        (QueryResult("A mug."), {"answer": "A mug."}),
        (CaptionResult("A red mug."), {"caption": "A red mug."}),
        (DetectResult((Box(0.1, 0.2, 0.3, 0.4),)), {"objects": [vars(Box(0.1, 0.2, 0.3, 0.4))]}),
        (PointResult((Point(0.5, 0.6),)), {"points": [{"x": 0.5, "y": 0.6}], "count": 1}),
    ],
)
def test_answer_is_told_as_the_clients_read_it(result: Result, found: dict):
    payload = answer_payload(end(result), MODEL)
    usage = {"prompt_tokens": 7, "completion_tokens": 2}
    about = {"request_id": "1", "model": MODEL, "finish_reason": "stop", "usage": usage}
    assert payload.items() >= (found | about).items()
    assert payload["timings"]["total_ms"] == 12.3


def test_answer_tells_its_reasoning_only_when_there_is_one():
    payload = answer_payload(end(QueryResult("A mug.", REASONED)), MODEL)
    grounding = [{"start_idx": 2, "end_idx": 5, "points": ((0.5, 0.6),)}]
    assert payload["reasoning"] == {"text": "a mug", "grounding": tuple(grounding)}
    assert "reasoning" not in answer_payload(end(QueryResult("A mug.")), MODEL)


def test_answer_to_choices_names_the_one_and_the_probability_of_each():
    payload = answer_payload(end(QueryResult("no", None, (0.25, 0.75))), MODEL)
    assert (payload["choice"], payload["probabilities"]) == ("no", [0.25, 0.75])


def test_stream_tells_each_piece_and_then_that_it_is_complete():
    finished = end(QueryResult("A mug."))
    *chunks, last = told(TextDelta("1", "A "), TextDelta("1", "mug."), finished)
    assert chunks == [{"chunk": "A "}, {"chunk": "mug."}]
    assert last == {"completed": True, **answer_payload(finished, MODEL)}


def test_stream_tells_reasoning_apart_from_the_answer():
    """Clients print every `chunk`, and look for nothing else."""
    reasoned, chunk, _ = told(REASONED, Chosen("1", "no", (1.0,)), end(QueryResult("no")))
    assert reasoned["reasoning"]["text"] == "a mug"
    assert chunk == {"chunk": "no"}


def test_stream_that_breaks_off_tells_why_and_is_not_complete():
    failed = end(QueryResult("A"), error=OutOfMemory("Too much."))
    *_, last = told(TextDelta("1", "A"), failed)
    error = {"code": "out_of_memory", "general_code": "internal", "message": "Too much."}
    assert last == {"error": error}


TEXT = st.text()
EVENTS = st.lists(st.builds(TextDelta, st.just("1"), TEXT), max_size=5)


@given(pieces=EVENTS, result=st.sampled_from(list(NOTHING_YET.values())))
def test_stream_is_one_line_of_json_per_event(pieces: list[TextDelta], result: Result):
    """A line's end inside a text must not end the line."""
    events = [*pieces, end(result)]
    if result.skill is Skill.LOOK:
        events = [*pieces, end(QueryResult(), error=Busy("Later."))]
    lines = list(stream_lines(events, MODEL))
    assert len("".join(lines).split("\n\n")) == len(events) + 1
    assert [each["chunk"] for each in told(*events)[:-1]] == [each.text for each in pieces]


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
NAMES = ["question", "object", "obj", "image_url", "image", "file", "length", "stream", "reasoning"]
NAMES += ["settings", "spatial_refs", "choices"]
VALUES = JSON_LIKE | st.just(JPEG) | st.just(data_url(JPEG))
PARTS = st.lists(st.tuples(st.sampled_from(NAMES) | st.text(), st.binary() | st.just(JPEG)))


@given(skill=st.sampled_from(SKILLS), values=st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_fields_of_any_kind_become_a_request_or_a_sentence(skill: Skill, values: dict):
    with suppress(RequestError):
        assert isinstance(parse(skill, **values), Request)


@given(parts=PARTS)
def test_parts_of_any_kind_become_fields_or_a_sentence(parts: list):
    with suppress(RequestError):
        parse_request(Skill.QUERY, form_fields(parts), LIMITS, id="1", client="a", arrived_at=0.0)
