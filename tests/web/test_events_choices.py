"""A question with choices is answered by one of them, and says how likely each is."""

import asyncio

import pytest

from tests.protocol.pictures import encoded
from tests.server import Payload, connect, over_the_wire

JPEG = encoded()
QUESTION = {"question": "Is it a mug?", "image": JPEG}
YES_NO = ["yes", "no"]
SETS = [
    YES_NO,
    ["Red ", "red car", "a red car", "🙂"],
    [f"number {number}" for number in range(16)],
]


def assert_chosen(response: Payload, choices: list[str]) -> None:
    """The response is one of these, the likeliest, and nothing was cut off."""
    probabilities = response["probabilities"]
    assert len(probabilities) == len(choices)
    assert sum(probabilities) == pytest.approx(1)
    assert response["choice"] == choices[probabilities.index(max(probabilities))]
    assert response["answer"] == response["choice"]
    assert response["finish_reason"] == "stop"
    assert "error" not in response


@pytest.mark.parametrize("choices", SETS, ids=["yes or no", "odd", "as many as there may be"])
@over_the_wire
async def test_question_with_choices_is_answered_by_the_likeliest(server, choices):
    async with connect(server) as anna:
        assert_chosen(await anna.ask(**QUESTION, choices=choices), choices)


@over_the_wire
async def test_tokens_of_a_chosen_answer_are_the_answer(server):
    async with connect(server) as anna:
        response = await anna.ask(id="q", **QUESTION, choices=YES_NO)
        story = [(name, payload) for name, payload in anna.story("q") if name != "waiting"]
    assert [name for name, _ in story] == ["started", "token", "response"]
    assert story[1][1]["text"] == response["answer"]


@over_the_wire
async def test_settings_do_not_reach_choices(server):
    settings = {"max_tokens": 1, "temperature": 2, "top_p": 1, "seed": 7}
    async with connect(server) as anna:
        plain = await anna.ask(**QUESTION, choices=YES_NO)
        drawn = await anna.ask(**QUESTION, choices=YES_NO, settings=settings)
    assert drawn["probabilities"] == pytest.approx(plain["probabilities"], abs=1e-4)


@over_the_wire
async def test_choices_do_not_depend_on_who_else_is_asking(server):
    """Rows side by side: some write, and each goes back behind a choice in its own time."""
    pictures = [encoded(color=color) for color in ("red", "green", "blue", "white")]
    asked = [
        {"question": "What?", "image": picture, "choices": choices}
        for picture in pictures
        for choices in SETS
    ]
    async with connect(server) as anna, connect(server) as bert:
        alone = [await anna.ask(**each) for each in asked]
        writing = await bert.send(question="What?", image=JPEG, settings={"max_tokens": 400})
        half = len(asked) // 2
        together = await asyncio.gather(
            *(anna.ask(**each) for each in asked[:half]),
            *(bert.ask(**each) for each in asked[half:]),
        )
        await bert.emit("cancel", {"id": writing})
        await bert.response(writing)
    for one, other in zip(alone, together, strict=True):
        assert other["probabilities"] == pytest.approx(one["probabilities"], abs=1e-4)


@over_the_wire
async def test_answer_without_choices_names_none(server):
    async with connect(server) as anna:
        response = await anna.ask(**QUESTION, choices=None, settings={"max_tokens": 3})
    assert response["finish_reason"] == "length"
    assert not {"choice", "probabilities"} & response.keys()


@over_the_wire
async def test_question_with_choices_that_is_cancelled_has_chosen_nothing(narrow_server):
    async with connect(narrow_server) as anna:
        await anna.send(id="long", **QUESTION, settings={"max_tokens": 400})
        await anna.send(id="chosen", **QUESTION, choices=YES_NO)
        await anna.emit("cancel", {"id": "chosen"})
        response = await anna.response("chosen")
        await anna.emit("cancel", {"id": "long"})
        await anna.response("long")
    assert (response["answer"], response["finish_reason"]) == ("", "cancelled")
    assert not {"choice", "probabilities"} & response.keys()
