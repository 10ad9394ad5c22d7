"""Waiting, running, cancelled, replaced: one server that answers one request at a time."""

import asyncio

import pytest

from tests.protocol.pictures import encoded
from tests.server import connect, over_the_wire

JPEG = encoded()
LONG = {"max_tokens": 2048}
SHORT = {"max_tokens": 5}


async def begin_long(client, id="long"):
    """Ask for a long answer and wait until the model writes it."""
    await client.send(id=id, question="Tell me all.", image=JPEG, settings=LONG)
    await client.wait_for("token", id)


async def stand_in_line(client, id, **fields):
    """Ask while somebody else is answered and wait until the request has its place."""
    await client.send(id=id, question="And?", image=JPEG, settings=SHORT, **fields)
    await client.wait_for("waiting", id)


@over_the_wire
async def test_running_answer_keeps_its_text_when_it_is_cancelled(narrow_server):
    async with connect(narrow_server) as anna:
        await begin_long(anna)
        await anna.emit("cancel", {"id": "long"})
        response = await anna.response("long")
        tokens = [payload["text"] for name, payload in anna.story("long") if name == "token"]
    assert response["finish_reason"] == "cancelled"
    assert response["answer"] == "".join(tokens)
    assert response["usage"]["completion_tokens"] < 500


@over_the_wire
async def test_waiting_request_is_cancelled_before_it_starts(narrow_server):
    async with connect(narrow_server) as anna:
        await begin_long(anna)
        await stand_in_line(anna, "next")
        await anna.emit("cancel", {"id": "next"})
        response = await anna.response("next")
        await anna.emit("cancel", {"id": "long"})
        await anna.response("long")
    assert response["finish_reason"] == "cancelled"
    assert "started" not in [name for name, _ in anna.story("next")]


@over_the_wire
async def test_request_is_answered_when_the_one_before_it_is_cancelled(narrow_server):
    async with connect(narrow_server) as anna:
        await begin_long(anna)
        await stand_in_line(anna, "next")
        await anna.emit("cancel", {"id": "long"})
        assert (await anna.response("next"))["finish_reason"] == "length"


@over_the_wire
async def test_request_that_waits_is_told_its_place(narrow_server):
    async with connect(narrow_server) as anna, connect(narrow_server) as bert:
        await begin_long(anna)
        await stand_in_line(bert, "first")
        await stand_in_line(bert, "second")
        await anna.emit("cancel", {"id": "long"})
        await bert.response("second")
    places = [payload["position"] for name, payload in bert.story("second") if name == "waiting"]
    assert places == [2, 1]


@over_the_wire
async def test_requests_of_one_client_are_taken_in_the_order_sent(narrow_server):
    async with connect(narrow_server) as anna:
        ids = [f"{i}" for i in range(4)]
        for id in ids:
            await anna.send(id=id, question="What?", image=JPEG, settings=SHORT)
        await anna.count("response", 4)
    assert [payload["id"] for name, payload in anna.events if name == "started"] == ids
    assert [payload["id"] for name, payload in anna.events if name == "response"] == ids


@over_the_wire
async def test_newer_live_request_replaces_the_waiting_older_one(narrow_server):
    async with connect(narrow_server) as anna:
        await begin_long(anna)
        await stand_in_line(anna, "old", live=True)
        await anna.send(id="new", question="And?", image=JPEG, settings=SHORT, live=True)
        replaced = await anna.response("old")
        await anna.emit("cancel", {"id": "long"})
        answered = await anna.response("new")
    assert (replaced["finish_reason"], answered["finish_reason"]) == ("replaced", "length")


@over_the_wire
async def test_live_request_replaces_neither_a_question_nor_the_request_of_another(narrow_server):
    async with connect(narrow_server) as anna, connect(narrow_server) as bert:
        await begin_long(anna)
        await stand_in_line(bert, "his", live=True)
        await stand_in_line(anna, "question")
        await stand_in_line(anna, "hers", live=True)
        await anna.emit("cancel", {"id": "long"})
        ends = [await bert.response("his"), await anna.response("question")]
    assert [end["finish_reason"] for end in ends] == ["length", "length"]


@over_the_wire
async def test_nobody_can_cancel_the_request_of_another(narrow_server):
    async with connect(narrow_server) as anna, connect(narrow_server) as bert:
        await begin_long(anna)
        await bert.emit("cancel", {"id": "long"})
        # The next event of the same connection is taken after the cancel was.
        await stand_in_line(bert, "his")
        assert "response" not in [name for name, _ in anna.story("long")]
        await anna.emit("cancel", {"id": "long"})
        await bert.response("his")


