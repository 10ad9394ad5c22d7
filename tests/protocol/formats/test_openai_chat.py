"""What a program sends to OpenAI's API becomes one question, or a sentence that names a field."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.chat import Role
from protocol.errors import BadImage, BadRequest, ImageTooLarge, RequestError
from protocol.formats.fields import Fields
from protocol.formats.openai_answer import error_payload
from protocol.formats.openai_chat import Chat, Message, parse_chat, write_chat
from protocol.frame import FrameLimits, check_frame
from protocol.request import QueryRequest, SamplingParams
from protocol.tiled import TiledFrame, tile
from protocol.upstream import UpstreamParams
from tests.protocol.pictures import data_url, encoded

LIMITS = FrameLimits(max_bytes=20_000, max_pixels=100_000)
JPEG, PNG = encoded(), encoded("PNG")


def parse(body: dict) -> Chat:
    common = {"id": "1", "client": "ann", "arrived_at": 0.0}
    return parse_chat(Fields(body), limits=LIMITS, **common)


def user(content: object) -> dict:
    return {"role": "user", "content": content}


def text(words: object) -> dict:
    return {"type": "text", "text": words}


def image(data: bytes = JPEG) -> dict:
    return {"type": "image_url", "image_url": {"url": data_url(data)}}


def ask(*parts: dict, **fields: object) -> Chat:
    """What a message of these parts becomes, or of a text where there are none."""
    return parse({"messages": [user(list(parts) or "What is it?")]} | fields)


def test_question_and_picture_are_those_of_the_message():
    asked = ask(text("What is it?"), image()).asked
    assert (asked.question, asked.frame.data) == ("What is it?", JPEG)


def test_question_is_asked_for_the_client_under_the_id_that_it_was_given():
    asked = ask().asked
    assert (asked.id, asked.client, asked.arrived_at) == ("1", "ann", 0.0)


@given(parts=st.permutations([text("One"), image(JPEG), text("two"), image(PNG)]))
def test_parts_may_come_in_any_order(parts: list[dict]):
    asked = ask(*parts).asked
    words = [part["text"] for part in parts if "text" in part]
    assert [line for line in asked.question.split("\n") if line[0] != "("] == words
    jpeg_first = parts.index(image(JPEG)) < parts.index(image(PNG))
    assert asked.frame.data == (JPEG + PNG if jpeg_first else PNG + JPEG)


def test_picture_may_stand_as_a_bare_text():
    part = {"type": "image_url", "image_url": data_url(JPEG)}
    assert ask(text("What?"), part).asked.frame.data == JPEG


def test_question_needs_no_picture():
    asked = parse({"messages": [user("ping")]}).asked
    assert (asked.question, asked.frame) == ("ping", None)


def test_several_pictures_are_one_with_all_of_them():
    frame = ask(image(), text("What?"), image(PNG)).asked.frame
    assert isinstance(frame, TiledFrame)
    assert len(frame.parts) == 2


def test_sixteen_pictures_are_read_and_none_of_one_too_many():
    assert len(ask(text("What?"), *[image()] * 16).asked.frame.parts) == 16
    with pytest.raises(BadRequest, match=r"`messages\[0\]\.content\[17\]\.image_url` is one too"):
        ask(text("What?"), *[image()] * 17)


def test_pictures_of_all_messages_are_shown():
    turns = [user([image()]), {"role": "assistant", "content": "Red."}, user([image(PNG)])]
    assert len(parse({"messages": turns}).asked.frame.parts) == 2


def test_instructions_and_earlier_turns_stand_in_front_of_the_question():
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [text("Be kind.")]},
        user("Is it red?"),
        {"role": "assistant", "content": "No."},
        user("Blue?"),
    ]
    question = "Be brief.\nBe kind.\nUser: Is it red?\nAssistant: No.\nBlue?"
    assert parse({"messages": turns}).asked.question == question


def test_assistant_without_words_says_nothing():
    turns = [user("Is it red?"), {"role": "assistant", "content": None}, user("Blue?")]
    assert parse({"messages": turns}).asked.question == "User: Is it red?\nBlue?"


def test_sampling_is_as_everywhere_when_nothing_is_said():
    assert ask().asked.sampling == SamplingParams()


def test_null_says_nothing():
    names = ("model", "max_tokens", "max_completion_tokens", "temperature", "top_p", "seed", "stop")
    names += ("stream", "stream_options", "n", "response_format", "reasoning", "reasoning_effort")
    names += ("tools", "tool_choice", "functions", "audio", "modalities", "logprobs")
    assert ask(**dict.fromkeys(names)) == ask()


def test_unknown_fields_are_ignored():
    assert ask(user="ann", store=True, logit_bias={"1": 2}, service_tier="auto", x=[1]) == ask()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"temperature": 2}, {"temperature": 2}),
        ({"top_p": 0.5}, {"top_p": 0.5}),
        ({"max_tokens": 7}, {"max_tokens": 7}),
        ({"max_completion_tokens": 7}, {"max_tokens": 7}),
        ({"max_tokens": 9, "max_completion_tokens": 7}, {"max_tokens": 7}),
        ({"max_tokens": 128_000}, {"max_tokens": 2048}),
        ({"seed": 0}, {"seed": 0}),
        ({"seed": 2**63 - 1}, {"seed": 2**63 - 1}),
        ({"seed": -1}, {"seed": 2**63 - 1}),
        ({"stop": "END"}, {"stop": ("END",)}),
        ({"stop": ["a", "b", "c", "\n"]}, {"stop": ("a", "b", "c", "\n")}),
    ],
)
def test_sampling_is_read(sent: dict, kept: dict):
    assert ask(**sent).asked.sampling == SamplingParams(**kept)


@pytest.mark.parametrize(
    ("sent", "is_reasoning"),
    [
        ({"reasoning": True}, True),
        ({"reasoning": False}, False),
        ({"reasoning_effort": "none"}, False),
        ({"reasoning_effort": "minimal"}, False),
        ({"reasoning_effort": "low"}, True),
        ({"reasoning_effort": "high"}, True),
        ({"reasoning_effort": "a word of next year"}, True),
    ],
)
def test_model_thinks_first_when_it_is_asked_to(sent: dict, is_reasoning: bool):
    assert ask(**sent).asked.is_reasoning == is_reasoning


@pytest.mark.parametrize(
    ("wanted", "schema"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, {"type": "object"}),
        ({"type": "json_object", "schema": {"type": "array"}}, {"type": "array"}),
        ({"type": "json_schema", "json_schema": {"schema": {"type": "null"}}}, {"type": "null"}),
        (
            {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": {}}},
            {},
        ),
    ],
)
def test_answer_keeps_to_the_schema_of_its_format(wanted: dict, schema: dict | None):
    found = ask(response_format=wanted).asked.json_schema
    assert (None if found is None else json.loads(found)) == schema


def test_answer_is_streamed_when_it_is_asked_for():
    assert not ask().is_streamed
    assert ask(stream=True).is_streamed


def test_usage_is_streamed_when_it_is_asked_for():
    assert not ask(stream=True).includes_usage
    assert ask(stream=True, stream_options={"include_usage": True}).includes_usage


@pytest.mark.parametrize("choice", [{"tool_choice": "none"}, {"function_call": "none"}])
def test_tools_that_must_not_be_called_are_ignored(choice: dict):
    assert ask(tools=[], functions=[]) == ask()
    name = "tools" if "tool_choice" in choice else "functions"
    assert ask(**{name: [{}]}, **choice) == ask()


# Of each body what is wrong, and the field that its error names.
REFUSED = {
    "messages that are no list": ({"messages": "What?"}, "messages"),
    "no message": ({"messages": []}, "messages"),
    "too many messages": ({"messages": [user("a")] * 257}, "messages"),
    "a message that is no object": ({"messages": [user("a"), "b"]}, "messages[1]"),
    "no role": ({"messages": [{"content": "a"}]}, "messages[0].role"),
    "a role of tools": ({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].role"),
    "only a system": ({"messages": [{"role": "system", "content": "a"}]}, "messages"),
    "an assistant at the end": (
        {"messages": [user("a"), {"role": "assistant", "content": "b"}]},
        "messages[1].role",
    ),
    "an empty question": ({"messages": [user("a"), user(" ")]}, "messages[1].content"),
    "no content": ({"messages": [{"role": "user"}]}, "messages[0].content"),
    "content of another type": ({"messages": [user(7)]}, "messages[0].content"),
    "no parts": ({"messages": [user([])]}, "messages[0].content"),
    "too many parts": ({"messages": [user([text("a")] * 65)]}, "messages[0].content"),
    "a part that is no object": ({"messages": [user(["a"])]}, "messages[0].content[0]"),
    "a part of no type": ({"messages": [user([{"text": "a"}])]}, "messages[0].content[0].type"),
    "a part of sound": (
        {"messages": [user([text("a"), {"type": "input_audio"}])]},
        "messages[0].content[1].type",
    ),
    "a text of another type": ({"messages": [user([text(7)])]}, "messages[0].content[0].text"),
    "a picture without its address": (
        {"messages": [user([{"type": "image_url"}])]},
        "messages[0].content[0].image_url.url",
    ),
    "a picture of another type": (
        {"messages": [user([{"type": "image_url", "image_url": 7}])]},
        "messages[0].content[0].image_url",
    ),
    "a picture that is none": (
        {"messages": [user([image(b"text")])]},
        "messages[0].content[0].image_url.url",
    ),
    "two answers": ({"n": 2}, "n"),
    "an n of another type": ({"n": True}, "n"),
    "tools": ({"tools": [{"type": "function"}]}, "tools"),
    "tools to be called": ({"tools": [{}], "tool_choice": "auto"}, "tools"),
    "functions": ({"functions": [{"name": "f"}]}, "functions"),
    "sound": ({"modalities": ["text", "audio"]}, "modalities"),
    "a voice": ({"audio": {"voice": "alloy"}}, "audio"),
    "probabilities": ({"logprobs": True}, "logprobs"),
    "too hot": ({"temperature": 2.1}, "temperature"),
    "too cold": ({"temperature": -0.1}, "temperature"),
    "top_p above 1": ({"top_p": 1.1}, "top_p"),
    "no tokens": ({"max_tokens": 0}, "max_tokens"),
    "no tokens by its newer name": ({"max_completion_tokens": 0}, "max_completion_tokens"),
    "half a token": ({"max_tokens": 0.5}, "max_tokens"),
    "a seed that is no number": ({"seed": "a"}, "seed"),
    "five stops": ({"stop": [*"abcde"]}, "stop"),
    "an empty stop": ({"stop": ""}, "stop"),
    "a stream that is no flag": ({"stream": "yes"}, "stream"),
    "options of another type": ({"stream_options": 7}, "stream_options"),
    "usage that is no flag": (
        {"stream_options": {"include_usage": 1}},
        "stream_options.include_usage",
    ),
    "a format of another type": ({"response_format": "json"}, "response_format"),
    "a format that is not known": ({"response_format": {"type": "xml"}}, "response_format.type"),
    "a schema that is missing": (
        {"response_format": {"type": "json_schema"}},
        "response_format.json_schema.schema",
    ),
    "a schema of another type": (
        {"response_format": {"type": "json_schema", "json_schema": {"schema": True}}},
        "response_format.json_schema.schema",
    ),
    "an effort of another type": ({"reasoning_effort": 7}, "reasoning_effort"),
    "reasoning of another type": ({"reasoning": {}}, "reasoning"),
}


@pytest.mark.parametrize(("fields", "path"), REFUSED.values(), ids=REFUSED.keys())
def test_error_names_the_field_that_is_wrong(fields: dict, path: str):
    with pytest.raises((BadRequest, BadImage)) as refused:
        parse({"messages": [user("What is it?")]} | fields if "messages" not in fields else fields)
    assert error_payload(refused.value)["error"]["param"] == path


def test_messages_are_missing_when_there_is_nothing_else():
    with pytest.raises(BadRequest, match="`messages` must be a list of 1 to 256 objects"):
        parse({})


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/cat.jpg",
        "http://localhost:5000/cat.jpg",
        "ftp://example.com/cat.jpg",
        "file:///etc/passwd",
        "//example.com/cat.jpg",
        "cat.jpg",
        "",
    ],
)
def test_picture_that_lies_elsewhere_is_not_fetched(url: str):
    sentence = (
        r"`messages\[0\]\.content\[1\]\.image_url\.url` must be a data URL"
        r" \(data:image/jpeg;base64,…\): a picture that lies elsewhere is not fetched\."
    )
    with pytest.raises(BadImage, match=sentence):
        ask(text("What?"), {"type": "image_url", "image_url": {"url": url}})


def test_error_about_a_picture_names_it_once():
    plain = {"type": "image_url", "image_url": {"url": "data:image/jpeg,abc"}}
    with pytest.raises(BadImage) as refused:
        ask(text("What?"), plain)
    assert refused.value.message.count("messages[0]") == 1


def test_picture_that_is_too_large_is_refused_by_its_name():
    large = image(encoded("PNG", size=(1000, 101)))
    with pytest.raises(ImageTooLarge, match=r"`messages\[0\]\.content\[0\]\.image_url\.url`: The"):
        ask(large)


def test_all_messages_together_are_at_most_as_long_as_a_question():
    turns = [{"role": "system", "content": "a" * 1000}, user("b" * 999)]
    assert len(parse({"messages": turns}).asked.question) == 2000
    turns[1]["content"] += "b"
    with pytest.raises(BadRequest, match="all messages together has 2,001 characters; at most"):
        parse({"messages": turns})


def test_half_a_character_is_refused():
    with pytest.raises(BadRequest, match="half a character"):
        ask(text("a\ud83d"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
# Fields by their names, so that more than the first check is met.
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "image_url", "input_audio"]) | JSON,
        "text": st.text() | JSON,
        "image_url": JSON
        | st.fixed_dictionaries({"url": JSON | st.sampled_from([data_url(JPEG), "https://a"])}),
    },
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["system", "developer", "user", "assistant"]) | JSON,
        "content": st.text() | st.lists(PARTS, max_size=3) | JSON,
    },
)
NAMES = sorted({name for fields, _ in REFUSED.values() for name in fields} - {"messages"})


@given(
    messages=st.lists(MESSAGES, max_size=4) | JSON,
    fields=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4),
)
def test_whatever_is_sent_is_read_or_refused_in_words(messages: object, fields: dict):
    with suppress(RequestError):
        asked = parse({"messages": messages} | fields).asked
        assert asked.question.strip()


@given(body=st.dictionaries(st.text(), JSON))
def test_any_object_is_read_or_refused_in_words(body: dict):
    with suppress(RequestError):
        parse(body)


ONE, TWO = (check_frame(each, LIMITS) for each in (JPEG, PNG))
COMMON = {"id": "1", "client": "ann", "arrived_at": 0.0, "upstream": UpstreamParams("gemma")}


@pytest.mark.parametrize(
    "asked",
    [
        QueryRequest(**COMMON, question="What is it?"),
        QueryRequest(**COMMON, question="What is it?", frame=ONE, is_reasoning=True),
        QueryRequest(
            **COMMON,
            question="Which is red?",
            frame=tile([ONE, TWO], LIMITS),
            sampling=SamplingParams(7, 50, 0.5, 0.9, 11, ("\n", "END")),
        ),
        QueryRequest(**COMMON, question="What is it?", json_schema='{"type":"object"}'),
    ],
)
def test_what_is_written_for_another_server_is_read_as_the_same_question(asked: QueryRequest):
    pictures = tuple(asked.frame.split() if isinstance(asked.frame, TiledFrame) else [asked.frame])
    body = write_chat(
        [Message(Role.USER, asked.question, pictures if asked.frame else ())],
        "gemma",
        asked.sampling,
        json_schema=asked.json_schema,
        is_reasoning=asked.is_reasoning,
    )
    chat = parse(json.loads(json.dumps(body)))
    assert chat.asked == asked
    assert chat.is_streamed
    assert chat.includes_usage


def test_instruction_that_is_written_is_read_in_front_of_the_question():
    messages = [Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "What is it?", (ONE,))]
    asked = parse(write_chat(messages, "gemma", SamplingParams())).asked
    assert asked.question == "Be brief.\nWhat is it?"
