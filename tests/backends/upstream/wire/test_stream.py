"""However an answer is cut into bytes, the same objects come; what is no answer says what it is."""

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.upstream.wire.limits import Limits
from protocol.errors import UpstreamCut, UpstreamFailed, UpstreamRefused
from tests.backends.upstream.connected import QUICK, Wire, connected
from tests.scripted_server import (
    DONE,
    Script,
    ScriptedServer,
    answers,
    chunk,
    cuts,
    event,
    head,
    repeats,
    says,
    sends,
    serve_script,
    stays,
    streams,
)

RED, BALL, END = chunk("Röd"), chunk(" 球"), chunk("", "stop")
WHOLE = {"choices": [{"message": {"content": "Röd 球"}, "finish_reason": "stop"}]}
GOOD = json.dumps(RED, ensure_ascii=False)
STREAM = "".join(
    [
        ": a comment\r\n\r\n",
        f"data:{GOOD}\r\n\r\n",
        "event: message\nid: 7\nretry: 10\n",
        f"data: {json.dumps(BALL, ensure_ascii=False)}\n\n",
        ":\n\ndata:\n\n",
        f"data: {json.dumps(END)}\r\r",
        DONE,
    ]
)

AT_ONCE = Limits(**{**vars(QUICK), "linger_s": 0.0, "after_end_s": 0.0})


def read(*scripts: Script, limits: Limits = QUICK) -> str:
    with serve_script(*scripts) as server, connected(server.url, limits=limits) as wire:
        return wire.text()


@pytest.mark.parametrize(
    "script",
    [
        streams(STREAM),
        streams("\ufeff", STREAM),
        streams("\n\n \r\n", STREAM),
        streams(event(RED) + event(BALL) + event(END) + DONE),
        streams(event(RED), f"data: {json.dumps(BALL)}\ndata:\n\n", event(END), "data:[DONE]\n\n"),
        streams(event(RED), event(BALL), event(END)),
        streams(event(RED), event(BALL), f"data: {json.dumps(END)}"),
        streams(event(RED), event(BALL), DONE),
        streams(event(RED), event(BALL), event(END), "data: [DONE]"),
        streams(event({"choices": []}), event(RED), event(BALL), event(END), DONE),
        streams(event(chunk(None)), event(RED), event(BALL), event(END), DONE),
        streams(event(RED), event(BALL), event(END), DONE, event(chunk("Blue")), "data: x\n\n"),
        streams(STREAM, kind="application/json"),
        streams(STREAM, kind="text/plain; charset=latin-1"),
        streams(STREAM, kind=""),
        sends(head(200, kind="text/event-stream"), STREAM),
        answers(200, WHOLE),
        answers(200, WHOLE, kind="text/event-stream"),
        answers(200, b"\xef\xbb\xbf\n " + json.dumps(WHOLE).encode(), kind="text/html"),
        streams(*map(chr, json.dumps(WHOLE).encode()), kind="application/json"),
        sends(head(200), json.dumps(WHOLE)),
    ],
)
def test_answer_is_read_in_every_form_in_which_servers_send_it(script: Script):
    assert read(script) == "Röd 球"


@pytest.fixture(scope="module")
def kept() -> Iterator[tuple[ScriptedServer, Wire]]:
    """One server for all that hypothesis thinks of."""
    with serve_script() as server, connected(server.url) as wire:
        yield server, wire


@settings(deadline=None, max_examples=40)
@given(st.sets(st.integers(1, len(STREAM.encode()) - 1), max_size=12))
def test_answer_is_the_same_wherever_it_is_split(kept, splits: set[int]):
    server, wire = kept
    data, ends = STREAM.encode(), [*sorted(splits), None]
    parts = [data[a:b] for a, b in zip([0, *sorted(splits)], ends, strict=True)]
    server.scripts = [streams(*parts)]
    assert wire.text() == "Röd 球"


def test_answer_is_the_same_byte_by_byte():
    assert read(streams(*(bytes([each]) for each in STREAM.encode()))) == "Röd 球"


def test_objects_come_as_they_are_sent():
    """The first is there while the second is not even written."""
    gate = Event()

    async def first_two(wire) -> list[str]:
        texts = []
        async for payload in wire.servers.post("/chat/completions", {}, "gemma"):
            texts.append(payload["choices"][0]["delta"]["content"])
            gate.set()
        return texts

    script = streams(event(RED), gate, event(BALL), event(END), DONE)
    with serve_script(script) as server, connected(server.url) as wire:
        assert wire.run(first_two(wire)) == ["Röd", " 球", ""]


