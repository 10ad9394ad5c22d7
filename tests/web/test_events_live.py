"""A live loop asks about each newer frame: it never stands in its own way, nor in others'."""

import asyncio
import json
from collections import Counter

import pytest

from tests.protocol.pictures import data_url, encoded
from tests.server import (
    EVENT_TIMEOUT_S,
    Client,
    connect,
    end_of,
    over_the_wire,
    raw_websocket,
    serve,
)

JPEG = encoded()
SHORT, LONG = {"max_tokens": 3}, {"max_tokens": 2048}
ASKED = {"question": "What is it?", "image": JPEG, "settings": SHORT}
N_BURST = 60


# Pictures as large as this server takes: 70 of them are more than all frames that are held.
LARGE_JPEG = JPEG + bytes(990_000 - len(JPEG))
N_LARGE = 80


async def send_burst(client: Client, n: int = N_BURST, **fields) -> list[str]:
    return [await client.send(**ASKED | fields) for _ in range(n)]


async def ends_of(client: Client, ids: list[str]) -> list[str]:
    """Why each ended, or the code of its error."""
    return [end_of(await client.response(id)) for id in ids]


def assert_newest_answered(ends: list[str]) -> None:
    assert ends[-1] == "length"
    assert set(ends) <= {"length", "replaced"}


@over_the_wire
async def test_newest_of_a_live_burst_is_answered_and_nobody_is_called_busy(server):
    """Of 60 live requests in a burst 23 were busy, and the newest was among them."""
    async with connect(server) as anna:
        ends = await ends_of(anna, await send_burst(anna, live=True))
        started = [payload["id"] for name, payload in anna.events if name == "started"]
    assert_newest_answered(ends)
    # One ran at a time, though this server has room for several.
    order = [(name, each["id"]) for name, each in anna.events if name in ("started", "response")]
    places = [order.index(("started", id)) for id in started]
    assert all(
        order.index(("response", elder)) < place
        for elder, place in zip(started, places[1:], strict=False)
    )


async def send_at_once(websocket, n: int, **fields) -> list[dict]:
    """Write live requests as fast as the network takes them; returns all their responses."""
    asked = ASKED | {"image": data_url(JPEG), "live": True} | fields
    for number in range(n):
        await websocket.send_str("42" + json.dumps(["query", {"id": f"{number}"} | asked]))
    responses: list[dict] = []
    while len(responses) < n:
        message = await asyncio.wait_for(websocket.receive_str(), EVENT_TIMEOUT_S)
        if message == "2":
            await websocket.send_str("3")
        elif message.startswith('42["response"'):
            responses.append(json.loads(message[2:])[1])
    return responses


@over_the_wire
async def test_newest_of_two_live_bursts_is_answered_though_they_exceed_the_allowance(server):
    """Those beyond 200 events at once and 120 a second were busy, the newest among them."""
    async with raw_websocket(server) as websocket:
        for n in (N_BURST, 300, 1500):
            responses = await send_at_once(websocket, n)
            ends = {each["id"]: each["finish_reason"] for each in responses}
            assert len(ends) == n
            assert_newest_answered([ends[f"{number}"] for number in range(n)])


@over_the_wire
async def test_newest_of_a_live_burst_can_be_cancelled_wherever_it_waits(narrow_server):
    async with connect(narrow_server) as anna, connect(narrow_server) as bert:
        await bert.send(id="long", question="Tell me all.", image=JPEG, settings=LONG)
        await bert.wait_for("token", "long")
        # More than are let in at once.
        elders = await send_burst(anna, 12, live=True)
        newest = await anna.send(**ASKED | {"live": True, "settings": LONG})
        await anna.emit("cancel", {"id": newest})
        ends = await ends_of(anna, [*elders, newest])
    assert ends[-1] == "cancelled"
    assert set(ends[:-1]) <= {"replaced", "length"}


@over_the_wire
async def test_question_goes_before_a_live_request_of_its_own_client_and_of_others(narrow_server):
    """A live request in line took a turn like a question."""
    async with connect(narrow_server) as anna, connect(narrow_server) as bert:
        await bert.send(id="long", question="Tell me all.", image=JPEG, settings=LONG)
        await bert.wait_for("token", "long")
        for client, id, fields in (
            (anna, "live", {"live": True}),
            (bert, "his", {}),
            (anna, "hers", {}),
        ):
            await client.send(id=id, **ASKED, **fields)
            await client.wait_for("waiting", id)
        await bert.emit("cancel", {"id": "long"})
        await bert.response("his")
        await anna.response("live")
    assert [each["id"] for name, each in anna.events if name == "response"] == ["hers", "live"]
    places = [each["position"] for name, each in anna.story("live") if name == "waiting"]
    assert places == [1, 2, 3, 2, 1]