@pytest.mark.parametrize("payload", [None, [], "long", 5, {}, {"id": None}, {"id": ["long"]}])
@over_the_wire
async def test_cancel_of_nonsense_is_ignored(narrow_server, payload):
    async with connect(narrow_server) as anna:
        await begin_long(anna)
        await anna.emit("cancel", payload)
        await stand_in_line(anna, "next")
        assert "response" not in [name for name, _ in anna.story("long")]


@over_the_wire
async def test_cancel_of_what_has_ended_is_ignored(narrow_server):
    async with connect(narrow_server) as anna:
        await anna.ask(id="q", question="What?", image=JPEG, settings=SHORT)
        await anna.emit("cancel", {"id": "q"})
        await anna.ask(id="next", question="What?", image=JPEG, settings=SHORT)
    assert [name for name, _ in anna.story("q")].count("response") == 1


@over_the_wire
async def test_cancel_can_be_sent_right_behind_its_request(narrow_server):
    async with connect(narrow_server) as anna:
        await anna.send(id="q", question="Tell me all.", image=JPEG, settings=LONG)
        await anna.emit("cancel", {"id": "q"})
        assert (await anna.response("q"))["finish_reason"] == "cancelled"


@over_the_wire
async def test_id_can_be_used_again_when_its_request_has_ended(narrow_server):
    async with connect(narrow_server) as anna:
        await begin_long(anna, "q")
        await anna.emit("cancel", {"id": "q"})
        await anna.response("q")
        await anna.send(id="q", question="What?", image=JPEG, settings=SHORT)
        second = (await anna.count("response", 2))[1]
    assert (second["id"], second["finish_reason"]) == ("q", "length")


@over_the_wire
async def test_id_of_a_running_request_is_refused_and_the_running_one_goes_on(narrow_server):
    async with connect(narrow_server) as anna:
        await begin_long(anna, "q")
        await anna.send(id="q", question="What?", image=JPEG, settings=SHORT)
        refused = await anna.response("q")
        await anna.emit("cancel", {"id": "q"})
        await anna.count("response", 2)
    assert refused["error"]["code"] == "bad_request"


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@over_the_wire
async def test_model_is_free_for_the_next_when_somebody_leaves(narrow_server, transport):
    async with connect(narrow_server) as bert:
        async with connect(narrow_server, transport) as anna:
            await begin_long(anna)
            await stand_in_line(anna, "hers")
            await stand_in_line(bert, "his")
        response = await bert.response("his")
    # Her whole answer would have taken more than its 500 tokens; his started as soon as she left.
    assert response["finish_reason"] == "length"
    assert bert.story("his")[-2][0] != "waiting"


@over_the_wire
async def test_line_of_one_client_is_bounded_and_others_still_get_in(narrow_server):
    async with connect(narrow_server) as anna, connect(narrow_server) as bert:
        await begin_long(anna)
        for id in ("1", "2", "3"):
            await stand_in_line(anna, id)
        refused = await anna.ask(question="One more?", image=JPEG)
        await stand_in_line(bert, "his")
        await anna.emit("cancel", {"id": "long"})
        answered = await asyncio.gather(anna.response("3"), bert.response("his"))
    assert refused["error"]["code"] == "busy"
    assert [each["finish_reason"] for each in answered] == ["length", "length"]


@over_the_wire
async def test_whole_line_is_bounded(narrow_server):
    async with (
        connect(narrow_server) as anna,
        connect(narrow_server) as bert,
        connect(narrow_server) as cleo,
    ):
        await begin_long(anna)
        for client, ids in ((anna, ("1", "2")), (bert, ("1", "2"))):
            for id in ids:
                await stand_in_line(client, id)
        refused = await cleo.ask(question="Me too?", image=JPEG)
    assert refused["error"]["code"] == "busy"


@over_the_wire
async def test_clients_take_turns_when_one_sends_many_requests(narrow_server):
    async with connect(narrow_server) as anna, connect(narrow_server) as bert:
        await begin_long(anna)
        for id in ("1", "2", "3"):
            await stand_in_line(anna, id)
        await stand_in_line(bert, "his")
        await anna.emit("cancel", {"id": "long"})
        await bert.response("his")
        assert "response" not in [name for name, _ in anna.story("3")]
        await anna.response("3")
