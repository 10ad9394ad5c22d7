"""Questions and answers over Socket.IO, as a page or a program has them."""

import asyncio

import pytest

from tests.protocol.pictures import data_url, encoded
from tests.server import connect, over_the_wire

JPEG = encoded()
SHORT = {"max_tokens": 20}
# Long enough for the words not to leave all at once, however busy the computer.
LONG = {"max_tokens": 400}
PICTURES = {
    "jpeg": encoded("JPEG"),
    "png": encoded("PNG"),
    "webp": encoded("WEBP"),
    "png with alpha": encoded("PNG", mode="RGBA"),
    "palette png": encoded("PNG", mode="P"),
    "16 bit png": encoded("PNG", mode="I;16", color=1000),
    "greyscale jpeg": encoded("JPEG", mode="L"),
    "cmyk jpeg": encoded("JPEG", mode="CMYK"),
    "one pixel": encoded("PNG", size=(1, 1)),
    "one column": encoded("PNG", size=(1, 4000)),
    "one row": encoded("JPEG", size=(4000, 1)),
    "as large as accepted": encoded("PNG", size=(2000, 1000)),
}


@over_the_wire
async def test_status_is_told_on_connect(server):
    async with connect(server) as anna:
        status = await anna.wait_for("status")
    assert (status["status"], status["model"], status["device"]) == ("ready", "nonsense", "cpu")


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@over_the_wire
async def test_question_is_started_answered_in_tokens_and_ended_by_one_response(server, transport):
    async with connect(server, transport) as anna:
        await anna.ask(id="q", question="What is it?", image=JPEG, settings=SHORT)
        names = [name for name, _ in anna.story("q") if name != "waiting"]
    assert names[0] == "started"
    assert set(names[1:-1]) == {"token"}
    assert names[-1] == "response"


@over_the_wire
async def test_tokens_in_order_are_the_answer(server):
    async with connect(server) as anna:
        response = await anna.ask(id="q", question="What is it?", image=JPEG, settings=LONG)
        tokens = [payload["text"] for name, payload in anna.story("q") if name == "token"]
    assert "".join(tokens) == response["answer"]
    assert len(tokens) > 1


@over_the_wire
async def test_response_says_how_it_ended_and_what_it_cost(server):
    async with connect(server) as anna:
        response = await anna.ask(question="What is it?", image=JPEG, settings=SHORT)
    assert (response["skill"], response["finish_reason"]) == ("query", "length")
    assert response["usage"]["completion_tokens"] == SHORT["max_tokens"]
    assert response["usage"]["prompt_tokens"] > 26
    timings = response["timings"]
    parts = ("queue_ms", "decode_ms", "encode_ms", "prefill_ms")
    assert set(timings) == {*parts, "first_token_ms", "total_ms"}
    assert all(timings[part] >= 0 for part in parts)
    # Rounded to a tenth of a millisecond each.
    assert sum(timings[part] for part in parts) <= timings["first_token_ms"] + 0.5
    assert timings["first_token_ms"] <= timings["total_ms"]
    assert "error" not in response


@over_the_wire
async def test_page_of_the_original_project_needs_no_more_than_it_sends(server):
    async with connect(server) as page:
        await page.emit("query", {"question": "What is it?", "image": data_url(JPEG)})
        response = await page.wait_for("response")
    assert response["answer"]


@pytest.mark.parametrize("length", ["short", "normal", "long", None])
@over_the_wire
async def test_caption_has_its_own_key(server, length):
    async with connect(server) as anna:
        response = await anna.ask("caption", image=JPEG, length=length, settings=SHORT)
    assert response["skill"] == "caption"
    assert response["caption"]
    assert "answer" not in response


@pytest.mark.parametrize("wrap", [bytes, data_url], ids=["attachment", "data url"])
@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES.keys())
@over_the_wire
async def test_picture_is_read(server, data, wrap):
    async with connect(server) as anna:
        response = await anna.ask(question="What?", image=wrap(data), settings=SHORT)
    assert response["finish_reason"] == "length"


@over_the_wire
async def test_attachment_and_data_url_give_the_same_answer(server):
    async with connect(server) as anna:
        answers = [
            (await anna.ask(question="What is it?", image=image, settings=SHORT))["answer"]
            for image in (JPEG, data_url(JPEG))
        ]
    assert answers[0] == answers[1]


@over_the_wire
async def test_answer_depends_on_the_picture(server):
    async with connect(server) as anna:
        answers = {
            (await anna.ask(question="What?", image=encoded(color=color), settings=SHORT))["answer"]
            for color in ("red", "blue", "white")
        }
    assert len(answers) == 3


