"""Several servers: who is there, who is asked, and what is known of their models."""

import asyncio
from contextlib import suppress
from threading import Event

import pytest

from backends.upstream.wire.limits import Limits
from backends.upstream.wire.servers import MAX_ABILITIES, read_key
from protocol.errors import StartRefused, UpstreamCut, UpstreamFailed
from protocol.status import ModelState
from protocol.upstream import KEY_NAME, Abilities
from tests.backends.upstream.connected import QUICK, Wire, connected
from tests.scripted_server import (
    DONE,
    WAIT_S,
    ScriptedServer,
    answers,
    chunk,
    event,
    hangs,
    lists,
    says,
    sends,
    serve_script,
    stays,
    streams,
)
from tests.server import free_port


def dead_url() -> str:
    return f"http://127.0.0.1:{free_port()}/v1"


def test_models_of_all_servers_can_be_chosen_once_each():
    with (
        serve_script(models=lists("a", "b")) as one,
        serve_script(models=lists("b", "c")) as other,
        connected(one.url, other.url) as wire,
    ):
        assert wire.status.upstream.models == ("a", "b", "c")
        assert wire.status.upstream.hosts == wire.servers.hosts == (one.host, other.host)


def test_server_that_has_the_model_is_asked():
    with (
        serve_script(says("one"), models=lists("a")) as one,
        serve_script(says("other"), models=lists("b")) as other,
        connected(one.url, other.url) as wire,
    ):
        assert [wire.text(model) for model in "abba"] == ["one", "other", "other", "one"]


def test_model_that_nobody_lists_is_asked_for_all_the_same():
    with serve_script() as server, connected(server.url, model="secret") as wire:
        assert wire.status.model == "secret"
        assert wire.text("secret") == "Red"


def test_least_busy_server_is_asked():
    gate = Event()
    slow = streams(event(chunk("slow")), gate, event(chunk("", "stop")), DONE)

    async def two(wire: Wire) -> list[dict]:
        began: list[dict] = []
        first = asyncio.create_task(wire.asking(began))
        while not began:
            await asyncio.sleep(0)
        second = await wire.asking([])
        gate.set()
        await first
        return second

    with (
        serve_script(slow, says("one")) as one,
        serve_script(says("other")) as other,
        connected(one.url, other.url) as wire,
    ):
        assert wire.run(two(wire))[0] == chunk("other")
        assert (one.n_asked, other.n_asked) == (1, 1)


def test_dead_server_is_left_out():
    with serve_script() as server, connected(dead_url(), server.url) as wire:
        assert (wire.status.state, wire.status.error) == (ModelState.READY, None)
        assert wire.text() == "Red"
        assert wire.status.upstream.models == ("gemma",)


def test_all_that_are_dead_are_told():
    one, other = dead_url(), dead_url()
    with connected(one, other) as wire:
        assert wire.status.state is ModelState.FAILED
        assert wire.status.error == " ".join(
            f"No answer from {url[7:-3]}. Is it running?" for url in (one, other)
        )


@pytest.mark.parametrize("script", [answers(429, ""), answers(503, ""), sends()])
def test_another_server_is_asked_before_the_same_one_again(script):
    with (
        serve_script(script) as one,
        serve_script(says("other")) as other,
        connected(one.url, other.url) as wire,
    ):
        assert wire.text() == "other"
        assert (one.n_asked, other.n_asked) == (1, 1)


def test_no_other_server_is_asked_when_words_were_told():
    cut = sends("HTTP/1.1 200 X\r\n\r\n", event(chunk("Red")))
    with (
        serve_script(cut) as one,
        serve_script() as other,
        connected(one.url, other.url) as wire,
    ):
        with pytest.raises(UpstreamCut, match="broke off"):
            wire.ask()
        assert (one.n_asked, other.n_asked) == (1, 0)


def test_attempts_end_when_all_fail():
    with (
        serve_script(answers(500, "")) as one,
        serve_script(answers(502, "")) as other,
        connected(one.url, other.url) as wire,
    ):
        with pytest.raises(UpstreamFailed, match=r"answered 50[02]\."):
            wire.ask()
        assert (one.n_asked, other.n_asked) == (3, 3)


