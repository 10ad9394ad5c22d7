"""Every kind of model keeps the one contract, `protocol/model.py`; a new kind is one row here."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from threading import Event

import pytest

from backends.kinds import make_model
from backends.process import ModelProcess
from backends.resident import ResidentModel
from backends.upstream.model import UpstreamModel
from protocol.answer import Finished, FinishReason, Sink, Started, Waiting
from protocol.errors import BadRequest, Busy, ModelFailed
from protocol.model import Model
from protocol.pieces import TextDelta
from protocol.request import Request, SamplingParams
from protocol.status import ModelState
from settings import Settings
from tests import scripted_server
from tests.backends.echo import EchoModel, ThreadWire
from tests.fakes import WAIT_S, Inbox, make_request
from tests.ray_cluster import RayCluster
from tests.scripted_server import ScriptedServer, Talk, echoes, lists, serve_script
from tests.server import LINE_TIMEOUT_S, free_port

LIMITS = {"max_waiting": 4, "max_waiting_per_client": 3, "max_running": 2}
# Answered for as long as anybody listens: by the network, which never stops by itself, by Echo, and
# by another server.
ENDLESS = {
    "resident": "What is it?",
    "process": "a " * 50_000,
    "upstream": scripted_server.ENDLESS,
    "replicas": "What is it?",
}
MANY = SamplingParams(max_tokens=500)
ANSWERED = (FinishReason.STOP, FinishReason.LENGTH)

SERVERS: list[ScriptedServer] = []
# What is deployed on a cluster.
WHERE: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def other_server() -> Iterator[None]:
    """What a model at another server asks."""
    with serve_script(echoes) as server:
        SERVERS.append(server)
        yield
        SERVERS.clear()


@pytest.fixture(scope="module", autouse=True)
def deployed(cluster: RayCluster | None, checkpoint: Path) -> Iterator[None]:
    """What replicas on a cluster are asked."""
    if cluster is None:
        yield
        return
    options = (f"--{name.replace('_', '-')}={value}" for name, value in LIMITS.items())
    with cluster.deployed("--model", str(checkpoint), *options) as where:
        WHERE.append(where)
        yield


class LateModel(UpstreamModel):
    """Its server does not say what it has before the first request is there."""

    def __init__(self, settings: Settings) -> None:
        self._is_asked = Event()
        url = f"http://127.0.0.1:{free_port()}/v1"
        if settings.revision != "refused":
            url, SERVERS[0].models = SERVERS[0].url, self._list
        super().__init__(replace(settings, upstream=(url,), model=Settings.model))

    def submit(self, request: Request, sink: Sink) -> None:
        super().submit(request, sink)
        self._is_asked.set()

    def _list(self, talk: Talk) -> None:
        talk.send(self._is_asked)
        lists("gemma")(talk)


def other_version(settings: Settings) -> Model:
    """What asks a cluster, from sources of another version."""
    from backends.replicas import connection, model

    connection.version = lambda: "another"
    return model.ReplicasModel(settings)


def make_replicas(settings: Settings) -> Model:
    make = other_version if settings.revision == "refused" else make_model
    return ModelProcess(replace(settings, ray=WHERE[0]), ThreadWire, make)


KINDS: dict[str, Callable[[Settings], Model]] = {
    "resident": ResidentModel,
    "process": lambda settings: ModelProcess(settings, ThreadWire, EchoModel),
    "upstream": LateModel,
    "replicas": make_replicas,
}


def make(kind: str, checkpoint) -> Model:
    return KINDS[kind](Settings(model=str(checkpoint), device="cpu", **LIMITS))


@pytest.fixture(
    scope="module",
    params=[pytest.param(each, marks=[pytest.mark.ray] * (each == "replicas")) for each in KINDS],
)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def endless(kind: str) -> str:
    return ENDLESS[kind]


@pytest.fixture(scope="module")
def model(kind: str, checkpoint) -> Iterator[Model]:
    model = make(kind, checkpoint)
    model.watch(lambda status: None)
    yield model
    assert model.close()


def ask(model: Model, id: str, client: str = "ann", question: str = "a b") -> Inbox:
    inbox = Inbox()
    model.submit(make_request(id, client, question=question, sampling=MANY), inbox.put)
    return inbox


def until_started(inbox: Inbox) -> None:
    while not isinstance(inbox.next(), Started):
        pass


def test_events_come_in_their_order_and_the_end_once(model: Model):
    inbox = Inbox()
    model.submit(make_request(question="a b", sampling=SamplingParams(max_tokens=2)), inbox.put)
    kinds = [kind for kind, _ in groupby(map(type, inbox.until_finished()))]
    assert [each for each in kinds if each is not Waiting] == [Started, TextDelta, Finished]
    # Asked behind it and ended before this line: nothing more came for the first.
    model.submit(make_request("2", sampling=SamplingParams(max_tokens=1)), (end := Inbox()).put)
    end.until_finished()
    assert inbox.is_empty


def test_requests_of_one_client_begin_in_the_order_sent(model: Model):
    began: list[str] = []
    inboxes = [Inbox() for _ in range(3)]
    for number, inbox in enumerate(inboxes):

        def hear(event, inbox=inbox):
            began.extend([event.id] if isinstance(event, Started) else [])
            inbox.put(event)

        model.submit(make_request(str(number), sampling=SamplingParams(max_tokens=1)), hear)
    for inbox in inboxes:
        inbox.until_finished()
    assert began == ["0", "1", "2"]


def test_newest_of_a_live_burst_is_answered_and_its_elders_are_replaced(model: Model):
    inboxes = [Inbox() for _ in range(60)]
    for number, inbox in enumerate(inboxes):
        asked = make_request(f"{number}", is_live=True, sampling=SamplingParams(max_tokens=1))
        model.submit(asked, inbox.put)
    *elders, newest = [inbox.until_finished()[-1].reason for inbox in inboxes]
    assert newest in ANSWERED
    assert set(elders) <= {*ANSWERED, FinishReason.REPLACED}


def test_cancelled_request_ends_and_keeps_what_it_had(model: Model, endless: str):
    inbox = ask(model, "1", question=endless)
    events = [inbox.next()]
    while not isinstance(events[-1], TextDelta):
        events.append(inbox.next())
    model.cancel("ann", "1")
    *more, end = inbox.until_finished()
    said = "".join(each.text for each in [*events, *more] if isinstance(each, TextDelta))
    assert (end.reason, end.result.answer) == (FinishReason.CANCELLED, said)


def test_client_that_leaves_takes_its_requests_along_and_nobody_elses(model: Model, endless: str):
    mine = [ask(model, id, question=endless) for id in "12"]
    other = Inbox()
    model.submit(make_request("1", "bob", sampling=SamplingParams(max_tokens=3)), other.put)
    model.cancel("cy")
    model.cancel("ann", "unknown")
    model.cancel("ann")
    assert {each.until_finished()[-1].reason for each in mine} == {FinishReason.CANCELLED}
    assert other.until_finished()[-1].reason in (FinishReason.STOP, FinishReason.LENGTH)


def test_refused_request_hears_nothing_and_costs_the_others_nothing(model: Model, endless: str):
    open_inboxes = [ask(model, id, question=endless) for id in "12"]
    until_started(open_inboxes[0])
    silent = Inbox()
    with pytest.raises(BadRequest):
        model.submit(make_request("1"), silent.put)
    open_inboxes += [ask(model, id, question=endless) for id in "34"]
    with pytest.raises(Busy):
        model.submit(make_request("5"), silent.put)
    model.cancel("ann")
    for inbox in open_inboxes:
        assert inbox.until_finished()[-1].reason is FinishReason.CANCELLED
    assert silent.is_empty


def test_request_waits_while_the_model_loads_and_the_watcher_hears_when_it_is_ready(
    kind, checkpoint, endless
):
    is_ready = Event()
    model = make(kind, checkpoint)
    model.watch(lambda status: status.state is ModelState.READY and is_ready.set())
    assert model.status.state is ModelState.LOADING
    early = ask(model, "early", question=endless)
    until_started(early)
    assert is_ready.wait(WAIT_S)
    assert (model.status.state, model.failure) == (ModelState.READY, None)
    assert model.status.max_running == LIMITS["max_running"]
    waiting = [ask(model, id, question=endless) for id in "12"]
    assert model.close()
    ends = [inbox.until_finished()[-1] for inbox in (early, *waiting)]
    assert {each.reason for each in ends} <= {FinishReason.CANCELLED, FinishReason.ERROR}
    with pytest.raises(ModelFailed):
        ask(model, "late")


def test_model_that_cannot_start_says_why_and_refuses_whoever_asks(kind, tmp_path):
    has_failed = Event()
    model = KINDS[kind](Settings(model=str(tmp_path), revision="refused", device="cpu"))
    model.watch(lambda status: status.state is ModelState.FAILED and has_failed.set())
    # It may have failed before anybody listened.
    assert model.status.state is ModelState.FAILED or has_failed.wait(LINE_TIMEOUT_S)
    assert model.status.error == model.failure.message
    silent = Inbox()
    with pytest.raises(type(model.failure), match=re.escape(model.failure.message)):
        model.submit(make_request(), silent.put)
    assert silent.is_empty
    assert model.close()
