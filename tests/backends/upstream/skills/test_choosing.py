"""One of some answers: with probabilities where they are told, without where they are not."""

from math import log

import pytest

from backends.upstream.skills.choosing import match, names_of, shares_of
from model import Choice, Model
from protocol.errors import UpstreamUnreadable
from tests.backends.upstream.chat_server import ChatServer, answers, likely, refuses, says

YES_NO = ("yes", "no")


def test_likeliest_choice_is_told_with_probabilities(model: Model, chat: ChatServer):
    chat.replies(
        answers("No", logprobs=likely(No=log(0.6), yes=log(0.1), Yes=log(0.1), A=log(0.2)))
    )
    choice = model.choose(None, "Is it?", YES_NO)
    assert choice.choice == "no"
    assert choice.probabilities == pytest.approx((0.25, 0.75))
    assert chat.bodies[0]["top_logprobs"] == 20
    assert "stream" not in chat.bodies[0]


def test_choices_that_begin_alike_are_compared_by_their_letters(model: Model, chat: ChatServer):
    chat.replies(answers("B", logprobs=likely(A=log(0.2), B=log(0.8))))
    choice = model.choose(None, "Which?", ("red circle", "red square"))
    assert choice == Choice("red square", pytest.approx((0.2, 0.8)))
    assert "A) red circle\nB) red square" in chat.asked


@pytest.mark.parametrize("reply", [refuses("logprobs is not supported"), answers("Well, yes")])
def test_server_that_tells_no_probabilities_is_asked_for_one_of_them(
    model: Model, chat: ChatServer, reply: tuple
):
    chat.reply = lambda body: reply if "logprobs" in body else says('{"answer": "yes"}')
    for _ in range(2):
        assert model.choose(None, "Is it?", YES_NO) == Choice("yes", ())
    schema = chat.bodies[-1]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["answer"]["enum"] == ["yes", "no"]
    assert sum("logprobs" in body for body in chat.bodies) == 1


def test_model_that_is_about_to_say_something_else_is_asked_for_one_of_them(
    model: Model, chat: ChatServer
):
    other = answers("The", logprobs=likely(The=log(0.9), yes=log(0.01)))
    chat.replies(other, says("Yes."))
    assert model.choose(None, "Is it?", YES_NO) == Choice("yes", ())


def test_answer_that_is_none_of_the_choices_is_an_error_that_shows_it(
    model: Model, chat: ChatServer
):
    chat.replies(answers("Hm"), says("Perhaps so."))
    with pytest.raises(UpstreamUnreadable, match="none of the choices: Perhaps so"):
        model.choose(None, "Is it?", YES_NO)


@pytest.mark.parametrize(
    ("choices", "names"),
    [
        (("yes", "no"), ("yes", "no")),
        ((" Yes", "yes!"), ("A", "B")),
        (("red", "Rose", "blue"), ("A", "B", "C")),
    ],
)
def test_choices_are_asked_for_by_themselves_or_by_letters(choices: tuple, names: tuple):
    assert names_of(choices) == names


@pytest.mark.parametrize(
    ("token", "is_yes"),
    [
        ("yes", 1),
        (" Yes", 1),
        ("Y", 1),
        ('"yes', 1),
        ("yes,", 1),
        ("yesterday", 0),
        (" ", 0),
        ("The", 0),
    ],
)
def test_token_stands_for_the_choice_that_it_begins(token: str, is_yes: int):
    shares = shares_of({token: log(0.5), "no": log(0.5)}, YES_NO)
    assert shares == pytest.approx([0.5, 0.5] if is_yes else [0, 1])


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("yes", "yes"),
        ("Yes, it is.", "yes"),
        ('"yes"', "yes"),
        ("**Yes**", "yes"),
        ('{"answer": "yes"}', "yes"),
        ("The answer is yes.", "yes"),
        ("yesterday", None),
        ("yes or no", "yes"),
        ("It may be yes or no.", None),
        ("", None),
    ],
)
def test_answer_is_matched_with_the_choice_that_it_is(text: str, choice: str | None):
    assert match(text, YES_NO) == choice


def test_longer_choice_is_meant_where_a_shorter_begins_it():
    assert match("red circle", ("red", "red circle")) == "red circle"
