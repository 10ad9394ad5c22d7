"""Alerts reach whoever was named at the start, and whoever that is holds nobody up."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from queue import Empty, SimpleQueue
from time import monotonic

import pytest

from protocol.alert import Alert, AlertKind
from protocol.errors import Busy, Closing, RequestError, StartRefused
from protocol.frame import Frame
from tests.hook_server import (
    TEN_MB,
    WAIT_S,
    answers,
    answers_10_mb,
    closes,
    drips,
    hangs,
    serve_hook,
)
from tests.server import free_port
from webhook import MAX_WAITING, MAX_WAITING_BYTES, Webhook

ATTEMPT_S, PAUSES_S = 0.5, (0.01, 0.02)


def alert(id: str = "1", n_frame_bytes: int = 0) -> Alert:
    frame = Frame(bytes(n_frame_bytes), 4, 3) if n_frame_bytes else None
    return Alert(
        id=id,
        rule="Kettle",
        kind=AlertKind.QUESTION,
        about="Does it boil?",
        told_at="2026-03-01T09:30:00Z",
        answer="yes",
        frame=frame,
    )


class Ends:
    """How each alert ended, in order."""

    def __init__(self) -> None:
        self._ends: SimpleQueue[RequestError | None] = SimpleQueue()
        self.hear = self._ends.put

    def next(self) -> str | None:
        error = self._ends.get(timeout=WAIT_S)
        return None if error is None else f"{error.code}: {error.message}"


@pytest.fixture
def ends() -> Ends:
    return Ends()


@pytest.fixture
def open_webhook() -> Iterator[Callable[..., Webhook]]:
    opened: list[Webhook] = []

    def open(url: str, attempt_s: float = ATTEMPT_S) -> Webhook:
        opened.append(Webhook(url, attempt_s=attempt_s, pauses_s=PAUSES_S))
        return opened[-1]

    yield open
    for each in opened:
        each.close()
        # A picture of many megabytes may be on its way into JSON.
        each._thread.join(WAIT_S)
        assert not each._thread.is_alive()


def test_alert_is_posted_as_one_json_object(open_webhook, ends):
    with serve_hook() as server:
        open_webhook(server.url).deliver(alert(), ends.hear)
        assert ends.next() is None
        post = server.next()
    assert post.head.startswith("POST /hook?key=secret HTTP/1.1\r\n")
    assert "application/json" in post.head
    assert post.told == {
        "event": "alert",
        "id": "1",
        "rule": "Kettle",
        "kind": "question",
        "question": "Does it boil?",
        "answer": "yes",
        "told_at": "2026-03-01T09:30:00Z",
    }


def test_alerts_arrive_in_their_order_though_one_has_to_be_sent_again(open_webhook, ends):
    with serve_hook(answers(500), answers(204)) as server:
        webhook = open_webhook(server.url)
        for id in "123":
            webhook.deliver(alert(id), ends.hear)
        assert [ends.next() for _ in range(3)] == [None] * 3
        assert [server.next().told["id"] for _ in range(4)] == ["1", "1", "2", "3"]


def test_credentials_are_sent_and_shown_nowhere(open_webhook, ends, caplog):
    with serve_hook(answers(404)) as server:
        url = server.url.replace("//", "//me:p%40ss@")
        webhook = open_webhook(url)
        webhook.deliver(alert(), ends.hear)
        said = f"{ends.next()} {webhook.host} {caplog.text}"
        head = server.next().head
    assert "Authorization: Basic bWU6cEBzcw==" in head
    assert "me" not in head.splitlines()[0]
    assert not [word for word in ("me:", "p@ss", "p%40ss", "secret") if word in said]


@pytest.mark.parametrize(
    ("behaviours", "n_posts"),
    [
        ([answers(500), answers(200)], 2),
        ([answers(429), answers(503), answers(204)], 3),
        ([closes, answers(204)], 2),
        ([hangs, answers(204)], 2),
        ([drips, answers(204)], 2),
    ],
)
def test_failure_that_may_pass_is_tried_again(open_webhook, ends, behaviours, n_posts: int):
    with serve_hook(*behaviours) as server:
        open_webhook(server.url).deliver(alert(), ends.hear)
        assert ends.next() is None
        assert server.n_posts == n_posts


@pytest.mark.parametrize(
    ("behaviour", "n_posts", "reason"),
    [
        (answers(500), 3, "answered 500."),
        (closes, 3, "broke off the connection."),
        (hangs, 3, "did not answer within 0.5 s."),
        (drips, 3, "did not answer within 0.5 s."),
        (answers(404), 1, "answered 404."),
        (answers(401), 1, "answered 401."),
        (
            answers(302, "Location: http://127.0.0.1:1/"),
            1,
            "answered 302: redirects are not followed. Start with the address it leads to.",
        ),
        (answers(308, "Location: /hook"), 1, "answered 308: redirects are not followed."),
    ],
)
def test_alert_that_is_not_taken_is_told_with_its_reason(
    open_webhook, ends, behaviour, n_posts: int, reason: str
):
    with serve_hook(behaviour) as server:
        open_webhook(server.url).deliver(alert(), ends.hear)
        assert ends.next().startswith(f"not_delivered: 127.0.0.1:{server.port} {reason}")
        assert server.n_posts == n_posts


def test_connection_of_a_server_that_hangs_is_closed(open_webhook, ends):
    with serve_hook(hangs) as server:
        open_webhook(server.url).deliver(alert(), ends.hear)
        ends.next()
        assert server.ended.wait(WAIT_S)


def test_answer_of_10_mb_is_not_downloaded(open_webhook, ends):
    """Only what the systems' buffers hold has left the server when it hears the end."""
    with serve_hook(answers_10_mb) as server:
        open_webhook(server.url).deliver(alert(), ends.hear)
        assert ends.next() is None
        assert server.ended.wait(WAIT_S)
        assert server.n_sent < TEN_MB


