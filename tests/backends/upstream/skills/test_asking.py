"""What a server does not take is left out at once, and not sent again."""

from collections.abc import Callable

import pytest

from backends.upstream.model import UpstreamModel
from backends.upstream.skills.asking import MAX_MARKS, MAX_MODELS, Asking
from model import Model
from protocol.answer import FinishReason
from protocol.errors import Unsupported, UpstreamRefused
from protocol.frame import FrameLimits, check_frame
from protocol.request import SamplingParams, Skill
from protocol.tiled import tile
from protocol.upstream import UpstreamParams
from tests.backends.upstream.chat_server import (
    MODEL,
    Body,
    ChatServer,
    Reply,
    hear,
    pictures_of,
    refuses,
    says,
    texts_of,
)
from tests.protocol.pictures import encoded

JPEG = encoded()
LIMITS = FrameLimits(10_000, 100_000)
TWO = tile([check_frame(each, LIMITS) for each in (JPEG, encoded(color="blue"))], LIMITS)
NO_PICTURES = "image input is not supported - hint: you may need to provide the mmproj"


def refusing(*names: str) -> Callable[[Body], Reply]:
    """A model that refuses these fields, one at a time."""

    def reply(body: Body) -> Reply:
        refused = next((name for name in names if name in body), None)
        return says("A mug.") if refused is None else refuses(f"'{refused}' is not supported")

    return reply


@pytest.mark.parametrize("name", ["stream_options", "seed", "top_p", "temperature", "stop"])
def test_field_that_is_refused_is_left_out_then_and_later(
    model: Model, chat: ChatServer, name: str
):
    chat.reply = refusing(name)
    sampling = SamplingParams(seed=1, stop=("END",))
    for _ in range(2):
        assert list(model.query(None, "What is it?", sampling)) == ["A mug."]
    assert [name in body for body in chat.bodies] == [True, False, False]


def test_limit_of_tokens_is_sent_under_its_newer_name_where_the_older_is_refused(
    model: Model, chat: ChatServer
):
    chat.reply = refusing("max_tokens")
    list(model.query(None, "What is it?", SamplingParams(max_tokens=7)))
    assert chat.bodies[-1]["max_completion_tokens"] == 7


def test_both_names_of_the_limit_can_be_refused(model: Model, chat: ChatServer):
    chat.reply = refusing("max_tokens", "max_completion_tokens")
    assert list(model.query(None, "What is it?")) == ["A mug."]
    assert len(chat.bodies) == 3


def test_every_optional_field_can_be_refused(model: Model, chat: ChatServer):
    chat.reply = refusing(
        *("response_format", "stream_options", "reasoning_effort", "seed", "top_p", "temperature"),
        *("max_tokens", "max_completion_tokens", "stop"),
    )
    sampling = SamplingParams(seed=1, stop=("END",))
    chat_answer = model.query(None, "What?", sampling, is_reasoning=True)
    assert list(chat_answer) == ["A mug."]
    assert set(chat.bodies[-1]) == {"model", "messages", "stream"}


def test_schema_that_is_refused_says_nothing_of_others(model: Model, chat: ChatServer):
    def reply(body: Body) -> Reply:
        is_refused = "bad" in str(body.get("response_format"))
        return refuses("Invalid schema for response_format") if is_refused else says("{}")

    chat.reply = reply
    for word in ("bad", "bad", "good"):
        list(model.query(None, "What?", json_schema={"title": word}))
    sent = ["response_format" in body for body in chat.bodies]
    assert sent == [True, False, False, True]


def test_refusal_that_is_about_nothing_optional_is_told(model: Model, chat: ChatServer):
    chat.replies(refuses("The context is full."))
    with pytest.raises(UpstreamRefused, match="The context is full"):
        list(model.query(None, "What is it?"))
    assert len(chat.bodies) == 1


@pytest.mark.parametrize("status", [400, 500])
def test_model_that_reads_text_only_is_told_so_once(model: Model, chat: ChatServer, status: int):
    chat.reply = lambda body: refuses(NO_PICTURES, status) if pictures_of(body) else says("Yes.")
    for _ in range(2):
        with pytest.raises(Unsupported, match=f"{MODEL} reads text only. Choose a model that sees"):
            list(model.query(JPEG, "What is it?"))
    assert sum(bool(pictures_of(body)) for body in chat.bodies) == 1
    assert list(model.query(None, "Are you there?")) == ["Yes."]
    (abilities,) = model.status.upstream.abilities
    assert abilities.sees is False
    assert [skill for skill, _ in abilities.missing] == ["caption", "detect", "point"]


def test_bad_picture_is_not_taken_for_a_model_that_sees_none(model: Model, chat: ChatServer):
    chat.replies(refuses("The image cannot be decoded."), says("A mug."))
    with pytest.raises(UpstreamRefused):
        list(model.query(JPEG, "What is it?"))
    assert list(model.query(JPEG, "What is it?")) == ["A mug."]


def test_instruction_stands_in_front_as_what_the_system_says(
    backend: UpstreamModel, chat: ChatServer
):
    hear(backend, question="What is it?", upstream=UpstreamParams(instruction="Be brief."))
    assert texts_of(chat.bodies[0]) == ["Be brief.", "What is it?"]
    assert chat.bodies[0]["messages"][0]["role"] == "system"


def test_model_that_a_request_names_answers_it(backend: UpstreamModel, chat: ChatServer):
    hear(backend, upstream=UpstreamParams(model="llava"))
    assert chat.bodies[0]["model"] == "llava"


def test_several_pictures_are_sent_one_by_one_and_called_by_their_letters(
    backend: UpstreamModel, chat: ChatServer
):
    hear(backend, question="Which is red?", frame=TWO)
    assert len(pictures_of(chat.bodies[0])) == 2
    assert chat.asked == "The pictures are called A, B, in this order.\nWhich is red?"


def test_several_pictures_lie_in_one_for_a_model_that_takes_one(
    backend: UpstreamModel, chat: ChatServer
):
    told = "At most 1 image(s) may be provided in one prompt."
    chat.reply = lambda body: refuses(told) if len(pictures_of(body)) > 1 else says("A.")
    for _ in range(2):
        assert hear(backend, frame=TWO)[0].text == "A."
    assert [len(pictures_of(body)) for body in chat.bodies] == [2, 1, 1]
    (abilities,) = backend.status.upstream.abilities
    assert (abilities.sees, abilities.sees_several) == (None, False)


def test_look_sends_nothing(backend: UpstreamModel, chat: ChatServer):
    (end,) = hear(backend, Skill.LOOK)
    assert end.reason is FinishReason.STOP
    assert chat.bodies == []


def test_what_is_remembered_has_an_end():
    asking = Asking(None)
    for number in range(2 * MAX_MODELS):
        for mark in range(2 * MAX_MARKS):
            asking.leave_out(f"model {number}", f"field {mark}")
    assert len(asking._refused) == MAX_MODELS
    assert {len(marks) for marks in asking._refused.values()} == {MAX_MARKS}


def test_model_is_tried_anew_once_it_is_forgotten():
    asking = Asking(None)
    asking.leave_out("gemma", "seed")
    assert not asking.takes("gemma", "seed")
    assert asking.takes("llava", "seed")
    asking.forget("gemma")
    assert asking.takes("gemma", "seed")