def test_usage_behind_the_last_word_is_read():
    usage = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}
    with (
        serve_script(streams(event(RED), event(END), event(usage), DONE)) as server,
        connected(server.url) as wire,
    ):
        assert wire.ask()[-1] == usage


@pytest.mark.parametrize("last", [DONE, event(END)])
def test_server_that_says_it_is_done_and_hangs_up_never_is_not_waited_for(last: str):
    assert read(stays(event(RED), event(BALL), last), limits=AT_ONCE) == "Röd 球"


def test_server_that_says_it_is_done_and_goes_on_for_ever_is_not_heard():
    script = repeats(": more\n\n", event(RED), event(BALL), DONE)
    assert read(script, limits=Limits(**{**vars(QUICK), "max_bytes": 2**16})) == "Röd 球"


def test_stream_of_moondream_is_whole_when_it_is_completed():
    script = streams(event({"chunk": "Red"}), event({"completed": True}))
    with serve_script(script) as server, connected(server.url) as wire:
        assert wire.ask() == [{"chunk": "Red"}, {"completed": True}]


NO_API = "not with OpenAI's API. Is the address right?"
BROKE_OFF = "broke off its answer."
TOO_MUCH = "sent more than any answer has."
SMALL = Limits(**{**vars(QUICK), "max_bytes": 2**15, "max_event_bytes": 2**12})


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            answers(200, "<!doctype html><h1>Hi", kind="text/html"),
            f"answered with a web page, {NO_API}",
        ),
        (
            answers(200, " \n<html>", kind="text/event-stream"),
            f"answered with a web page, {NO_API}",
        ),
        (answers(200, "Hello there", kind="text/plain"), f"answered with something else, {NO_API}"),
        (answers(200, bytes(100), kind="image/png"), f"answered with something else, {NO_API}"),
        (answers(200, "[1, 2]"), "sent something that is no answer."),
        (answers(200, '{"choices": ['), "sent something that is no JSON."),
        (answers(200, b'{"a": "\xff"}'), "sent something that is no JSON."),
        (answers(200, '{"a": ' + "9" * 5000 + "}"), "sent something that is no JSON."),
        (answers(200, "[" * 10_000), "sent something that is no JSON."),
        (answers(200, "[" + "[]," * 60_000 + "1]"), TOO_MUCH),
        (streams("data: {nonsense}\n\n", event(RED), DONE), "sent something that is no JSON."),
        (streams("data: 7\n\n", event(RED), DONE), "sent something that is no answer."),
        (streams("data: null\n\n"), "sent something that is no answer."),
        (answers(200, ""), "sent an empty answer."),
        (answers(200, "", kind="text/event-stream"), "sent an empty answer."),
        (streams(), "sent an empty answer."),
        (streams(DONE), "sent an empty answer."),
        (streams(": nothing\n\n", ": at all\n\n"), "sent an empty answer."),
        (streams("data: " + "x" * 2**13), TOO_MUCH),
        (streams(*["data: x\n"] * 2**10), TOO_MUCH),
        (repeats(": more\n\n"), TOO_MUCH),
        (repeats("x", "data: "), TOO_MUCH),
        (repeats('{"a": "' + "x" * 2**10, '{"a": "'), TOO_MUCH),
        (
            answers(200, WHOLE, "Content-Encoding: gzip"),
            "compressed its answer, which was not asked for.",
        ),
    ],
)
def test_what_is_no_answer_is_told_and_the_next_is_read(script: Script, words: str):
    with serve_script(script, says("Red")) as server, connected(server.url, limits=SMALL) as wire:
        with pytest.raises(UpstreamFailed) as failed:
            wire.ask()
        assert type(failed.value) is UpstreamFailed
        assert failed.value.message == f"{server.host} {words}"
        assert server.n_asked == 1
        assert wire.text() == "Red"


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ([], "broke off its answer."),
        (['data: {"choi'], "broke off its answer."),
        (["data: {nonsense}\n\n", event(BALL)], "sent something that is no JSON."),
        ([event({"error": {"message": "It is too hot"}})], "failed: It is too hot."),
        ([event({"error": "It is too hot."})], "failed: It is too hot."),
        ([event({"object": "error", "message": "Too hot", "code": 500})], "failed: Too hot."),
        ([event({"error": {}})], "answered 500."),
        ([event({**RED, "error": {"code": 400, "message": "No."}})], "refused this: No."),
    ],
)
def test_what_was_written_stays_when_the_rest_is_cut(rest: list[str], words: str):
    script = sends(head(200, kind="text/event-stream"), event(RED), *rest)
    with serve_script(script, says("Red")) as server, connected(server.url) as wire:
        objects: list = []
        with pytest.raises(UpstreamCut) as cut:
            wire.run(wire.asking(objects))
        assert objects == [RED]
        assert cut.value.message == f"{server.host} {words}"
        assert server.n_asked == 1
        assert wire.text() == "Red"


