"""Alerts of a real page's rules, from a real server, to whoever was named at its start."""

import asyncio
import signal
from base64 import b64decode
from collections.abc import Iterator

import pytest

from tests.hook_server import HookServer, answers, hangs, serve_hook
from tests.protocol.pictures import encoded
from tests.server import Server, connect, over_the_wire, serve

JPEG = encoded()
ALERT = {
    "id": "a",
    "rule": "Cat at the door",
    "kind": "object",
    "object": "cat",
    "count": 1,
    "told_at": "2026-03-01T12:00:00.000Z",
}


@pytest.fixture(scope="module")
def hook() -> Iterator[HookServer]:
    with serve_hook(answers(204), answers(404)) as hook:
        yield hook


@pytest.fixture(scope="module")
def alerting(checkpoint, hook) -> Iterator[Server]:
    """A server that posts alerts with their pictures, told by variables."""
    url = hook.url.replace("//", "//me:secret@")
    variables = {"MOONSIGHT_ALERT_WEBHOOK": url, "MOONSIGHT_ALERT_WEBHOOK_FRAMES": "true"}
    with serve("--model", str(checkpoint), **variables) as server:
        yield server.wait_until_ready()


@over_the_wire
async def test_alert_is_posted_and_its_end_is_told_to_its_client_only(alerting, hook):
    async with connect(alerting) as anna, connect(alerting) as bert:
        await anna.emit("alert", ALERT | {"image": JPEG})
        delivered = await anna.wait_for("alerted", "a")
        await anna.emit("alert", ALERT | {"id": "b"})
        refused = await anna.wait_for("alerted", "b")
        await bert.ask(question="What is it?", image=JPEG, settings={"max_tokens": 2})
        assert "alerted" not in [name for name, _ in bert.events]
    post = hook.next().told
    assert b64decode(post.pop("image").partition(",")[2]) == JPEG
    assert post == {"event": "alert"} | ALERT
    assert delivered == {"id": "a", "is_delivered": True}
    assert refused["error"]["code"] == "not_delivered"
    assert refused["error"]["message"] == f"127.0.0.1:{hook.port} answered 404."
    # Of the post with a secret in its address, the terminal says no more.
    assert alerting.stderr.text.strip().endswith(f"127.0.0.1:{hook.port} answered 404.")
    assert "secret" not in alerting.stderr.text


def test_page_knows_where_alerts_go_and_no_password(alerting, hook):
    page = alerting.get("/")[2].decode()
    assert f'data-alert-host="127.0.0.1:{hook.port}"' in page
    assert 'data-alert-frames="true"' in page
    assert "secret" not in page


@over_the_wire
async def test_alert_without_a_webhook_is_told_what_to_do(server):
    async with connect(server) as anna:
        await anna.emit("alert", ALERT)
        alerted = await anna.wait_for("alerted", "a")
    assert alerted["error"]["code"] == "no_webhook"
    assert "--alert-webhook URL" in alerted["error"]["message"]


@over_the_wire
async def test_webhook_that_hangs_holds_up_no_answer_and_no_end(checkpoint):
    with serve_hook(hangs) as hook:
        with serve("--model", str(checkpoint), "--alert-webhook", hook.url) as server:
            server.wait_until_ready()
            async with connect(server) as anna:
                for number in range(5):
                    await anna.emit("alert", ALERT | {"id": f"{number}", "image": JPEG})
                post = await asyncio.to_thread(hook.next)
                answer = await anna.ask(
                    question="What is it?", image=JPEG, settings={"max_tokens": 5}
                )
                assert "alerted" not in [name for name, _ in anna.events]
                # Fails when it takes more than five seconds.
                exit_code = await asyncio.to_thread(server.end, signal.SIGINT)
                alerted = await anna.count("alerted", 5)
        assert server.stderr.text == ""
    assert answer["finish_reason"] == "length"
    assert "image" not in post.told
    assert exit_code == 0
    assert {each["is_delivered"] for each in alerted} == {False}
    assert "closing" in alerted[0]["error"]["message"]