def test_server_that_is_not_there_is_told(open_webhook, ends):
    url = f"http://127.0.0.1:{free_port()}/"
    open_webhook(url).deliver(alert(), ends.hear)
    assert ends.next().endswith("refused the connection.")


def test_host_that_has_no_address_is_told(open_webhook, ends):
    open_webhook("http://no.such.host.invalid/").deliver(alert(), ends.hear)
    assert ends.next().startswith("not_delivered: no.such.host.invalid ")


def test_server_that_speaks_no_tls_is_told(open_webhook, ends):
    with serve_hook() as server:
        open_webhook(server.url.replace("http", "https")).deliver(alert(), ends.hear)
        end = ends.next()
    assert end.endswith(("opened no safe connection.", "did not answer within 0.5 s."))


def test_server_that_never_shakes_hands_is_given_up(open_webhook, ends):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        began = monotonic()
        open_webhook(url).deliver(alert(), ends.hear)
        assert ends.next().endswith("did not answer within 0.5 s.")
    assert monotonic() - began < WAIT_S


def test_proxy_is_not_asked_for_a_host_that_is_this_computer(open_webhook, ends, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    with serve_hook() as server:
        open_webhook(server.url).deliver(alert(), ends.hear)
        assert ends.next() is None


def test_proxy_is_asked_for_other_hosts(open_webhook, ends, monkeypatch):
    with serve_hook() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        open_webhook("http://hooks.example/x").deliver(alert(), ends.hear)
        assert ends.next() is None
        assert proxy.next().head.startswith("POST http://hooks.example/x ")


def test_proxy_that_cannot_be_used_stops_the_start(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "gopher://127.0.0.1")
    with pytest.raises(StartRefused, match="HTTPS_PROXY"):
        Webhook("http://hooks.example/")


def test_few_may_wait_and_one_more_is_refused(open_webhook, ends):
    with serve_hook(hangs) as server:
        webhook = open_webhook(server.url, attempt_s=60)
        for number in range(MAX_WAITING):
            webhook.deliver(alert(f"{number}"), ends.hear)
        with pytest.raises(Busy, match="Too many alerts wait"):
            webhook.deliver(alert("more"), ends.hear)


def test_pictures_that_wait_are_bounded(open_webhook, ends):
    with serve_hook(hangs) as server:
        webhook = open_webhook(server.url, attempt_s=60)
        webhook.deliver(alert("1", MAX_WAITING_BYTES), ends.hear)
        with pytest.raises(Busy):
            webhook.deliver(alert("2", 1), ends.hear)
        webhook.deliver(alert("3"), ends.hear)


def test_room_is_free_again_when_alerts_have_ended(open_webhook, ends):
    with serve_hook() as server:
        webhook = open_webhook(server.url)
        for number in range(2 * MAX_WAITING):
            webhook.deliver(alert(f"{number}", 2**10), ends.hear)
            assert ends.next() is None
        assert (webhook._n_waiting, webhook._n_bytes) == (0, 0)


def test_close_ends_what_is_under_way_and_what_waits(open_webhook, ends):
    with serve_hook(hangs) as server:
        webhook = open_webhook(server.url, attempt_s=60)
        for id in "12":
            webhook.deliver(alert(id), ends.hear)
        server.next()
        webhook.close()
        assert not webhook._thread.is_alive()
        assert [ends.next()[:26] for _ in range(2)] == ["model_failed: Moonsight is"] * 2
        with pytest.raises(Closing):
            webhook.deliver(alert("3"), ends.hear)


def test_terminal_hears_of_failures_once_a_minute_and_nothing_of_alerts(
    open_webhook, ends, caplog, monkeypatch
):
    now_s = [100.0]
    monkeypatch.setattr("webhook.monotonic", lambda: now_s[0])
    with serve_hook(answers(404)) as server, caplog.at_level(logging.INFO):
        webhook = open_webhook(server.url)
        for passed_s in (0, 30, 31):
            now_s[0] += passed_s
            webhook.deliver(alert(), ends.hear)
            ends.next()
    ours = [each.message for each in caplog.records if each.levelno >= logging.WARNING]
    assert ours == [f"An alert was not delivered: 127.0.0.1:{server.port} answered 404."] * 2


def test_nothing_is_told_twice(open_webhook, ends):
    with serve_hook(answers(404)) as server:
        open_webhook(server.url).deliver(alert(), ends.hear)
        ends.next()
    with pytest.raises(Empty):
        ends._ends.get_nowait()
