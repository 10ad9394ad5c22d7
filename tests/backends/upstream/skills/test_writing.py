"""What a model writes arrives word by word, without what is not its answer."""

import pytest

from model import Model, load_model
from protocol.answer import FinishReason
from protocol.errors import UpstreamCut, UpstreamFailed, UpstreamUnreadable
from protocol.request import SamplingParams
from settings import Settings
from tests.backends.upstream.chat_server import (
    MODEL,
    ChatServer,
    answers,
    pictures_of,
    says,
    texts_of,
    thinks,
)
from tests.protocol.pictures import encoded

JPEG = encoded()


def test_question_is_answered_word_by_word(model: Model, chat: ChatServer):
    answer = model.query(JPEG, "What is it?")
    assert list(answer) == ["A ", "mug."]
    assert answer.finish_reason is FinishReason.STOP
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (9, 2)
    assert chat.asked == "What is it?"
    assert len(pictures_of(chat.bodies[0])) == 1


def test_whole_answer_of_a_server_that_does_not_stream_is_one_word(model: Model, chat: ChatServer):
    chat.replies(answers("A mug."))
    assert list(model.query(None, "What is it?")) == ["A mug."]


@pytest.mark.parametrize("length", ["short", "normal", "long"])
def test_description_is_asked_for_by_its_length(model: Model, chat: ChatServer, length: str):
    list(model.caption(JPEG, length))
    assert {"short": "short", "normal": "few", "long": "detail"}[length] in chat.asked


def test_answer_that_ran_out_of_tokens_says_so(model: Model, chat: ChatServer):
    chat.replies(says("A", reason="length"))
    answer = model.query(None, "What is it?", SamplingParams(max_tokens=1))
    assert list(answer) == ["A"]
    assert answer.finish_reason is FinishReason.LENGTH
    assert chat.bodies[0]["max_tokens"] == 1


def test_thoughts_are_told_before_the_answer_to_who_asked_for_them(model: Model, chat: ChatServer):
    chat.replies(thinks("Round, ", "with a handle.", then=says("A mug.")))
    answer = model.query(None, "What is it?", is_reasoning=True)
    assert next(answer) == "A mug."
    assert answer.reasoning.text == "Round, with a handle."
    assert chat.bodies[0]["reasoning_effort"] == "medium"


def test_thoughts_in_tags_are_told_apart_however_they_are_cut(model: Model, chat: ChatServer):
    chat.replies(says("<th", "ink>A hand", "le.</thi", "nk>\n\nA ", "mug."))
    answer = model.query(None, "What is it?", is_reasoning=True)
    assert list(answer) == ["A ", "mug."]
    assert answer.reasoning.text == "A handle."


def test_thoughts_are_left_out_where_nobody_asked(model: Model, chat: ChatServer):
    chat.replies(thinks("Hm.", then=says("<think>Hm.</think>A mug.")))
    answer = model.query(None, "What is it?")
    assert list(answer) == ["A mug."]
    assert answer.reasoning is None
    assert "reasoning_effort" not in chat.bodies[0]


def test_answer_ends_before_a_stop_text_also_of_a_server_that_ignores_it(
    model: Model, chat: ChatServer
):
    chat.replies(says("A mug. E", "ND and more"))
    answer = model.query(None, "What is it?", SamplingParams(stop=("END",)))
    assert "".join(answer) == "A mug. "
    assert answer.finish_reason is FinishReason.STOP
    assert chat.bodies[0]["stop"] == ["END"]


def test_model_that_does_not_stop_is_stopped(model: Model, chat: ChatServer):
    chat.replies(says(*["mug " * 100] * 100))
    answer = model.query(None, "What is it?", SamplingParams(max_tokens=4))
    assert len("".join(answer)) < 1000
    assert answer.finish_reason is FinishReason.LENGTH


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (says(), "answered without a word"),
        (says(" ", "\n"), "answered without a word"),
        (thinks("Hm.", then=says(reason="length")), "wrote no answer. Allow it more tokens"),
        (says("<think>Hm.</think>"), "wrote no answer. Ask again"),
    ],
)
def test_silence_is_an_error_with_a_sentence(
    model: Model, chat: ChatServer, reply: list, sentence: str
):
    chat.replies(reply)
    with pytest.raises(UpstreamUnreadable, match=sentence):
        list(model.query(None, "What is it?"))


def test_answer_that_a_filter_stopped_keeps_its_words_and_says_so(model: Model, chat: ChatServer):
    chat.replies(says("A mug", reason="content_filter"))
    answer = model.query(None, "What is it?")
    assert next(answer) == "A mug"
    with pytest.raises(UpstreamFailed, match="filter"):
        next(answer)


def test_answer_that_breaks_off_keeps_all_its_words(model: Model, chat: ChatServer):
    chat.replies([*says("A mug", " EN")[:2], None])
    answer = model.query(None, "What is it?", SamplingParams(stop=("END",)))
    assert next(answer) + next(answer) + next(answer) == "A mug EN"
    with pytest.raises(UpstreamCut, match="broke off"):
        next(answer)


def test_json_is_asked_for_by_schema_and_in_words_and_comes_without_its_fence(
    model: Model, chat: ChatServer
):
    chat.replies(says('```json\n{"a"', ': "END"}\n```'))
    schema = {"type": "object"}
    answer = model.query(None, "What is it?", json_schema=schema)
    assert list(answer) == ['{"a": "END"}']
    assert chat.bodies[0]["response_format"]["json_schema"]["schema"] == schema
    assert '{"type":"object"}' in chat.asked


def test_answer_that_is_no_json_is_an_error_that_shows_it(model: Model, chat: ChatServer):
    chat.replies(says("A mug, I think."))
    with pytest.raises(UpstreamUnreadable, match="it holds no JSON: A mug, I think"):
        list(model.query(None, "What is it?", json_schema={"type": "object"}))


def test_json_that_was_cut_short_stays_as_it_came(model: Model, chat: ChatServer):
    chat.replies(says('{"a": ', reason="length"))
    answer = model.query(None, "What is it?", json_schema={"type": "object"})
    assert list(answer) == ['{"a": ']
    assert answer.finish_reason is FinishReason.LENGTH


def test_places_that_a_question_speaks_of_are_told_in_words(model: Model, chat: ChatServer):
    list(model.query(JPEG, "What is this?", spatial_refs=[(0.5, 0.25), (0.1, 0.2, 0.3, 0.4)]))
    assert "the point x 0.500, y 0.250; the box from x 0.100, y 0.200" in chat.asked
    assert chat.asked.endswith("What is this?")


def test_nothing_else_is_said_to_the_model(model: Model, chat: ChatServer):
    list(model.query(None, "What is it?"))
    assert texts_of(chat.bodies[0]) == ["What is it?"]
    assert chat.bodies[0]["model"] == MODEL


def test_model_that_is_named_at_the_start_is_asked(chat: ChatServer):
    with load_model(Settings(model="llava", upstream=(chat.url,))) as model:
        list(model.query(None, "What is it?"))
    assert chat.bodies[0]["model"] == "llava"