def test_connection_that_breaks_in_the_middle_keeps_what_was_written():
    with serve_script(cuts(event(RED)), says("Red")) as server, connected(server.url) as wire:
        objects: list = []
        with pytest.raises(UpstreamCut, match="broke off the connection"):
            wire.run(wire.asking(objects))
        assert objects == [RED]
        assert wire.text() == "Red"


def test_error_in_the_place_of_an_answer_is_told_with_the_servers_words():
    told = {"error": {"message": "image input is not supported", "code": 500}}
    with serve_script(streams(event(told)), says("Red")) as server, connected(server.url) as wire:
        with pytest.raises(UpstreamRefused) as refused:
            wire.ask()
        assert (refused.value.status, refused.value.told) == (500, told["error"]["message"])
        assert server.n_asked == 1
        assert wire.text() == "Red"


def test_answer_of_100_mb_is_not_read():
    """Only what the systems' buffers hold has left the server when the end is told."""
    size = 100 * 2**20
    script = sends(head(200, f"Content-Length: {size}"), '{"a": "', *["x" * 2**20] * 100)
    with serve_script(script, says("Red")) as server, connected(server.url) as wire:
        with pytest.raises(UpstreamFailed, match="sent more than any answer has"):
            wire.ask()
        assert server.n_sent < size / 2
        assert wire.text() == "Red"


def test_compressed_bomb_is_not_unpacked():
    bomb = gzip.compress(bytes(64 * 2**20))
    bombs = [answers(200, bomb, "Content-Encoding: gzip"), answers(200, bomb)]
    with serve_script(*bombs, says("Red")) as server, connected(server.url) as wire:
        tracemalloc.start()
        for _ in bombs:
            with pytest.raises(UpstreamFailed, match=r"compressed its answer|something else"):
                wire.ask()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8 * 2**20
        assert wire.text() == "Red"


def test_what_a_server_wants_to_be_remembered_is_not():
    cookie = answers(200, WHOLE, "Set-Cookie: a=b")
    with serve_script(cookie) as server, connected(server.url) as wire:
        wire.ask()
        wire.ask()
        assert [server.next().headers.get("cookie") for _ in range(2)] == [None, None]


@pytest.mark.parametrize(
    ("limits", "script", "kind", "words"),
    [
        ({"first_byte_s": 0.02}, stays(), UpstreamFailed, "sent nothing for 0.02 s."),
        ({"between_s": 0.02}, stays(event(RED)), UpstreamCut, "sent nothing for 0.02 s."),
        (
            {"whole_s": 0.5},
            repeats(": alive\n\n", event(RED)),
            UpstreamCut,
            "did not end its answer within 0.5 s.",
        ),
        (
            {"whole_s": 0.2},
            repeats("x", "data: "),
            UpstreamFailed,
            "did not end its answer within 0.2 s.",
        ),
        (
            {"whole_s": 0.05},
            stays("data: x"),
            UpstreamFailed,
            "did not end its answer within 0.05 s.",
        ),
    ],
)
def test_patience_ends(limits: dict, script: Script, kind: type, words: str):
    short = Limits(**{**vars(QUICK), "max_bytes": 2**40, "max_event_bytes": 2**40, **limits})
    with serve_script(script, says("Red")) as server, connected(server.url, limits=short) as wire:
        with pytest.raises(UpstreamFailed) as failed:
            wire.ask()
        assert (type(failed.value), failed.value.message) == (kind, f"{server.host} {words}")
        wire.keep_to(QUICK)
        assert wire.text() == "Red"