def test_server_that_dies_is_noticed_by_whoever_asks_and_found_again_when_it_is_back():
    """Nobody looks for a server that is well before half a minute has passed."""

    async def die_and_return(wire: Wire, server: ScriptedServer) -> list[ModelState]:
        watching = asyncio.create_task(wire.servers.watch())
        while wire.status.state is not ModelState.READY:
            await asyncio.sleep(0)
        address = wire.servers._servers[0]._url
        wire.servers._servers[0]._url = dead_url()
        with suppress(UpstreamFailed):
            await wire.asking([])
        while wire.status.state is not ModelState.FAILED:
            await asyncio.sleep(0)
        wire.servers._servers[0]._url = address
        while wire.status.state is not ModelState.READY:
            await asyncio.sleep(0)
        watching.cancel()
        return [status.state for status, _ in wire.told]

    limits = Limits(**{**vars(QUICK), "every_s": WAIT_S, "pauses_s": ()})
    with serve_script() as server:
        wire = Wire(server.url, limits=limits)
        states = wire.run(die_and_return(wire, server))
        wire.close()
    assert states == [ModelState.READY, ModelState.FAILED, ModelState.READY]


def test_server_that_breaks_off_is_looked_for_at_once():
    async def break_off(wire: Wire) -> None:
        watching = asyncio.create_task(wire.servers.watch())
        while wire.status.state is not ModelState.READY:
            await asyncio.sleep(0)
        asking = asyncio.create_task(wire.asking([]))
        while not (server := wire.servers._servers[0]).n_running:
            await asyncio.sleep(0)
        server._url = dead_url()
        with pytest.raises(UpstreamCut):
            await asking
        while wire.status.state is not ModelState.FAILED:
            await asyncio.sleep(0)
        watching.cancel()

    cut = sends("HTTP/1.1 200 X\r\n\r\n", event(chunk("Red")))
    limits = Limits(**{**vars(QUICK), "every_s": WAIT_S})
    with serve_script(cut) as server:
        wire = Wire(server.url, limits=limits)
        wire.run(break_off(wire))
        wire.close()


def test_server_that_gets_its_first_model_is_ready_then():
    """Another Moonsight lists none before its own server is there."""

    async def get_one(wire: Wire, server: ScriptedServer) -> None:
        watching = asyncio.create_task(wire.servers.watch())
        while wire.status.state is not ModelState.FAILED:
            await asyncio.sleep(0)
        assert "lists no models" in wire.status.error
        server.models = lists("gemma")
        while wire.status.state is not ModelState.READY:
            await asyncio.sleep(0)
        watching.cancel()

    limits = Limits(**{**vars(QUICK), "every_s": WAIT_S})
    with serve_script(models=lists()) as server:
        wire = Wire(server.url, limits=limits)
        wire.run(get_one(wire, server))
        wire.close()


def test_question_waits_until_it_is_known_who_is_there():
    gate = Event()

    def slow_list(talk) -> None:
        talk.send(gate)
        lists("gemma")(talk)

    async def early(wire: Wire) -> list[dict]:
        asking = asyncio.create_task(wire.asking([]))
        looking = asyncio.create_task(wire.servers.refresh())
        while not server.n_listed:
            await asyncio.sleep(0)
        assert server.n_asked == 0
        gate.set()
        await looking
        return await asking

    with serve_script(models=slow_list) as server:
        wire = Wire(server.url)
        assert wire.run(early(wire))[0] == chunk("Red")
        wire.close()


def test_server_that_hangs_holds_up_no_other():
    limits = Limits(**{**vars(QUICK), "look_s": WAIT_S})

    async def ask(wire: Wire) -> list[dict]:
        looking = asyncio.create_task(wire.servers.refresh())
        objects = await wire.asking([])
        looking.cancel()
        return objects

    with serve_script(models=hangs) as hanging, serve_script() as server:
        wire = Wire(hanging.url, server.url, limits=limits)
        assert wire.run(ask(wire))[0] == chunk("Red")
        assert wire.status.state is ModelState.READY
        wire.close()