@over_the_wire
async def test_frame_can_be_asked_about_again(server):
    async with connect(server) as anna:
        first = await anna.send(question="What is it?", image=JPEG, settings=SHORT)
        frame = (await anna.wait_for("started", first))["frame"]
        again = await anna.ask(question="What is it?", frame=frame, settings=SHORT)
        assert again["answer"] == (await anna.response(first))["answer"]


@over_the_wire
async def test_frame_of_somebody_else_is_not_shown(server):
    async with connect(server) as anna, connect(server) as bert:
        question = await anna.send(question="What is it?", image=JPEG, settings=SHORT)
        frame = (await anna.wait_for("started", question))["frame"]
        response = await bert.ask(question="What is it?", frame=frame)
    assert response["error"]["code"] == "frame_forgotten"


@over_the_wire
async def test_answer_goes_to_the_asker_only(server):
    async with connect(server) as anna, connect(server) as bert:
        await anna.ask(id="hers", question="What is it?", image=JPEG, settings=SHORT)
        await bert.ask(id="his", question="What is it?", image=JPEG, settings=SHORT)
    assert {payload.get("id") for name, payload in anna.events if name != "status"} == {"hers"}
    assert {payload.get("id") for name, payload in bert.events if name != "status"} == {"his"}


@over_the_wire
async def test_two_people_may_use_the_same_id(server):
    async with connect(server) as anna, connect(server) as bert:
        hers, his = await asyncio.gather(
            anna.ask(id="1", question="What is it?", image=encoded(color="red"), settings=SHORT),
            bert.ask(id="1", question="What is it?", image=encoded(color="blue"), settings=SHORT),
        )
    assert hers["answer"] != his["answer"]


@over_the_wire
async def test_id_is_made_up_when_none_is_sent(server):
    async with connect(server) as anna:
        await anna.emit("query", {"question": "What?", "image": JPEG, "settings": SHORT})
        response = await anna.wait_for("response")
        assert [name for name, _ in anna.story(response["id"])][-1] == "response"


@over_the_wire
async def test_greedy_answers_are_equal(server):
    async with connect(server) as anna:
        answers = {
            (await anna.ask(question="What is it?", image=JPEG, settings=SHORT))["answer"]
            for _ in range(3)
        }
    assert len(answers) == 1


@over_the_wire
async def test_answer_does_not_depend_on_who_else_is_asking(server):
    """Rows of one cache side by side: a neighbour must not be seen."""
    colors = ("red", "green", "blue", "white", "black", "yellow")
    async with connect(server) as anna:

        async def answer(color):
            picture = encoded(color=color)
            return (await anna.ask(question="What?", image=picture, settings=SHORT))["answer"]

        alone = [await answer(color) for color in colors]
        together = await asyncio.gather(*(answer(color) for color in colors))
    assert together == alone


@over_the_wire
async def test_seed_makes_a_drawn_answer_reproducible(server):
    async with connect(server) as anna:

        async def answer(seed):
            settings = {**SHORT, "temperature": 1.5, "top_p": 1, "seed": seed}
            return (await anna.ask(question="What?", image=JPEG, settings=settings))["answer"]

        assert await answer(7) == await answer(7)
        assert await answer(7) != await answer(8)


@pytest.mark.parametrize("temperature", [5e-324, 1e-300, 1e-40, 1e-9, 2])
@over_the_wire
async def test_temperature_of_any_smallness_is_answered(server, temperature):
    """Scores divided by next to nothing are infinite, and nothing can be drawn from those."""
    settings = {**SHORT, "temperature": temperature, "top_p": 1}
    async with connect(server) as anna:
        response = await anna.ask(question="What is it?", image=JPEG, settings=settings)
    assert response["finish_reason"] == "length"


@over_the_wire
async def test_answer_ends_where_the_context_does_when_more_tokens_are_asked_for(server):
    async with connect(server) as anna:
        response = await anna.ask(question="What?", image=JPEG, settings={"max_tokens": 2048})
    usage = response["usage"]
    assert response["finish_reason"] == "length"
    assert 590 < usage["prompt_tokens"] + usage["completion_tokens"] <= 600


@over_the_wire
async def test_nothing_that_was_asked_is_printed(server):
    async with connect(server) as anna:
        await anna.ask(question="Whose swordfish is it?", image=JPEG, settings=SHORT)
        await anna.ask(question="swordfish", image=b"swordfish")
        await anna.emit("query", "swordfish")
        await anna.emit("swordfish", {"question": "swordfish"})
        await anna.ask(question="What is it?", image=JPEG, settings=SHORT)
    assert "swordfish" not in server.stdout.text + server.stderr.text
