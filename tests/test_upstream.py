"""Moonsight behind Moonsight: one process answers, another that was started with `--upstream` asks.

What a person or a program gets from the second is what the first would have said itself.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from openai import OpenAI

from model import load_model
from settings import Settings
from tests.conftest import assert_quiet_end
from tests.protocol.pictures import data_url
from tests.server import (
    LINE_TIMEOUT_S,
    ROOT,
    Payload,
    Server,
    connect,
    free_port,
    over_the_wire,
    serve,
)
from tests.web.forms import CONTENT_TYPE, form, picture
from tests.web.http_client import post

SCENE = ROOT / "static" / "scenes" / "red-circle-blue-square.png"
PICTURE = SCENE.read_bytes()
QUESTION = {"question": "What is left of the square?", "image": PICTURE}
ANSWER = "A red circle is left of the square."
LONG = {"question": "What?", "image": PICTURE, "settings": {"max_tokens": 2048}}
KEY = "sk-nobody-may-ever-read-this"

# What each skill is asked, and which fields of its response say what was answered.
ASKED: dict[str, tuple[str, Payload, tuple[str, ...]]] = {
    "query": ("query", {"question": "What is left of the square?"}, ("answer", "usage")),
    "short query": (
        "query",
        {"question": "What do you see?", "settings": {"max_tokens": 2}},
        ("answer", "finish_reason"),
    ),
    "query that reasons": (
        "query",
        {"question": "What is it?", "reasoning": True, "settings": {"max_tokens": 8}},
        ("answer",),
    ),
    "query about a place": (
        "query",
        {"question": "What is it?", "spatial_refs": [[0.25, 0.5]]},
        ("answer",),
    ),
    "query with choices": (
        "query",
        {"question": "Is there a red circle?", "choices": ["yes", "no"]},
        ("answer", "choice", "probabilities"),
    ),
    "query with a schema": (
        "query",
        {
            "question": "How many shapes are there?",
            "settings": {
                "json_schema": {
                    "type": "object",
                    "properties": {"n": {"type": "integer"}},
                    "required": ["n"],
                    "additionalProperties": False,
                }
            },
        },
        ("answer",),
    ),
    "caption": ("caption", {}, ("caption",)),
    "short caption": ("caption", {"length": "short"}, ("caption",)),
    "detect": ("detect", {"object": "red circle"}, ("objects",)),
    "detect one": ("detect", {"object": "shape", "settings": {"max_objects": 1}}, ("objects",)),
    "detect nothing": ("detect", {"object": "green star"}, ("objects",)),
    "point": ("point", {"object": "blue square"}, ("points",)),
}


@pytest.fixture(scope="module")
def behind() -> Iterator[Server]:
    """The one that answers, with the demo model."""
    with serve("--model", "demo") as server:
        yield server.wait_until_ready()


@pytest.fixture(scope="module")
def before(behind: Server) -> Iterator[Server]:
    """The one that is asked."""
    with serve("--upstream", behind.url, MOONSIGHT_UPSTREAM_KEY=KEY) as server:
        yield server.wait_until_ready()
        assert_quiet_end(server)


@pytest.fixture(scope="module")
def before_nonsense(narrow_server: Server) -> Iterator[Server]:
    """Asks a model whose answers are as long as is asked for, one at a time."""
    with serve("--upstream", narrow_server.url) as server:
        yield server.wait_until_ready()
        assert_quiet_end(server)


def counted(server: Server, name: str) -> float:
    """One sample of what a server counts of requests, 0 where it was never counted."""
    lines = server.get("/metrics")[2].decode().splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(name)), 0.0)


def test_status_says_which_model_answers_and_where_pictures_go(behind: Server, before: Server):
    status, told = before.health()
    assert (status, told["status"], told["model"]) == (200, "ready", "demo")
    upstream = told["upstream"]
    assert upstream["hosts"] == [f"127.0.0.1:{behind.port}"]
    assert upstream["is_here"] is True
    assert upstream["models"] == ["demo"]


def test_terminal_says_which_model_answers_and_where_pictures_go(behind: Server, before: Server):
    host = f"127.0.0.1:{behind.port}"
    assert f"demo is ready at {host} on this computer, where pictures go" in before.stdout.text


@pytest.mark.parametrize("name", ASKED)
@over_the_wire
async def test_skill_is_answered_as_by_the_model_itself(behind: Server, before: Server, name: str):
    skill, fields, told = ASKED[name]
    answers = []
    for server in (behind, before):
        async with connect(server) as anna:
            response = await anna.ask(skill, image=PICTURE, **fields)
            assert "error" not in response
            answers.append({each: response[each] for each in told})
    assert answers[1] == answers[0]


@over_the_wire
async def test_words_come_one_by_one(before: Server):
    async with connect(before) as anna:
        response = await anna.ask(**QUESTION)
        words = [each["text"] for name, each in anna.events if name == "token"]
        names = [name for name, _ in anna.story(response["id"])]
    assert (names[0], names[-1]) == ("started", "response")
    assert len(words) > 1
    assert "".join(words) == response["answer"] == ANSWER


@over_the_wire
async def test_reasoning_comes_before_the_answer(behind: Server, before: Server):
    reasoned = []
    for server in (behind, before):
        async with connect(server) as anna:
            asked = {"reasoning": True, "settings": {"max_tokens": 8}}
            response = await anna.ask(**QUESTION | asked)
            story = anna.story(response["id"])
            place = [name for name, _ in story].index("reasoning")
            assert "token" not in [name for name, _ in story[:place]]
            reasoned.append(
                {name: story[place][1][name] for name in ("text", "grounding")}
                | {"answer": response["answer"]}
            )
    assert reasoned[1] == reasoned[0]


@over_the_wire
async def test_found_places_are_told_before_the_response(before: Server):
    async with connect(before) as anna:
        response = await anna.ask("detect", image=PICTURE, object="shape")
        found = [each["place"] for name, each in anna.events if name == "found"]
    assert found == response["objects"]
    assert len(found) == 2


@over_the_wire
async def test_frame_can_be_asked_about_again_by_its_name(before: Server):
    async with connect(before) as anna:
        first = await anna.ask(**QUESTION)
        frame = (await anna.wait_for("started", first["id"]))["frame"]
        again = await anna.ask(frame=frame, question=QUESTION["question"])
    assert again["answer"] == first["answer"]


@over_the_wire
async def test_looking_ahead_sends_nothing(behind: Server, before: Server):
    n_open = counted(behind, 'moonsight_requests_total{door="rest"')
    async with connect(before) as anna:
        id = await anna.send("look", image=PICTURE)
        assert (await anna.wait_for("looked", id))["finish_reason"] == "stop"
    assert counted(behind, 'moonsight_requests_total{door="rest"') == n_open


@over_the_wire
async def test_cancelled_answer_keeps_its_words_and_frees_the_model(
    before_nonsense: Server, narrow_server: Server
):
    async with connect(before_nonsense) as anna:
        await anna.send(id="long", **LONG)
        await anna.wait_for("token", "long")
        await anna.emit("cancel", {"id": "long"})
        response = await anna.response("long")
        # The model answers one at a time: this waits for the end of the long one.
        await anna.ask(**LONG | {"settings": {"max_tokens": 2}})
    assert response["finish_reason"] == "cancelled"
    assert response["answer"]
    ended = narrow_server.get("/metrics")[2].decode()
    assert 'outcome="cancelled"' in ended


@over_the_wire
async def test_client_that_leaves_frees_the_model(before_nonsense: Server):
    async with connect(before_nonsense) as anna:
        await anna.send(id="long", **LONG)
        await anna.wait_for("token", "long")
    async with connect(before_nonsense) as ben:
        assert (await ben.ask(**LONG | {"settings": {"max_tokens": 2}}))["finish_reason"] == (
            "length"
        )


@over_the_wire
async def test_newest_of_a_live_burst_is_answered_and_its_elders_are_replaced(before: Server):
    async with connect(before) as anna:
        ids = [await anna.send(live=True, **QUESTION) for _ in range(30)]
        ends = [(await anna.response(id))["finish_reason"] for id in ids]
    assert ends[-1] == "stop"
    assert set(ends) == {"stop", "replaced"}


@over_the_wire
async def test_server_that_breaks_off_leaves_the_words_that_came(narrow_server: Server):
    with serve("--upstream", narrow_server.url) as middle:
        middle.wait_until_ready()
        with serve("--upstream", middle.url) as before:
            before.wait_until_ready()
            away = f"No answer from 127.0.0.1:{middle.port}. Is it running?"
            async with connect(before) as anna:
                await anna.send(id="long", **LONG)
                await anna.wait_for("token", "long")
                middle.close()
                response = await anna.response("long")
                words = [each["text"] for name, each in anna.events if name == "token"]
                # Who is just about to go may break off the look at it.
                await anna.wait_for("status", error=away)
                again = await anna.ask(**LONG)
            assert before.get("/")[0] == 200
    assert response["finish_reason"] == "error"
    assert response["error"]["code"] == "upstream_failed"
    assert f"127.0.0.1:{middle.port}" in response["error"]["message"]
    assert words
    assert again["answer"] == away


@over_the_wire
async def test_server_that_is_not_there_is_said_and_answers_once_it_is(behind: Server):
    port = free_port()
    with serve("--upstream", f"localhost:{port}", MOONSIGHT_UPSTREAM_KEY=KEY) as before:
        before.wait_until_open()
        async with connect(before) as anna:
            told = await anna.wait_for("status", status="failed")
            assert f"localhost:{port}" in told["error"]
            assert before.get("/")[0] == 200
            assert before.health()[0] == 503
            refused = await anna.ask(**QUESTION)
            assert refused["finish_reason"] == "error"
            assert f"localhost:{port}" in refused["answer"]
            with serve("--upstream", behind.url, "--port", str(port)) as middle:
                middle.wait_until_ready()
                await anna.wait_for("status", status="ready")
                assert (await anna.ask(**QUESTION))["answer"] == ANSWER
        before.stderr.wait_for(f"localhost:{port}")
        assert_keyless(before)


@over_the_wire
async def test_one_of_two_servers_is_enough(behind: Server):
    dead = f"http://127.0.0.1:{free_port()}"
    with serve("--upstream", dead, "--upstream", behind.url) as before:
        before.wait_until_ready()
        async with connect(before) as anna:
            answers = [(await anna.ask(**QUESTION))["answer"] for _ in range(4)]
    assert answers == [ANSWER] * 4


def test_openai_client_is_answered_whole_and_in_pieces(before: Server):
    content = [
        {"type": "text", "text": QUESTION["question"]},
        {"type": "image_url", "image_url": {"url": data_url(PICTURE, "image/png")}},
    ]
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": content}]}
    with OpenAI(base_url=f"{before.url}/v1", api_key="any", max_retries=0) as client:
        assert [model.id for model in client.models.list()] == ["demo"]
        completion = client.chat.completions.create(**asked)
        pieces = [
            chunk.choices[0].delta.content or ""
            for chunk in client.chat.completions.create(**asked, stream=True)
        ]
    assert completion.choices[0].message.content == "".join(pieces) == ANSWER
    assert completion.model == "demo"
    assert len(pieces) > 2


def test_moondream_client_is_answered_as_by_the_model_itself(behind: Server, before: Server):
    told = []
    for server in (behind, before):
        run = subprocess.run(
            [sys.executable, "-m", "tests.web.ask_moondream", f"{server.url}/v1", str(SCENE)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": ""},
            timeout=LINE_TIMEOUT_S,
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr
        told.append(json.loads(run.stdout))
    # In how many pieces words come depends on how busy this computer is.
    for answers in told:
        pieces = [name for name in answers if name.endswith("in pieces")]
        answers.update({name: "".join(map(str, answers[name])) for name in pieces})
    assert told[1] == told[0]


def test_form_gets_its_caption(before: Server):
    told = post(before, "/predict", form(picture(PICTURE)), CONTENT_TYPE)
    assert told.json["status"] == "success"
    assert "red circle" in told.json["caption"]


def test_requests_are_counted_as_ever(before: Server):
    post(before, "/predict", form(picture(PICTURE)), CONTENT_TYPE)
    name = 'moonsight_requests_total{door="uploads",outcome="stop",skill="caption"}'
    assert counted(before, name) > 0
    assert counted(before, "moonsight_requests_open") == 0


def test_python_asks_it_like_a_model_of_its_own(behind: Server):
    with load_model(Settings(upstream=(behind.url,))) as model:
        image = model.encode(SCENE)
        assert "".join(model.query(image, QUESTION["question"])) == ANSWER
        assert "red circle" in "".join(model.caption(image, "short"))
        (box,) = model.detect(image, "red circle")
        (point,) = model.point(image, "red circle")
        assert box.x_min < point.x < box.x_max
        chosen = model.choose(image, "Is there a red circle?", ["yes", "no"])
        assert chosen.choice == "yes"
        assert sum(chosen.probabilities) == pytest.approx(1)
        assert model.status.model == "demo"


def assert_keyless(server: Server) -> None:
    """The key is in nothing that a person or a program can read of this server."""
    paths = ("/", "/healthz", "/metrics", "/v1/models", "/openapi.json", "/programs")
    told = b"".join(server.get(path)[2] for path in paths).decode()
    assert KEY not in told + server.stdout.text + server.stderr.text


@over_the_wire
async def test_key_is_in_no_page_status_or_line(before: Server):
    async with connect(before) as anna:
        await anna.ask(**QUESTION)
        # Wherever it is refused, the sentence could repeat what was sent.
        await anna.ask(**QUESTION | {"settings": {"upstream": {"model": "nobody"}}})
        assert KEY not in str(anna.events)
    assert_keyless(before)