@pytest.mark.parametrize("models", [hangs, sends(), answers(500, ""), answers(429, "")])
def test_server_that_is_busy_with_our_answers_and_has_no_time_to_be_looked_at_is_there(models):
    """Some answer one request after the other: they were told to be away while they wrote."""
    gate = Event()
    slow = streams(event(chunk("Red")), gate, event(chunk("", "stop")), DONE)

    async def look_while_it_answers(wire: Wire, server: ScriptedServer) -> None:
        asking = asyncio.create_task(wire.asking(began := []))
        while not began:
            await asyncio.sleep(0)
        server.models = models
        wire.keep_to(Limits(**{**vars(QUICK), "look_s": 0.3}))
        await wire.servers.refresh()
        assert wire.status.state is ModelState.READY
        gate.set()
        await asking
        await wire.servers.refresh()
        assert wire.status.state is ModelState.FAILED

    with serve_script(slow) as server, connected(server.url) as wire:
        wire.run(look_while_it_answers(wire, server))


def test_cancelled_answer_closes_its_connection():
    async def cancel(wire: Wire) -> None:
        began: list[dict] = []
        asking = asyncio.create_task(wire.asking(began))
        while not began:
            await asyncio.sleep(0)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking

    with (
        serve_script(stays(event(chunk("Red"))), says("Blue")) as server,
        connected(server.url) as wire,
    ):
        wire.run(cancel(wire))
        assert server.ended.wait(WAIT_S)
        assert wire.text() == "Blue"


@pytest.mark.parametrize("n", [1, 2**20])
def test_body_arrives_as_it_was_asked(n: int):
    content = "Röd\ud800?" * n
    body = {"model": "gemma", "n": 1, "messages": [{"role": "user", "content": content}]}
    with serve_script() as server, connected(server.url) as wire:
        wire.ask("gemma", body)
        asked = server.next()
    assert (asked.method, asked.path, asked.told) == ("POST", "/v1/chat/completions", body)
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("owners", "is_moonsight"),
    [(("moonsight",), True), (("moonsight", "moonsight"), True), (("moonsight", "me"), False)],
)
def test_moonsight_behind_moonsight_is_recognised(owners, is_moonsight: bool):
    with (
        serve_script(models=lists("demo", owned_by=owners[0])) as one,
        serve_script(models=lists("demo", owned_by=owners[-1])) as other,
        connected(one.url, other.url) as wire,
    ):
        assert wire.servers.is_moonsight("demo") is is_moonsight
        assert not wire.servers.is_moonsight("other")


def test_what_was_seen_of_a_model_is_told():
    with serve_script() as server, connected(server.url) as wire:
        assert wire.servers.abilities("gemma") == Abilities("gemma")
        seen = Abilities("gemma", sees=True)
        wire.servers.learn(Abilities("gemma", sees=False))
        wire.servers.learn(seen)
        assert wire.servers.abilities("gemma") == seen
        assert wire.told[-1][0].upstream.abilities == (seen,)
        assert wire.status.state is ModelState.READY
        wire.refresh()
        assert wire.status.upstream.abilities == (seen,)


def test_what_was_seen_of_models_is_bounded_and_the_newest_stay():
    with serve_script() as server, connected(server.url) as wire:
        for number in range(MAX_ABILITIES + 1):
            wire.servers.learn(Abilities(f"{number}"))
        known = [each.model for each in wire.status.upstream.abilities]
    assert known == [f"{number}" for number in range(1, MAX_ABILITIES + 1)]


def test_nothing_is_told_twice():
    with serve_script() as server, connected(server.url) as wire:
        wire.refresh()
        assert len(wire.told) == 1


@pytest.mark.parametrize("key", ["sk-a b", "sk-\x00", "schlüssel", "sk-a\r\nX-Evil: 1"])
def test_key_that_cannot_be_sent_stops_the_start_and_is_not_repeated(key: str, monkeypatch):
    with pytest.raises(StartRefused, match=f"{KEY_NAME} cannot be sent") as refused:
        read_key(key)
    assert key not in refused.value.message


@pytest.mark.parametrize(("text", "key"), [("", ""), (" \n", ""), (" sk-1\r\n", "sk-1")])
def test_key_is_read_without_what_stands_around_it(text: str, key: str):
    assert read_key(text) == key


def test_one_server_that_is_named_twice_is_one():
    with serve_script() as server, connected(server.url, server.url) as wire:
        assert wire.servers.hosts == (server.host,)
        assert server.n_listed == 1
