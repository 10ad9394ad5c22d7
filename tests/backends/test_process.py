"""The model's process may end in any way: the page and the other people outlive it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from threading import Event

import psutil
import pytest

from backends.process import ModelProcess
from protocol.status import ModelState
from settings import Settings
from tests.backends.echo import ThreadWire, breaks_off, never_made
from tests.protocol.pictures import encoded
from tests.server import (
    EXIT_TIMEOUT_S,
    LINE_TIMEOUT_S,
    ROOT,
    Server,
    connect,
    over_the_wire,
    serve,
)

QUESTION = {"question": "What is it?", "image": encoded()}
SHORT, LONG = {"max_tokens": 3}, {"max_tokens": 400}


@pytest.fixture
def own_server(checkpoint) -> Iterator[Server]:
    with serve("--model", str(checkpoint)) as server:
        yield server.wait_until_open()


@over_the_wire
async def test_model_that_breaks_off_is_started_again_and_everybody_hears_of_it(own_server):
    async with connect(own_server) as anna, connect(own_server) as bert:
        await anna.ask(settings=SHORT, **QUESTION)
        await anna.send(id="running", settings=LONG, **QUESTION)
        await anna.wait_for("token", "running")
        await bert.send(id="too", settings=LONG, **QUESTION)
        await bert.wait_for("started", "too")
        own_server.model_process().kill()
        broken = [await anna.response("running"), await bert.response("too")]
        await bert.wait_for("status", status="loading")
        again = await bert.ask(settings=SHORT, **QUESTION)
    assert {each["error"]["code"] for each in broken} == {"model_failed"}
    assert all("Ask once more" in each["answer"] for each in broken)
    assert again["finish_reason"] == "length"
    assert "started again" in own_server.stderr.text
    assert "Traceback" not in own_server.stderr.text


@over_the_wire
async def test_model_that_breaks_off_before_its_first_answer_is_not_tried_again(own_server):
    async with connect(own_server) as anna:
        await anna.send(id="early", **QUESTION)
        await anna.wait_for("waiting", "early")
        own_server.model_process().kill()
        assert (await anna.response("early"))["error"]["code"] == "model_failed"
        assert (await anna.ask(**QUESTION))["error"]["code"] == "model_failed"
    assert own_server.get("/")[0] == 200
    status, told = own_server.health()
    assert (status, told["status"]) == (503, "failed")
    assert "The system ended its process" in told["error"]
    assert "start Moonsight again" in told["error"]
    assert own_server.end() == 0
    assert len(own_server.stderr.text.strip().splitlines()) == 1


@over_the_wire
async def test_ctrl_c_reaches_both_processes_and_the_answer_still_ends_in_order(checkpoint):
    with serve("--model", str(checkpoint), in_own_group=True) as server:
        server.wait_until_ready()
        async with connect(server) as anna:
            await anna.send(id="long", settings=LONG, **QUESTION)
            await anna.wait_for("token", "long")
            os.killpg(server.process.pid, signal.SIGINT)
            assert (await anna.response("long"))["finish_reason"] == "cancelled"
        assert await asyncio.to_thread(server.wait, EXIT_TIMEOUT_S) == 0
    assert server.stderr.text == ""


def test_model_does_not_outlive_the_program_that_started_it(own_server):
    own_server.wait_until_ready()
    model = own_server.model_process()
    own_server.process.kill()
    assert psutil.wait_procs([model], timeout=LINE_TIMEOUT_S)[0] == [model]


def test_process_that_breaks_off_by_itself_is_told_with_its_code():
    """Every end was said to be for want of memory."""
    model, has_failed = ModelProcess(Settings(), ThreadWire, breaks_off), Event()
    model.watch(lambda status: status.state is ModelState.FAILED and has_failed.set())
    assert model.failure or has_failed.wait(LINE_TIMEOUT_S)
    assert "broke off with code 3" in model.status.error
    assert "--check" in model.status.error


def test_process_that_has_nothing_to_say_is_not_waited_for():
    """Ctrl-C during the start took as long as torch took to import."""
    assert ModelProcess(Settings(), ThreadWire, never_made).close()


MAIN = """
from threading import Event

print("the main module runs")
if __name__ == "__main__":
    from backends.process import ModelProcess
    from settings import Settings
    from tests.backends.echo import EchoModel, ThreadWire

    is_ready = Event()
    model = ModelProcess(Settings(), ThreadWire, EchoModel)
    model.watch(lambda status: status.state == "ready" and is_ready.set())
    assert is_ready.wait(20)
    assert model.close()
"""


def test_main_module_is_not_run_again_for_the_model(tmp_path):
    """multiprocessing does that, and each start imported the web tier twice."""
    (tmp_path / "main.py").write_text(MAIN)
    command = [sys.executable, str(tmp_path / "main.py")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.returncode) == ("the main module runs\n", 0), ran.stderr
