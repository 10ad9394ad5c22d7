"""Floods, slow readers and silent clients: they cost themselves something, and nobody else."""

import asyncio
import json
import socket
from contextlib import ExitStack

import aiohttp

from tests.protocol.pictures import data_url, encoded
from tests.server import Client, connect, over_the_wire, raw_websocket

JPEG = encoded()
GOOD = {"question": "What is it?", "image": JPEG, "settings": {"max_tokens": 3}}
N_BURST = 10_000
BURST_MEMORY_MB = 30
# The largest message that is taken; its memory may be kept for the next.
MESSAGE_MB = 33


async def ask_until_heard(client: Client) -> dict:
    """Ask a good question again and again until it is not refused for haste."""
    while (response := await client.ask(**GOOD)).get("error", {}).get("code") == "busy":
        pass
    return response


@over_the_wire
async def test_burst_of_10000_events_is_answered_one_by_one_within_bounded_memory(server):
    async with (
        connect(server) as flood,
        connect(server) as bert,
        aiohttp.ClientSession() as browser,
    ):
        before_mb = server.memory_mb()
        await flood.send(id="honest", **GOOD)
        for i in range(N_BURST):
            await flood.emit("query", {"id": f"{i}", "question": "?"})
        during = await bert.ask(**GOOD)
        async with browser.get(server.url) as page:
            assert page.status == 200
        responses = await flood.count("response", N_BURST + 1)
        after = await ask_until_heard(flood)

    assert server.memory_mb() - before_mb < BURST_MEMORY_MB
    assert len({response["id"] for response in responses}) == N_BURST + 1
    answers = [await flood.response("honest"), during, after]
    assert [answer["finish_reason"] for answer in answers] == ["length"] * 3


@over_the_wire
async def test_flood_of_one_client_does_not_use_up_the_allowance_of_another(server):
    async with connect(server) as flood, connect(server) as bert:
        for _ in range(1000):
            await flood.emit("query", None)
        codes = [response["error"]["code"] for response in await flood.count("response", 1000)]
        assert (await bert.ask(**GOOD))["finish_reason"] == "length"
    assert codes.count("busy") > 500


@over_the_wire
async def test_burst_of_cancels_changes_nothing(server):
    async with connect(server) as anna:
        before_mb = server.memory_mb()
        for i in range(N_BURST // 2):
            await anna.emit("cancel", {"id": f"{i}"})
        assert (await anna.ask(**GOOD))["finish_reason"] == "length"
    assert server.memory_mb() - before_mb < BURST_MEMORY_MB


@over_the_wire
async def test_many_requests_in_one_polled_message_are_all_answered(server):
    """A page that asked while it was connecting sends everything at once."""
    path = f"{server.url}/socket.io/?EIO=4&transport=polling"
    events = [
        "42" + json.dumps(["query", {"id": f"{i}", "question": "?", "image": data_url(b"no")}])
        for i in range(100)
    ]
    async with aiohttp.ClientSession() as browser:
        async with browser.get(path) as opened:
            session = json.loads((await opened.text())[1:])["sid"]
        path += f"&sid={session}"
        for body in ("40", "\x1e".join(events)):
            async with browser.post(path, data=body) as taken:
                assert taken.status == 200
        answered = set()
        while len(answered) < 100:
            async with browser.get(path) as polled:
                for packet in (await polled.text()).split("\x1e"):
                    if packet.startswith('42["response"'):
                        answered.add(json.loads(packet[2:])[1]["id"])
                    elif packet == "2":
                        await browser.post(path, data="3")
    assert answered == {f"{i}" for i in range(100)}


@over_the_wire
async def test_client_that_never_reads_delays_nobody(server):
    """Its answers pile up in its own connection, and the loop goes on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    reader._transport.pause_reading()
    writer.write(
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
        b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    for text in ("40", *['42["query"]'] * 5000):
        mask = bytes(4)
        writer.write(bytes([0x81, 0x80 | len(text)]) + mask + text.encode())
    async with connect(server) as bert:
        assert (await bert.ask(**GOOD))["finish_reason"] == "length"
    writer.transport.abort()


@over_the_wire
async def test_message_in_endless_pieces_ends_its_connection(server):
    """Only the pieces were bounded, each by itself: a message without an end filled the memory."""
    piece = bytes(500_000)
    before_mb = server.memory_mb()
    async with raw_websocket(server) as websocket:
        transport = websocket._writer.transport
        for i in range(200):
            # A frame that is not final: text at first, continuations then, with a mask of zeros.
            head = bytes([0x01 if i == 0 else 0x00, 0x80 | 127]) + len(piece).to_bytes(8) + bytes(4)
            transport.write(head + piece)
        while (message := await websocket.receive()).data == "2":
            pass
    assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    assert server.memory_mb() - before_mb < BURST_MEMORY_MB + MESSAGE_MB


def test_clients_that_send_half_a_request_delay_nobody(server):
    with ExitStack() as slow_clients:
        for _ in range(50):
            slow = socket.create_connection(("127.0.0.1", server.port))
            slow_clients.enter_context(slow)
            slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        assert server.get("/")[0] == 200


@over_the_wire
async def test_forty_clients_are_all_answered(server):
    """32 may wait and 4 run; whoever is sent away hears so."""
    clients = [Client() for _ in range(40)]
    await asyncio.gather(*(client.connect(server.url) for client in clients))
    responses = await asyncio.gather(*(client.ask(**GOOD) for client in clients))
    await asyncio.gather(*(client.close() for client in clients))
    ends = [response.get("error", {}).get("code", "answered") for response in responses]
    assert set(ends) <= {"answered", "busy"}
    assert ends.count("answered") >= 36
