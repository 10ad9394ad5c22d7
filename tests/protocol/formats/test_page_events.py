"""What a page sends becomes a request or a sentence; what happens becomes plain JSON."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.answer import Finished, FinishReason, Started, Timings, Usage, Waiting, refusal
from protocol.errors import (
    BadImage,
    BadRequest,
    Busy,
    FrameForgotten,
    ImageTooLarge,
    OutOfMemory,
    RequestError,
    UpstreamFailed,
)
from protocol.formats.page_events import (
    event_payload,
    parse_cancel,
    parse_request,
    request_id,
    status_payload,
)
from protocol.frame import FrameLimits, check_frame
from protocol.pieces import Chosen, Found, Reasoned, TextDelta
from protocol.places import Box, Grounding, Point
from protocol.request import (
    NOTHING_YET,
    CaptionResult,
    DetectResult,
    LookResult,
    PointResult,
    QueryResult,
    Request,
    SamplingParams,
    Skill,
)
from protocol.status import LoadStage, ModelState, Progress, Status
from tests.protocol.pictures import data_url, encoded

LIMITS = FrameLimits(max_bytes=10_000, max_pixels=100_000)
JPEG = encoded()


def parse(payload: object, skill: Skill = Skill.QUERY, held=None) -> Request:
    """The request that a payload becomes for somebody who holds the frames in `held`."""
    return parse_request(
        skill,
        payload,
        id=request_id(payload),
        client="ann",
        limits=LIMITS,
        find_frame=(held or {}).get,
    )


def question(**fields: object) -> dict:
    return {"question": "What is it?", "image": JPEG} | fields


def test_request_of_the_simplest_page_needs_a_question_and_a_data_url():
    asked = parse({"question": "What is it?", "image": data_url(JPEG)})
    assert (asked.question, asked.frame.data) == ("What is it?", JPEG)


def test_request_is_greedy_when_nothing_is_said_about_sampling():
    assert parse(question()).sampling == SamplingParams(temperature=0.0)


def test_request_keeps_every_setting():
    settings = {"max_tokens": 7, "temperature": 0.5, "top_p": 0.9, "seed": 3}
    sampling = parse(question(settings=settings)).sampling
    assert sampling == SamplingParams(max_tokens=7, temperature=0.5, top_p=0.9, seed=3)


def test_settings_name_a_schema_and_stop_texts():
    asked = parse(question(settings={"json_schema": {"type": "object"}, "stop": ["\n", "END"]}))
    assert asked.json_schema == '{"type":"object"}'
    assert asked.sampling.stop == ("\n", "END")


def test_schema_with_choices_is_refused():
    with pytest.raises(BadRequest, match=r"`settings\.json_schema`"):
        parse(question(choices=["yes", "no"], settings={"json_schema": {}}))


@pytest.mark.parametrize("mime", ["jpeg", "png", "webp", "JPEG", "x-whatever"])
def test_request_reads_the_picture_itself_and_not_what_its_data_url_calls_it(mime):
    assert parse(question(image=data_url(JPEG, f"image/{mime}"))).frame.data == JPEG


def test_request_finds_a_frame_that_is_held():
    frame = check_frame(JPEG, LIMITS)
    asked = parse({"question": "And now?", "frame": "f1"}, held={"f1": frame})
    assert (asked.frame, asked.frame_id) == (frame, "f1")


def test_request_gives_every_new_frame_a_name_of_its_own():
    assert parse(question()).frame_id != parse(question()).frame_id


@pytest.mark.parametrize("length", ["short", "normal", "long"])
def test_caption_has_the_length_asked_for(length):
    assert parse({"image": JPEG, "length": length}, Skill.CAPTION).length == length


def test_caption_is_of_normal_length_when_none_is_asked_for():
    assert parse({"image": JPEG}, Skill.CAPTION).length == "normal"


@pytest.mark.parametrize("text", ["x" * 2000, "¿Qué? 日本語 🙂", " a ", "a\0b", "\u202eabc"])
def test_question_may_be_any_text(text):
    assert parse(question(question=text)).question == text


def test_choices_are_kept_in_their_order():
    assert parse(question()).choices == ()
    assert parse(question(choices=["yes", "no"])).choices == ("yes", "no")


def test_choices_are_refused_beside_reasoning():
    assert parse(question(choices=["yes", "no"], reasoning=False)).choices
    with pytest.raises(BadRequest, match="leave one of them out"):
        parse(question(choices=["yes", "no"], reasoning=True))


NO_QUESTION = {
    "missing": None,
    "empty": "",
    "spaces": " \t\n ",
    "too long": "x" * 2001,
    "a number": 5,
    "a list": ["What is it?"],
    "bytes": b"What is it?",
    "half a character": "a\ud800",
}


@pytest.mark.parametrize("value", NO_QUESTION.values(), ids=NO_QUESTION.keys())
def test_question_is_refused_when_it_is_not_one(value):
    with pytest.raises(BadRequest):
        parse(question(question=value))


@pytest.mark.parametrize("payload", [None, [], "text", 5, 1.5, True, JPEG])
def test_payload_is_refused_when_it_is_no_object(payload):
    with pytest.raises(BadRequest, match="object"):
        parse(payload)


NO_IMAGE = {
    "missing": None,
    "empty text": "",
    "empty bytes": b"",
    "a number": 5,
    "an object": {"url": "http://example.org/cat.jpg"},
    "an address": "http://example.org/cat.jpg",
    "plain base64": data_url(JPEG).partition(",")[2],
    "no base64": "data:image/jpeg;base64,*****",
    "base64 cut short": data_url(JPEG)[:-3],
    "base64 of half a character": "data:image/jpeg;base64,\ud800",
    "an empty data url": "data:image/jpeg;base64,",
    "base64 of text": data_url(b"a picture of a cat"),
}


@pytest.mark.parametrize("image", NO_IMAGE.values(), ids=NO_IMAGE.keys())
def test_image_is_refused_when_it_is_not_one(image):
    with pytest.raises(BadImage):
        parse(question(image=image))


@pytest.mark.parametrize("frame", ["gone", "", 5, [], {}, "\ud800"])
def test_frame_is_refused_when_it_is_not_held(frame):
    with pytest.raises(FrameForgotten, match="no longer held"):
        parse({"question": "And now?", "frame": frame})


@pytest.mark.parametrize("n_over", [1, 2, 3, 1000, 10_000])
@pytest.mark.parametrize("wrap", [bytes, data_url], ids=["attachment", "data url"])
def test_image_is_refused_just_over_the_byte_limit(wrap, n_over):
    data = JPEG + b"\0" * (LIMITS.max_bytes + n_over - len(JPEG))
    with pytest.raises(ImageTooLarge):
        parse(question(image=wrap(data)))


@pytest.mark.parametrize("wrap", [bytes, data_url], ids=["attachment", "data url"])
def test_image_is_accepted_at_the_byte_limit(wrap):
    data = JPEG + b"\0" * (LIMITS.max_bytes - len(JPEG))
    assert parse(question(image=wrap(data))).frame.data == data


NO_NUMBERS = [True, False, "5", [5], {}, float("nan"), float("inf"), -float("inf"), 1e308, 10**400]
BAD_SETTINGS = [
    *(("temperature", value) for value in [*NO_NUMBERS, -0.1, 2.1]),
    *(("top_p", value) for value in [*NO_NUMBERS, -0.1, 1.1]),
    *(("max_tokens", value) for value in [*NO_NUMBERS, 0, -1, 2049, 1.5, 10.0]),
    *(("seed", value) for value in [*NO_NUMBERS, -1, 2**63, 0.5]),
    *(("stop", value) for value in [5, True, "", [""], [5], [*"abcde"], "x" * 201]),
    *(("json_schema", value) for value in [5, True, "{}", [], {"a": b""}, {"a": "x" * 64_000}]),
]


@pytest.mark.parametrize(("name", "value"), BAD_SETTINGS)
def test_setting_is_refused_by_name_when_it_is_of_a_wrong_type_or_out_of_range(name, value):
    with pytest.raises(BadRequest, match=f"settings.{name}"):
        parse(question(settings={name: value}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0),
        ("temperature", 2),
        ("temperature", 5e-324),
        ("top_p", 0),
        ("top_p", 1),
        ("max_tokens", 1),
        ("max_tokens", 2048),
        ("seed", 0),
        ("seed", 2**63 - 1),
        ("seed", None),
    ],
)
def test_setting_is_accepted_at_the_ends_of_its_range(name, value):
    assert getattr(parse(question(settings={name: value})).sampling, name) == value


@pytest.mark.parametrize("settings", [[], "greedy", 0, True])
def test_settings_are_refused_when_they_are_no_object(settings):
    with pytest.raises(BadRequest, match="settings"):
        parse(question(settings=settings))


@pytest.mark.parametrize("live", [0, 1, "yes", []])
def test_live_is_refused_when_it_is_no_boolean(live):
    with pytest.raises(BadRequest, match="live"):
        parse(question(live=live))


@pytest.mark.parametrize("length", ["", "LONG", "medium", 5, [], {}])
def test_length_is_refused_when_it_is_none_of_the_three(length):
    with pytest.raises(BadRequest, match="length"):
        parse({"image": JPEG, "length": length}, Skill.CAPTION)


@pytest.mark.parametrize("skill", [Skill.DETECT, Skill.POINT])
def test_detect_and_point_look_for_an_object(skill):
    assert parse({"object": "red circle", "image": JPEG}, skill).object == "red circle"


@pytest.mark.parametrize("object", [None, "", "  ", "x" * 201, 5, [], "\ud800"])
def test_object_is_refused_when_it_is_no_name(object):
    with pytest.raises(BadRequest, match="object"):
        parse({"object": object, "image": JPEG}, Skill.DETECT)


def test_places_that_a_question_speaks_of_are_kept_in_order():
    refs = [[0, 1], [0.1, 0.2, 0.3, 0.4], [0.5, 0.5]]
    assert parse(question(spatial_refs=refs)).spatial_refs == tuple(map(tuple, refs))


BAD_PLACES = {
    "no list": {},
    "a number": 0.5,
    "a place that is no list": ["ab"],
    "one number": [[0.5]],
    "three numbers": [[0.1, 0.2, 0.3]],
    "above one": [[0.5, 1.01]],
    "below zero": [[-0.01, 0.5]],
    "text": [["0.5", "0.5"]],
    "true": [[True, 0.5]],
    "not a number": [[float("nan"), 0.5]],
    "reversed in x": [[0.6, 0.1, 0.4, 0.2]],
    "reversed in y": [[0.1, 0.6, 0.2, 0.4]],
    "too many": [[0.5, 0.5]] * 17,
}


@pytest.mark.parametrize("refs", BAD_PLACES.values(), ids=BAD_PLACES.keys())
def test_places_are_refused_when_they_are_none(refs):
    with pytest.raises(BadRequest):
        parse(question(spatial_refs=refs))


@pytest.mark.parametrize("reasoning", [0, 1, "yes", []])
def test_reasoning_is_refused_when_it_is_no_boolean(reasoning):
    with pytest.raises(BadRequest, match="reasoning"):
        parse(question(reasoning=reasoning))


def test_places_travel_as_objects_or_points_and_one_by_one():
    box, point = Box(0.1, 0.2, 0.3, 0.4), Point(0.5, 0.6)
    assert event_payload(Found("1", box)) == ("found", {"id": "1", "place": vars(box)})
    end = Finished("1", FinishReason.STOP, DetectResult((box,)), Timings(), Usage())
    assert event_payload(end)[1]["objects"] == [vars(box)]
    end = Finished("1", FinishReason.STOP, PointResult((point,)), Timings(), Usage())
    assert event_payload(end)[1]["points"] == [vars(point)]


def test_reasoning_travels_with_the_places_it_speaks_of():
    thought = Reasoned("1", "a mug", (Grounding(2, 5, ((0.5, 0.6),)),))
    name, payload = event_payload(thought)
    assert name == "reasoning"
    grounding = [{"start_idx": 2, "end_idx": 5, "points": [[0.5, 0.6]]}]
    assert json.loads(json.dumps(payload)) == {"id": "1", "text": "a mug", "grounding": grounding}


def test_fields_that_nobody_knows_are_ignored():
    assert parse(question(model="gpt", stream=True)).question == "What is it?"


@pytest.mark.parametrize("id", ["a", "x" * 64, "🙂", " "])
def test_id_of_the_client_is_kept(id):
    assert request_id({"id": id}) == id


@pytest.mark.parametrize("id", ["", "x" * 65, 5, True, [], {}, b"id"])
def test_id_is_refused_and_answered_under_another_when_it_cannot_be_used(id):
    payload = question(id=id)
    assert request_id(payload) != id
    with pytest.raises(BadRequest, match="id"):
        parse(payload)


@pytest.mark.parametrize("payload", [None, [], "a", 5, {}, {"id": 5}, {"id": None}, {"id": []}])
def test_cancel_without_an_id_names_nothing(payload):
    assert parse_cancel(payload) is None


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
SETTINGS = ["max_tokens", "temperature", "top_p", "seed", "stop", "json_schema"]
FIELDS = ["question", "choices", "image", "frame", "id", "live", "length", "settings", *SETTINGS]
NEARLY_RIGHT = st.dictionaries(
    st.sampled_from(FIELDS),
    JSON_LIKE
    | st.just(JPEG)
    | st.just(data_url(JPEG))
    | st.dictionaries(st.sampled_from(FIELDS), JSON_LIKE),
)


@given(skill=st.sampled_from(Skill), payload=JSON_LIKE | NEARLY_RIGHT)
def test_payload_of_any_kind_becomes_a_request_or_a_sentence(skill, payload):
    with suppress(RequestError):
        assert isinstance(parse(payload, skill), Request)


@given(payload=JSON_LIKE | NEARLY_RIGHT)
def test_cancel_of_any_kind_is_an_id_or_nothing(payload):
    assert isinstance(parse_cancel(payload), str | None)


TIMINGS = st.builds(Timings, *[st.floats(0, 1e6)] * 2, st.none() | st.floats(0, 1e6))
ERRORS = st.none() | st.sampled_from([BadRequest("No."), Busy("Later."), BadImage("What?")])
EVENTS = st.one_of(
    st.builds(Waiting, st.text(), st.integers(1, 99), st.none() | st.floats(0, 1e6)),
    st.builds(Started, st.text(), st.none() | st.text(), st.floats(0, 1e6)),
    st.builds(TextDelta, st.text(), st.text()),
    st.builds(Chosen, st.text(), st.text(), st.tuples(st.floats(0, 1))),
    st.builds(
        Finished,
        st.text(),
        st.sampled_from(FinishReason),
        st.sampled_from(list(NOTHING_YET.values())) | st.builds(QueryResult, st.text()),
        TIMINGS,
        st.builds(Usage, st.integers(0), st.integers(0)),
        ERRORS,
    ),
)


@given(event=EVENTS)
def test_event_becomes_plain_json_under_its_id(event):
    name, payload = event_payload(event)
    assert name in ("waiting", "started", "token", "response", "looked")
    assert json.loads(json.dumps(payload, allow_nan=False))["id"] == event.id


def test_response_to_choices_names_the_one_and_the_probability_of_each():
    result = QueryResult("no", None, (0.25, 0.75))
    _, payload = event_payload(Finished("1", FinishReason.STOP, result, Timings(), Usage()))
    chosen = {"answer": "no", "choice": "no", "probabilities": [0.25, 0.75]}
    assert payload.items() >= chosen.items()


def test_response_without_choices_names_none():
    end = Finished("1", FinishReason.STOP, QueryResult("A red mug."), Timings(), Usage())
    assert not {"choice", "probabilities"} & event_payload(end)[1].keys()


def test_chosen_answer_travels_as_its_words():
    name, payload = event_payload(Chosen("1", "yes", (0.75, 0.25)))
    assert (name, payload) == ("token", {"id": "1", "text": "yes"})


@pytest.mark.parametrize(("result", "key"), [(QueryResult, "answer"), (CaptionResult, "caption")])
def test_response_holds_the_text_under_the_name_of_its_skill(result, key):
    end = Finished("1", FinishReason.STOP, result("A red mug."), Timings(), Usage())
    _, payload = event_payload(end)
    assert payload[key] == "A red mug."
    assert "error" not in payload


@pytest.mark.parametrize("skill", [each for each in Skill if each is not Skill.LOOK])
def test_refusal_tells_its_sentence_as_answer_too(skill):
    _, payload = event_payload(refusal("1", skill, Busy("Too many.")))
    assert payload["answer"] == "Too many."
    assert payload["error"] == {"code": "busy", "message": "Too many.", "retry_after_s": 1}
    assert payload["finish_reason"] == "error"


@pytest.mark.parametrize(
    ("error", "codes"),
    [
        (FrameForgotten(), {"code": "frame_forgotten", "general_code": "bad_image"}),
        (OutOfMemory("Too much."), {"code": "out_of_memory", "general_code": "internal"}),
    ],
)
def test_error_with_a_code_of_its_own_names_the_wider_kind_that_stood_there_before(error, codes):
    """Programs that know only the older codes go by `general_code`."""
    _, payload = event_payload(refusal("1", Skill.QUERY, error))
    assert payload["error"] == {**codes, "message": error.message}


@pytest.mark.parametrize(
    ("reason", "frame"),
    [(FinishReason.STOP, "f1"), (FinishReason.CANCELLED, None), (FinishReason.REPLACED, None)],
)
def test_end_of_a_look_names_the_frame_that_was_looked_at(reason, frame):
    end = Finished("1", reason, LookResult(), Timings(), Usage(), frame_id="f1")
    name, payload = event_payload(end)
    assert name == "looked"
    assert payload.items() >= {"id": "1", "frame": frame, "finish_reason": reason}.items()
    assert "answer" not in payload


@pytest.mark.parametrize(
    ("error", "retry_after_s"),
    [
        (UpstreamFailed("Too much.", 30.0), 30.0),
        (UpstreamFailed("Gone."), None),
        (BadImage("No picture."), None),
    ],
)
def test_failure_tells_when_to_try_again_where_that_is_known(error, retry_after_s):
    _, payload = event_payload(refusal("1", Skill.QUERY, error))
    assert payload["error"].get("retry_after_s") == retry_after_s


def test_refused_look_is_told_as_a_look():
    name, payload = event_payload(refusal("1", Skill.LOOK, Busy("Too many.")))
    assert (name, payload["frame"]) == ("looked", None)
    assert payload["error"] == {"code": "busy", "message": "Too many."}


def test_look_needs_a_picture_and_nothing_else():
    assert parse({"image": JPEG}, Skill.LOOK).frame is not None
    with pytest.raises(BadImage):
        parse({}, Skill.LOOK)


def test_status_tells_every_field_of_the_contract():
    progress = Progress(LoadStage.READING, 5, 10)
    status = Status(ModelState.LOADING, "demo", "cpu", progress=progress, is_demo=True)
    payload = json.loads(json.dumps(status_payload(status)))
    assert payload["progress"].items() >= {"stage": "reading", "done": 5, "total": 10}.items()
    assert (
        payload.items()
        >= {
            "status": "loading",
            "model": "demo",
            "device": "cpu",
            "is_demo": True,
            "notice": None,
            "error": None,
        }.items()
    )
