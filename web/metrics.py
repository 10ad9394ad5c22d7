"""What is counted of requests, for Prometheus: how many, how they ended, how long they took.

Neither questions nor answers nor frames, and nothing of who asked.
"""

import logging
from collections.abc import Callable, Iterator

from flask import Blueprint, Response
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from protocol.answer import AnswerEvent, Finished, Sink, Started
from protocol.errors import RequestError
from protocol.model import Model
from protocol.request import Request, Skill
from protocol.status import ModelState

# When a counter began is nothing that anybody asks.
disable_created_metrics()

log = logging.getLogger(__name__)

# Hands a request of a door to the model, as `Model.submit` does.
Submit = Callable[[str, Request, Sink], None]

# Seconds: from a token on a GPU to a long answer on a slow CPU.
BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60)


class Metrics:
    """Counts what happens to the requests of one app. On the loop only."""

    def __init__(self, model: Model) -> None:
        self._model, self._registry = model, CollectorRegistry()
        registry = self._registry
        self._requests = Counter(
            "moonsight_requests",
            "Requests that ended, by skill, door and how: a finish reason, or an error's code.",
            ("skill", "door", "outcome"),
            registry=registry,
        )
        self._refused = Counter(
            "moonsight_refused",
            "HTTP requests that never reached the model, by door and status.",
            ("door", "status"),
            registry=registry,
        )
        self._open = Gauge(
            "moonsight_requests_open", "Requests in line or being answered.", registry=registry
        )
        self._rows = Gauge(
            "moonsight_rows_in_use", "Requests being answered now.", registry=registry
        )
        self._seconds = {
            name: Histogram(f"moonsight_{name}_seconds", text, buckets=BUCKETS, registry=registry)
            for name, text in (
                ("queue", "From arrival until the model began."),
                ("first_token", "From arrival until the first piece."),
                ("token", "Between two tokens of one answer, on the mean."),
                ("total", "From arrival to the end."),
            )
        }
        self._registry.register(_ModelCollector(model))

    def submit(self, door: str, asked: Request, sink: Sink) -> None:
        """Submit a request to the model and count what happens to it; raises what that raises."""
        skill, is_running = asked.skill, False

        def counting(event: AnswerEvent) -> None:
            nonlocal is_running
            if isinstance(event, Started):
                is_running = True
                self._rows.inc()
            elif isinstance(event, Finished):
                self._open.dec()
                if is_running:
                    self._rows.dec()
                self._count(door, skill, event)
            sink(event)

        try:
            self._model.submit(asked, counting)
        except RequestError as error:
            self._requests.labels(skill.value, door, error.code).inc()
            raise
        self._open.inc()

    def refuse(self, door: str, status: int) -> None:
        """Count an HTTP request that never reached the model."""
        self._refused.labels(door, str(status)).inc()

    def blueprint(self) -> Blueprint:
        """Serves `/metrics`."""
        pages = Blueprint("metrics", __name__)

        @pages.get("/metrics")
        def metrics() -> Response:
            return Response(generate_latest(self._registry), content_type=CONTENT_TYPE_LATEST)

        return pages

    def _count(self, door: str, skill: Skill, end: Finished) -> None:
        outcome = end.reason.value if end.error is None else end.error.code
        self._requests.labels(skill.value, door, outcome).inc()
        timings = end.timings
        log.info(
            "door=%s skill=%s outcome=%s queue_ms=%.0f total_ms=%.0f tokens=%d",
            *(door, skill.value, outcome, timings.queue_ms, timings.total_ms),
            end.usage.completion_tokens,
        )
        if end.error is not None or timings.first_token_ms is None:
            return
        self._seconds["queue"].observe(timings.queue_ms / 1000)
        self._seconds["first_token"].observe(timings.first_token_ms / 1000)
        self._seconds["total"].observe(timings.total_ms / 1000)
        if end.usage.completion_tokens > 1:
            writing_ms = timings.total_ms - timings.first_token_ms
            self._seconds["token"].observe(writing_ms / 1000 / (end.usage.completion_tokens - 1))


class _ModelCollector(Collector):
    """Tells how the model is, at the moment of asking."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def collect(self) -> Iterator[Metric]:
        status = self._model.status
        state = GaugeMetricFamily(
            "moonsight_model_state", "1 for the state that the model is in.", labels=("state",)
        )
        for each in ModelState:
            state.add_metric((each.value,), each is status.state)
        yield state
        rows, text = "moonsight_rows", "Requests that can be answered at once."
        yield GaugeMetricFamily(rows, text, status.max_running or 0)
        replicas, text = "moonsight_replicas", "Replicas of a cluster that answer here."
        yield GaugeMetricFamily(replicas, text, status.cluster.n_replicas if status.cluster else 0)
        memory, text = "moonsight_memory_bytes", "Memory that the model holds on its device."
        yield GaugeMetricFamily(memory, text, status.memory_bytes or 0)
        cache, text = "moonsight_cache_bytes", "Memory that keys and values may take of that."
        yield GaugeMetricFamily(cache, text, status.cache_bytes or 0)
