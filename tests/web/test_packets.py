"""What cannot be read, or never reaches a handler: one response, or the end of its connection."""

import json
from base64 import b64encode
from contextlib import asynccontextmanager, suppress
from io import BytesIO

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.pictures import data_url, encoded
from tests.server import connect, over_the_wire, raw_websocket
from web.loop.repairs import UNREADABLE
from web.packets import PagePacket

JPEG = encoded()
SHORT = {"max_tokens": 3}
GOOD = {"question": "What is it?", "image": JPEG, "settings": SHORT}
LARGE = JPEG + bytes(20_000_000)
PLACEHOLDER = {"_placeholder": True, "num": 0}


def event(*arguments, name="query"):
    return "42" + json.dumps([name, *arguments])


def binary(n_attachments, *arguments):
    return f"45{n_attachments}-" + json.dumps(["query", *arguments])


def question(**fields):
    return {"question": "What?", "image": data_url(JPEG), "settings": SHORT, **fields}


class Polling:
    """A raw Socket.IO connection over polling."""

    def __init__(self, browser, server):
        self._browser = browser
        self._path = f"{server.url}/socket.io/?EIO=4&transport=polling"

    async def open(self):
        opened = await self.poll()
        self._path += f"&sid={json.loads(opened[1:])['sid']}"
        await self.send("40")

    async def send(self, *messages):
        body = "\x1e".join(message_as_text(each) for each in messages)
        async with self._browser.post(self._path, data=BytesIO(body.encode())) as taken:
            return taken.status

    async def poll(self):
        """What has come; an empty text once the connection has ended."""
        async with self._browser.get(self._path) as polled:
            return await polled.text() if polled.status == 200 else ""

    async def receive_until(self, words):
        """Everything that comes up to a packet with these words; fails where that never comes."""
        packets = []
        while not any(words in each for each in packets):
            text = await self.poll()
            assert text, packets
            packets += text.split("\x1e")
            if "2" in packets:
                await self.send("3")
        return packets

    async def wait_for_end(self):
        while text := await self.poll():
            assert '"response"' not in text
            if "2" in text.split("\x1e"):
                await self.send("3")


class Pushing:
    """A raw Socket.IO connection over a WebSocket."""

    def __init__(self, websocket):
        self._websocket = websocket

    async def send(self, *messages):
        # The server may hang up before it was sent the whole of it.
        with suppress(ConnectionError):
            for each in messages:
                if isinstance(each, str):
                    await self._websocket.send_str(each)
                else:
                    await self._websocket.send_bytes(each)

    async def receive_until(self, words):
        packets = []
        while not any(words in each for each in packets):
            packets.append(await self._websocket.receive_str())
            if packets[-1] == "2":
                await self.send("3")
        return packets

    async def wait_for_end(self):
        async for message in self._websocket:
            assert '"response"' not in message.data
            if message.data == "2":
                await self.send("3")


def message_as_text(message):
    return message if isinstance(message, str) else "b" + b64encode(message).decode()


@asynccontextmanager
async def open_raw(server, transport):
    if transport == "websocket":
        async with raw_websocket(server) as websocket:
            yield Pushing(websocket)
    else:
        async with aiohttp.ClientSession() as browser:
            polling = Polling(browser, server)
            await polling.open()
            yield polling


ANSWERED = {
    "an event that is an object": ["42{}"],
    "an event that is a text": ['42"query"'],
    "an event without a name": ["42[]"],
    "an event that is nothing": ["42"],
    "an event named by a number": ["42[1, 2]"],
    "an event named by a list": ["42[[]]"],
    "half an event": ['42["query",{'],
    "a request of nothing": ['42["query"]'],
    "a request that wants to be acknowledged": ['427["query",5]'],
    "brackets without end": ["42" + "[" * 100_000],
    "a number without end": ['42["query",{"settings":{"seed":' + "9" * 10_000 + "}}]"],
    "a payload nested too deeply": ['42["query",' + "[" * 5000 + "]" * 5000 + "]"],
    "a payload that is just not too deep": [event(json.loads("[" * 800 + "]" * 800))],
    "half a character as id": ['42["query",{"id":"\\ud800"}]'],
    "no number": ['42["query",{"settings":{"temperature":NaN}}]'],
    "bytes where a text belongs": [binary(1, {"question": PLACEHOLDER}), JPEG],
    "an attachment that nobody places": [binary(1, {"question": "?"}), JPEG],
    "an attachment that is not there": [binary(1, {"image": PLACEHOLDER | {"num": 7}}), JPEG],
    "an attachment of no number": [binary(1, {"image": PLACEHOLDER | {"num": "x"}}), JPEG],
    "two pictures": [binary(2, question(image=PLACEHOLDER)), JPEG, JPEG],
    "half an event with an attachment": ['451-["query",{', JPEG],
    "a placeholder of nothing": [event(question(image=PLACEHOLDER))],
}


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("messages", ANSWERED.values(), ids=ANSWERED.keys())
@over_the_wire
async def test_message_that_cannot_be_read_gets_its_one_response(server, messages, transport):
    """Many were dropped without a word, and whoever sent them waited for ever."""
    async with open_raw(server, transport) as raw:
        await raw.send(*messages)
        await raw.send(event(question(id="good")))
        packets = await raw.receive_until('"id":"good","skill"')
    responses = [json.loads(each[2:])[1] for each in packets if each.startswith('42["response"')]
    assert [each["finish_reason"] for each in responses] == ["error", "length"]
    assert responses[0]["error"]["code"] in ("bad_request", "bad_image")


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([binary(2, question(id="mine", image=PLACEHOLDER)), JPEG, JPEG], "this has 2"),
        (['42["caption",{"id":"mine",'], "no JSON"),
        (['42["query",{"settings":{"seed":' + "9" * 10_000 + "}}]"], "digits"),
        (['42["query",' + "[" * 5000 + "]" * 5000 + "]"], "nested"),
        (['42["query",{"question":[' + "0," * 50_000 + "0]}]"], "more than 50,000 values"),
    ],
)
@over_the_wire
async def test_message_that_cannot_be_read_is_told_why(server, messages, words):
    async with open_raw(server, "websocket") as raw:
        await raw.send(*messages)
        packets = await raw.receive_until('"response"')
    response = json.loads(packets[-1][2:])[1]
    assert words in response["error"]["message"]
    assert response["skill"] == ("caption" if "caption" in messages[0] else "query")
    assert response["id"] == "mine" or "mine" not in messages[0] or "JSON" in words