@pytest.mark.parametrize("is_burst", [True, False])
@over_the_wire
async def test_frames_of_a_loop_push_out_nobody_elses(server, is_burst: bool):
    """Every frame of a burst was held, and in a minute of a loop every frame of a person gone."""
    asked = ASKED | {"image": LARGE_JPEG, "live": True}
    async with connect(server) as anna, connect(server) as bert:
        question = await anna.send(**ASKED | {"image": LARGE_JPEG})
        held = (await anna.wait_for("started", question))["frame"]
        await anna.response(question)
        if is_burst:
            await ends_of(bert, await send_burst(bert, N_LARGE, **asked))
        else:
            for _ in range(N_LARGE):
                await bert.ask(**asked)
        again = await anna.ask(question="And now?", frame=held, settings=SHORT)
        started = [each["frame"] for name, each in bert.events if name == "started"]
        live = await bert.ask(question="And now?", frame=started[-1], settings=SHORT)
    assert [each["finish_reason"] for each in (again, live)] == ["length", "length"]


@over_the_wire
async def test_every_frame_that_a_burst_tells_is_held(server):
    async with connect(server) as anna:
        await ends_of(anna, await send_burst(anna, 10, live=True))
        told = [each["frame"] for name, each in anna.events if name == "started"]
        asked = [await anna.ask(question="?", frame=each, settings=SHORT) for each in told]
    assert {each["finish_reason"] for each in asked} == {"length"}


@over_the_wire
async def test_live_burst_that_waits_is_replaced_but_for_the_newest(narrow_server):
    async with connect(narrow_server) as anna, connect(narrow_server) as bert:
        await bert.send(id="long", question="Tell me all.", image=JPEG, settings=LONG)
        await bert.wait_for("token", "long")
        ids = await send_burst(anna, live=True)
        replaced = await ends_of(anna, ids[:-1])
        await bert.emit("cancel", {"id": "long"})
        newest = await ends_of(anna, ids[-1:])
    assert (set(replaced), newest) == ({"replaced"}, ["length"])


@over_the_wire
async def test_live_bursts_of_several_clients_and_their_questions_are_all_answered(server):
    clients = [Client() for _ in range(4)]
    await asyncio.gather(*(client.connect(server.url) for client in clients))

    async def ask(client: Client) -> tuple[list[str], list[str]]:
        first = await client.send(id="first", **ASKED)
        live = await send_burst(client, live=True)
        last = await client.send(id="last", **ASKED)
        return await ends_of(client, live), await ends_of(client, [first, last])

    for live, questions in await asyncio.gather(*map(ask, clients)):
        assert_newest_answered(live)
        assert questions == ["length", "length"]
    await asyncio.gather(*(client.close() for client in clients))


@over_the_wire
async def test_live_requests_take_one_place_of_a_line_that_others_fill(narrow_server):
    """Two of bert's, one of cleo's and anna's loop wait behind the one that runs: four."""
    async with (
        connect(narrow_server) as anna,
        connect(narrow_server) as bert,
        connect(narrow_server) as cleo,
        connect(narrow_server) as dora,
    ):
        await bert.send(id="long", question="Tell me all.", image=JPEG, settings=LONG)
        await bert.wait_for("token", "long")
        first = await send_burst(anna, live=True)
        for client, id in ((bert, "1"), (bert, "2"), (cleo, "1")):
            await client.send(id=id, **ASKED)
            await client.wait_for("waiting", id)
        # Whoever comes anew finds no place, a loop as little as a question.
        refused = await ends_of(
            dora, [await dora.send(**ASKED), *await send_burst(dora, live=True)]
        )
        newer = await send_burst(anna, live=True)
        replaced = await ends_of(anna, [*first, *newer[:-1]])
        await bert.emit("cancel", {"id": "long"})
        answered = [*await ends_of(anna, newer[-1:]), *await ends_of(bert, ["1", "2"])]
    assert set(refused) == {"busy"}
    assert set(replaced) == {"replaced"}
    assert answered == ["length"] * 3


@over_the_wire
async def test_newest_of_a_burst_of_looks_is_looked_at(server):
    async with connect(server) as anna:
        for id in range(N_BURST):
            await anna.send("look", id=f"{id}", image=encoded(size=(64, 48 + id)))
        looked = await anna.count("looked", N_BURST)
    ends = {each["id"]: each.get("error", {}).get("code", each["finish_reason"]) for each in looked}
    assert ends[f"{N_BURST - 1}"] == "stop"
    assert set(ends.values()) <= {"stop", "replaced"}


@over_the_wire
async def test_newest_of_a_live_burst_is_answered_though_it_came_while_the_model_loaded(checkpoint):
    with serve("--model", str(checkpoint)) as server:
        server.wait_until_open()
        async with connect(server) as anna:
            ends = Counter(await ends_of(anna, await send_burst(anna, live=True)))
    assert ends["length"] >= 1
    assert ends["length"] + ends["replaced"] == N_BURST
