"""A live loop asks about each newer frame: it never stands in its own way, nor in others'."""

import asyncio
from collections import Counter

from tests.protocol.pictures import encoded
from tests.server import Client, connect, over_the_wire, serve

JPEG = encoded()
SHORT, LONG = {"max_tokens": 3}, {"max_tokens": 2048}
ASKED = {"question": "What is it?", "image": JPEG, "settings": SHORT}
N_BURST = 60


async def send_burst(client: Client, skill: str = "query", **fields) -> list[str]:
    return [await client.send(skill, **ASKED, **fields) for _ in range(N_BURST)]


async def ends_of(client: Client, ids: list[str]) -> list[str]:
    """Why each ended, or the code of its error."""
    responses = [await client.response(id) for id in ids]
    return [each.get("error", {}).get("code", each["finish_reason"]) for each in responses]


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
