"""A model at other servers: what it does beyond the contract that all kinds keep."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from backends.upstream.model import UpstreamModel
from backends.upstream.wire.limits import Limits
from protocol.answer import Finished, FinishReason, Waiting
from protocol.errors import ModelFailed, UpstreamFailed
from protocol.pieces import TextDelta
from protocol.request import Skill
from protocol.status import ModelState, Status
from settings import Settings
from tests.backends.upstream.connected import QUICK
from tests.fakes import Inbox, make_request
from tests.scripted_server import (
    DONE,
    WAIT_S,
    ScriptedServer,
    answers,
    chunk,
    event,
    hangs,
    says,
    sends,
    serve_script,
    stays,
    streams,
)
from tests.server import free_port

BEGUN = stays(event(chunk("Red")))


class Watcher:
    """Hears of each status, and can be waited for."""

    def __init__(self, model: UpstreamModel) -> None:
        self._model, self._has_changed = model, Event()
        model.watch(lambda status: self._has_changed.set())

    def until(self, is_so: Callable[[Status], bool]) -> Status:
        while not is_so(self._model.status):
            assert self._has_changed.wait(WAIT_S)
            self._has_changed.clear()
        return self._model.status


@contextmanager
def opened(*servers: ScriptedServer, limits: Limits = QUICK, **options) -> Iterator[UpstreamModel]:
    """A model that is ready."""
    settings = Settings(upstream=tuple(server.url for server in servers), **options)
    model = UpstreamModel(settings, limits)
    try:
        Watcher(model).until(lambda status: status.state is ModelState.READY)
        yield model
    finally:
        assert model.close()


def ask(model: UpstreamModel, id: str = "1", client: str = "ann", **fields) -> Inbox:
    inbox = Inbox()
    model.submit(make_request(id, client, **fields), inbox.put)
    return inbox


def until_words(inbox: Inbox) -> None:
    while not isinstance(inbox.next(), TextDelta):
        pass


def end_of(inbox: Inbox) -> Finished:
    return inbox.until_finished()[-1]


def test_cancelled_answer_closes_its_connection():
    with serve_script(BEGUN, says("Blue")) as server, opened(server) as model:
        until_words(inbox := ask(model))
        model.cancel("ann", "1")
        assert server.ended.wait(WAIT_S)
        end = end_of(inbox)
        assert (end.reason, end.result.answer) == (FinishReason.CANCELLED, "Red")
        assert end_of(ask(model, "2")).result.answer == "Blue"


def test_close_ends_every_answer_and_connection():
    with serve_script(BEGUN, hangs) as server:
        with opened(server, max_running=2) as model:
            until_words(talking := ask(model, "1"))
            silent, waiting = ask(model, "2"), ask(model, "3")
            server.next(), server.next()
        ends = [end_of(inbox) for inbox in (talking, silent, waiting)]
        assert {end.reason for end in ends} == {FinishReason.CANCELLED}
        assert server.ended.wait(WAIT_S)
        with pytest.raises(ModelFailed):
            ask(model, "4")


def test_requests_of_one_client_begin_in_the_order_sent_and_run_side_by_side():
    gate = Event()
    slow = streams(gate, event(chunk("slow", "stop")), DONE)
    with serve_script(slow, says("quick")) as server, opened(server, max_running=2) as model:
        first = ask(model, "1")
        server.next()
        assert end_of(ask(model, "2")).result.answer == "quick"
        gate.set()
        events = first.until_finished()
        assert events[-1].result.answer == "slow"


def test_newest_live_look_replaces_the_one_that_waits():
    gate = Event()
    slow = streams(gate, event(chunk("slow", "stop")), DONE)
    with serve_script(slow, says("new")) as server, opened(server) as model:
        running = ask(model, "1", is_live=True)
        server.next()
        elder, newest = ask(model, "2", is_live=True), ask(model, "3", is_live=True)
        assert end_of(elder).reason is FinishReason.REPLACED
        gate.set()
        assert end_of(running).result.answer == "slow"
        assert end_of(newest).result.answer == "new"
        assert server.n_asked == 2


def test_look_sends_nothing():
    with serve_script() as server, opened(server) as model:
        assert end_of(ask(model, skill=Skill.LOOK)).reason is FinishReason.STOP
        assert server.n_asked == 0


def test_answer_that_is_cut_keeps_its_words_and_says_so():
    cut = sends("HTTP/1.1 200 X\r\n\r\n", event(chunk("Red")))
    with serve_script(cut, says("Blue")) as server, opened(server) as model:
        end = end_of(ask(model))
        assert (end.reason, end.result.answer) == (FinishReason.ERROR, "Red")
        assert end.error.message == f"{server.host} broke off its answer."
        assert end_of(ask(model, "2")).result.answer == "Blue"


@pytest.mark.parametrize(
    "script", [answers(200, "<html>"), answers(401, ""), answers(500, ""), sends("\x00"), sends()]
)
def test_one_that_fails_leaves_the_others_and_the_model_as_they_are(script):
    gate = Event()
    slow = streams(event(chunk("a")), gate, event(chunk("b", "stop")), DONE)
    scripts = [slow, *[script] * 3, says("Blue")]
    with serve_script(*scripts) as server, opened(server) as model:
        until_words(other := ask(model, "1", "bob"))
        end = end_of(ask(model, "1"))
        assert end.reason is FinishReason.ERROR
        assert isinstance(end.error, UpstreamFailed)
        server.scripts = [says("Blue")]
        assert end_of(ask(model, "2")).result.answer == "Blue"
        gate.set()
        assert end_of(other).result.answer == "ab"
        assert model.status.state is ModelState.READY


def test_model_that_failed_is_ready_when_its_server_comes():
    port = free_port()
    settings = Settings(upstream=(f"http://127.0.0.1:{port}/v1",))
    model = UpstreamModel(settings, QUICK)
    watcher = Watcher(model)
    status = watcher.until(lambda status: status.state is ModelState.FAILED)
    assert status.error == f"No answer from 127.0.0.1:{port}. Is it running?"
    with pytest.raises(ModelFailed, match=r"Is it running\?"):
        ask(model)
    with serve_script(port=port):
        watcher.until(lambda status: status.state is ModelState.READY)
        assert (model.failure, model.status.error) == (None, None)
        assert end_of(ask(model)).result.answer == "Red"
    assert model.close()


def test_model_is_loading_until_it_is_known_who_is_there_and_requests_wait():
    with serve_script(models=hangs) as server:
        model = UpstreamModel(Settings(upstream=(server.url,)), QUICK)
        inbox = ask(model)
        assert isinstance(inbox.next(), Waiting)
        assert model.status.state is ModelState.LOADING
        assert model.close()
        assert end_of(inbox).reason is FinishReason.CANCELLED


def test_ends_leave_no_task_and_no_thread_behind(caplog):
    with serve_script(BEGUN, hangs, says("Red")) as server, caplog.at_level(logging.WARNING):
        with opened(server) as model:
            until_words(ask(model, "1"))
            ask(model, "2")
            server.next(), server.next()
            end_of(ask(model, "3"))
            model.cancel("ann")
        assert not model._thread.is_alive()
        assert model._tasks == {}
    assert caplog.records == []
