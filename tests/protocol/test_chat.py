"""A chat becomes one question that says all of it, and nothing else where it is one question."""

import pytest

from protocol.chat import DESCRIBE_ONE, DESCRIBE_SEVERAL, Role, Turn, one_question


def system(*pieces: str | int) -> Turn:
    return Turn(Role.SYSTEM, pieces)


def user(*pieces: str | int) -> Turn:
    return Turn(Role.USER, pieces)


def assistant(*pieces: str | int) -> Turn:
    return Turn(Role.ASSISTANT, pieces)


@pytest.mark.parametrize(
    ("turns", "question"),
    [
        pytest.param([user(" What\nis it? ")], " What\nis it? ", id="one text is left as it is"),
        pytest.param([user(0, "What?")], "What?", id="a picture before it adds nothing"),
        pytest.param([user("What?", 0)], "What?", id="a picture behind it adds nothing"),
        pytest.param([user("One", "two")], "One\ntwo", id="texts stand below each other"),
        pytest.param([user(0, 1, "What?")], "What?", id="pictures beside each other add nothing"),
        pytest.param(
            [user("Before:", 0, "after:", 1, "What changed?")],
            "Before:\n(A)\nafter:\n(B)\nWhat changed?",
            id="letters where text stands between pictures",
        ),
        pytest.param([user(0)], DESCRIBE_ONE, id="a picture alone"),
        pytest.param([user(0, 1)], DESCRIBE_SEVERAL, id="pictures alone"),
        pytest.param([user("  ", 0)], f"  \n{DESCRIBE_ONE}", id="a picture with a blank"),
        pytest.param([system("Be brief."), user("What?")], "Be brief.\nWhat?", id="instructions"),
        pytest.param(
            [user("What?"), system("Be brief.")], "Be brief.\nWhat?", id="instructions stand first"
        ),
        pytest.param(
            [user("Is it red?", 0), assistant("No."), user("Blue?")],
            "User: Is it red?\nAssistant: No.\nBlue?",
            id="earlier turns say who speaks",
        ),
        pytest.param(
            [user(0), assistant("A cup."), user("What colour?")],
            "Assistant: A cup.\nWhat colour?",
            id="a turn without words has no line",
        ),
        pytest.param(
            [user("What?", 0), assistant("A cup."), user("And now?", 1)],
            "User: What?\n(A)\nAssistant: A cup.\nAnd now?\n(B)",
            id="pictures of several turns",
        ),
        pytest.param(
            [user("What?", 0), assistant(""), user(1)],
            f"User: What?\n(A)\n(B)\n{DESCRIBE_SEVERAL}",
            id="a later picture alone",
        ),
    ],
)
def test_chat_is_asked_as_one_text(turns: list[Turn], question: str):
    assert one_question(turns) == question


@pytest.mark.parametrize(
    ("pieces", "is_silent"), [((), True), (("", " \n"), True), (("", 0), False), (("a",), False)]
)
def test_turn_is_silent_when_it_neither_shows_nor_says_anything(
    pieces: tuple[str | int, ...], is_silent: bool
):
    assert user(*pieces).is_silent == is_silent
