"""Bad input: a code and a sentence for each, and everybody goes on unharmed."""

import json
import struct

import pytest

from tests.protocol.pictures import data_url, encoded, png, webp
from tests.server import connect, over_the_wire

JPEG = encoded()
SHORT = {"max_tokens": 3}
GOOD = {"question": "What is it?", "image": JPEG, "settings": SHORT}

LIMIT_BYTES = 1_000_000
TOO_LARGE = JPEG + bytes(LIMIT_BYTES + 1 - len(JPEG))

NO_OBJECT = {
    "null": (None,),
    "a list": ([1, 2],),
    "a text": ("What is it?",),
    "a number": (5,),
    "a boolean": (True,),
    "bytes": (JPEG,),
    "nothing": (),
    "two payloads": ({}, {}),
}
BAD_REQUESTS = {
    "no question": {"question": None},
    "an empty question": {"question": ""},
    "a question of spaces": {"question": " \n\t "},
    "a question of 2,001 characters": {"question": "x" * 2001},
    "a question too long for the model": {"question": "¿?" * 1000},
    "a number as question": {"question": 5},
    "half a character": {"question": "a\ud800"},
    "an id that is too long": {"id": "x" * 65},
    "an id that is no text": {"id": 5},
    "an empty id": {"id": ""},
    "settings that are no object": {"settings": [1]},
    "no number of tokens": {"settings": {"max_tokens": "many"}},
    "a boolean as number": {"settings": {"max_tokens": True}},
    "half a token": {"settings": {"max_tokens": 1.5}},
    "no tokens": {"settings": {"max_tokens": 0}},
    "a huge number of tokens": {"settings": {"max_tokens": 10**90}},
    "not a number": {"settings": {"temperature": float("nan")}},
    "infinity": {"settings": {"temperature": float("inf")}},
    "a negative temperature": {"settings": {"temperature": -1}},
    "a top_p above one": {"settings": {"top_p": 1.5}},
    "a huge seed": {"settings": {"seed": 2**64}},
    "live that is no boolean": {"live": "yes"},
    "choices that are no list": {"choices": "yes"},
    "no choices": {"choices": []},
    "one choice": {"choices": ["yes"]},
    "seventeen choices": {"choices": [*map(str, range(17))]},
    "a choice that is no text": {"choices": ["yes", 0]},
    "an empty choice": {"choices": ["yes", " "]},
    "a choice of 41 characters": {"choices": ["yes", "x" * 41]},
    "half a character to choose": {"choices": ["yes", "\ud800"]},
    "a doubled choice": {"choices": ["yes", "no", "Yes"]},
    "choices and reasoning": {"choices": ["yes", "no"], "reasoning": True},
    "a question that leaves no room for its choices": {
        "question": "¿" * 270,
        "choices": ["yes", "🙂" * 40],
    },
    "a question nested deeply": {"question": json.loads("[" * 200 + "]" * 200)},
}
BAD_IMAGES = {
    "no image": {"image": None},
    "an address": {"image": "http://example.org/cat.jpg"},
    "no base64": {"image": "data:image/jpeg;base64,%%%"},
    "base64 cut short": {"image": data_url(JPEG)[:-5]},
    "a jpeg cut short": {"image": encoded(size=(400, 300))[:800]},
    "a png cut short": {"image": encoded("PNG", size=(400, 300))[:120]},
    "a webp cut short": {"image": encoded("WEBP", size=(400, 300))[:60]},
    "text called an image": {"image": data_url(b"a picture of a cat")},
    "text as attachment": {"image": b"a picture of a cat"},
    "no bytes": {"image": b""},
    "a gif": {"image": encoded("GIF")},
    "a tiff": {"image": encoded("TIFF")},
    "a bmp": {"image": encoded("BMP")},
    "a svg": {"image": data_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")},
    "0 x 5": {"image": png(size=(0, 5), scanlines=b"")},
    "a header and nothing behind it": {"image": png(size=(50, 50), scanlines=b"")},
}
FORGOTTEN_FRAMES = {
    "an unknown frame": {"image": None, "frame": "gone"},
    "a frame that is no text": {"image": None, "frame": {"id": 1}},
}
LARGE_IMAGES = {
    "an attachment one byte over": {"image": TOO_LARGE},
    "a data url one byte over": {"image": data_url(TOO_LARGE)},
    "a png bomb": {"image": png(size=(50_000, 50_000), scanlines=b"")},
    "a lossy webp bomb": {
        "image": webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 16_000, 16_000))
    },
    "a lossless webp bomb": {"image": webp(b"VP8L", b"\x2f\xff\xff\xff\x0f")},
    "an extended webp bomb": {"image": webp(b"VP8X", b"\0" * 4 + b"\xff" * 6)},
    "one row too many": {"image": png(size=(2000, 1001), scanlines=b"")},
}
REFUSED = [
    *(("bad_request", name, fields) for name, fields in BAD_REQUESTS.items()),
    *(("bad_image", name, fields) for name, fields in BAD_IMAGES.items()),
    *(("frame_forgotten", name, fields) for name, fields in FORGOTTEN_FRAMES.items()),
    *(("image_too_large", name, fields) for name, fields in LARGE_IMAGES.items()),
]


def assert_refused(response, code):
    """The response is a whole sentence with that code, and `answer` says it, too."""
    assert response["error"]["code"] == code
    sentence = response["error"]["message"]
    assert len(sentence) > 15
    assert sentence.endswith((".", "?"))
    assert "Traceback" not in sentence
    assert (response["answer"], response["finish_reason"]) == (sentence, "error")


@pytest.mark.parametrize("arguments", NO_OBJECT.values(), ids=NO_OBJECT.keys())
@pytest.mark.parametrize("skill", ["query", "caption"])
@over_the_wire
async def test_payload_that_is_no_request_is_refused_in_words(server, skill, arguments):
    async with connect(server) as anna:
        await anna.emit_all(skill, *arguments)
        response = await anna.wait_for("response")
        assert (await anna.ask(**GOOD))["finish_reason"] == "length"
    assert response["error"]["code"] in ("bad_request", "bad_image")
    assert_refused(response, response["error"]["code"])


@pytest.mark.parametrize(
    ("code", "fields"),
    [(code, fields) for code, _, fields in REFUSED],
    ids=[name for _, name, _ in REFUSED],
)
@over_the_wire
async def test_bad_request_is_refused_in_words_and_everybody_goes_on(server, code, fields):
    async with connect(server) as anna, connect(server) as bert:
        await anna.emit("query", GOOD | fields)
        assert_refused(await anna.wait_for("response"), code)
        assert (await anna.ask(id="next", **GOOD))["finish_reason"] == "length"
        assert (await bert.ask(**GOOD))["finish_reason"] == "length"
    assert [name for name, _ in bert.events].count("response") == 1


@pytest.mark.parametrize("length", ["", "medium", 5, ["short"], "\ud800"])
@over_the_wire
async def test_caption_of_unknown_length_is_refused_in_words(server, length):
    async with connect(server) as anna:
        assert_refused(await anna.ask("caption", image=JPEG, length=length), "bad_request")


@pytest.mark.parametrize("text", ["a\0b", "\u202e", "🙂" * 20, "<script>alert(1)</script>"])
@over_the_wire
async def test_question_of_odd_characters_is_answered(server, text):
    async with connect(server) as anna:
        assert (await anna.ask(**GOOD | {"question": text}))["finish_reason"] == "length"


def test_nothing_that_strangers_send_is_worth_a_traceback(server):
    """Every broken packet wrote a traceback; one short visit filled the terminal with 500 KB."""
    assert "Traceback" not in server.stderr.text
