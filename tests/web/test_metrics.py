"""What is told of requests to whoever watches the server."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from protocol.answer import Finished, FinishReason, Sink, Started, Timings, Usage, refusal
from protocol.errors import BadImage, Busy
from protocol.request import QueryResult, Request, Skill
from protocol.status import ModelState, Status
from tests.fakes import make_request
from web.metrics import Metrics


class ScriptedModel:
    """Lets a test say what happens to each request; refuses those of one client."""

    status = Status(
        ModelState.READY, "demo", "cpu", memory_bytes=123, cache_bytes=45, max_running=4
    )

    def __init__(self) -> None:
        self.sinks: list[Sink] = []

    def submit(self, asked: Request, sink: Sink) -> None:
        if asked.client == "busy":
            raise Busy("no")
        self.sinks.append(sink)


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel()


@pytest.fixture
def metrics(model: ScriptedModel) -> Metrics:
    return Metrics(model)


@pytest.fixture
def ask(metrics: Metrics, model: ScriptedModel) -> Callable[..., Sink]:
    """Asks through a door; returns what takes what happens to the request."""

    def ask(door: str = "page", hear: Sink = lambda event: None) -> Sink:
        metrics.submit(door, make_request(), hear)
        return model.sinks[-1]

    return ask


def told(metrics: Metrics) -> dict[str, float]:
    """Every sample, by its name and labels."""
    app = Flask(__name__)
    app.register_blueprint(metrics.blueprint())
    text = app.test_client().get("/metrics").text
    return {name: float(value) for name, value in re.findall(r"^([a-z].*) (\S+)$", text, re.M)}


def finished(reason: FinishReason = FinishReason.STOP) -> Finished:
    timings = Timings(queue_ms=1, first_token_ms=30, total_ms=130)
    return Finished("1", reason, QueryResult("the answer"), timings, Usage(700, 11))


def test_request_is_counted_by_skill_door_and_end(metrics, ask):
    ask("page")(finished())
    ask("openai")(refusal("1", Skill.QUERY, BadImage("no")))
    with pytest.raises(Busy):
        metrics.submit("rest", make_request(client="busy"), lambda event: None)
    samples = told(metrics)
    labels = 'moonsight_requests_total{door="%s",outcome="%s",skill="query"}'
    assert samples[labels % ("page", "stop")] == 1
    assert samples[labels % ("openai", "bad_image")] == 1
    assert samples[labels % ("rest", "busy")] == 1
    assert samples["moonsight_requests_open"] == 0


def test_events_are_handed_on_as_they_are(ask):
    heard = []
    sink = ask(hear=heard.append)
    events = [Started("1", None, 0), finished()]
    for event in events:
        sink(event)
    assert heard == events


def test_rows_in_use_are_those_that_began_and_have_not_ended(metrics, ask):
    first, second, _ = (ask() for _ in "123")
    first(Started("1", None, 0))
    second(Started("2", None, 0))
    first(finished())
    samples = told(metrics)
    assert samples["moonsight_rows_in_use"] == 1
    assert samples["moonsight_requests_open"] == 2


def test_request_that_never_began_frees_no_row(metrics, ask):
    ask()(finished(FinishReason.CANCELLED))
    assert told(metrics)["moonsight_rows_in_use"] == 0


def test_times_are_told_in_seconds(metrics, ask):
    ask()(finished())
    samples = told(metrics)
    assert samples["moonsight_first_token_seconds_sum"] == pytest.approx(0.03)
    assert samples["moonsight_total_seconds_sum"] == pytest.approx(0.13)
    assert samples["moonsight_token_seconds_sum"] == pytest.approx(0.01)


def test_model_is_told_as_it_is_now(metrics):
    samples = told(metrics)
    assert samples['moonsight_model_state{state="ready"}'] == 1
    assert samples['moonsight_model_state{state="loading"}'] == 0
    assert samples["moonsight_rows"] == 4
    assert samples["moonsight_memory_bytes"] == 123
    assert samples["moonsight_cache_bytes"] == 45


def test_line_of_the_log_holds_no_word_of_the_answer(ask, caplog):
    caplog.set_level("INFO")
    ask()(finished())
    assert "skill=query outcome=stop" in caplog.text
    assert "answer" not in caplog.text