UNASKED = {
    "an unknown event": [event({}, name="dance")],
    "an event of the server": [event({"id": "g"}, name="response")],
    "a second connect": ["40"],
    "an acknowledgement of nothing": ["430[]", '4399["x"]'],
    "an unknown packet": ["9?"],
    "half a cancel": ['42["cancel",{'],
}


@pytest.mark.parametrize("messages", UNASKED.values(), ids=UNASKED.keys())
@over_the_wire
async def test_message_that_asks_nothing_leaves_its_connection_usable(server, messages):
    async with open_raw(server, "websocket") as raw:
        await raw.send(*messages)
        await raw.send(event(question(id="good")))
        packets = await raw.receive_until('"id":"good","skill"')
    assert [each for each in packets if '"response"' in each] == packets[-1:]
    assert '"finish_reason":"length"' in packets[-1]


ENDING = {
    "a message above the limit of the transport": ["42" + " " * 40_000_000],
    "an attachment above the limit of the transport": [binary(1, {}), bytes(40_000_000)],
    "an engine.io packet without a type": ["hello"],
    "an empty packet": ["", ""],
    "broken base64": ["b!"],
    "a packet of an unknown kind": ["49"],
    "a packet that is an object": ['4{"a":1}'],
    "brackets at once": ["4" + "[" * 100_000],
    "too many attachments": ['45999999999-["query",{}]'],
    "more attachments than anybody sends": [binary(17, {})],
    "no attachments": [binary(0, {})],
    "an attachment that is a text": [binary(1, {"image": PLACEHOLDER}), event(question())],
    "bytes that nobody announced": [JPEG],
    "an attachment for nobody": ['461-["x"]'],
    "the connect event": [event({}, name="connect")],
    "the disconnect event": [event(name="disconnect")],
    "an unknown namespace": ['42/admin,["query",{}]'],
    "an attachment in an unknown namespace": ['451-/admin,["query",{}]'],
    "an event after the client's farewell": ["41", event(question())],
}


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("messages", ENDING.values(), ids=ENDING.keys())
@over_the_wire
async def test_hopeless_message_ends_its_connection_and_harms_nobody_else(
    server, messages, transport
):
    """A broken post was answered "ok", and nothing came of it."""
    async with connect(server) as bert, open_raw(server, transport) as raw:
        await raw.send(*messages)
        await raw.wait_for_end()
        assert (await bert.ask(**GOOD))["finish_reason"] == "length"


async def pieces():
    yield event(question()).encode()


@pytest.mark.parametrize("body", [b"\xff\xfe", b"d=", b"3\x1e" * 300 + b"3", b"", pieces])
@over_the_wire
async def test_post_that_cannot_be_read_ends_its_connection(server, body):
    """Of a body in chunks, whose length is not told, nothing was read, and "ok" was answered."""
    async with aiohttp.ClientSession() as browser:
        polling = Polling(browser, server)
        await polling.open()
        data = body() if callable(body) else body
        async with browser.post(polling._path, data=data) as taken:
            assert taken.status == 400
        await polling.wait_for_end()


@over_the_wire
async def test_event_before_its_connect_ends_the_connection(server):
    """It was dropped without a word."""
    url = f"{server.url}/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as websocket:
        await websocket.receive()
        await websocket.send_str(event(question()))
        await Pushing(websocket).wait_for_end()


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("image", [LARGE, data_url(LARGE)], ids=["bytes", "data url"])
@over_the_wire
async def test_picture_a_few_times_too_large_is_refused_in_words(server, image, transport):
    """A photograph of 20 MB ended the connection without a word."""
    async with connect(server, transport) as anna:
        response = await anna.ask(**GOOD | {"image": image})
        assert response["error"]["code"] == "image_too_large"
        assert (await anna.ask(**GOOD))["finish_reason"] == "length"
        assert [name for name, _ in anna.events].count("response") == 2


@given(st.text(), st.sampled_from(["2", '2["query",', "2[", "51-", '51-["query",', "53-", ""]))
def test_packet_of_any_text_is_an_event_with_a_name_or_refused(text, beginning):
    try:
        packet = PagePacket(encoded_packet=beginning + text + "x")
    except UNREADABLE:
        return
    if packet.packet_type in (2, 5):
        assert isinstance(packet.data[0], str)
