"""Starting and ending Moonsight, as a person does it in a terminal."""

import asyncio
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

import app
from settings import FITTING, Settings
from tests.checkpoint_folders import write_zeros
from tests.fake_smi import FakeSmi
from tests.protocol.pictures import encoded
from tests.server import ROOT, Server, connect, free_port, over_the_wire, run_async, serve

JPEG = encoded()
QUESTION = {"question": "What is it?", "image": JPEG}


@dataclass(frozen=True)
class Awakening:
    """What was seen of one start: pages while the model loads, and everything a client heard."""

    page: int
    health_while_loading: tuple[int, dict]
    health_when_ready: tuple[int, dict]
    events: list[tuple[str, dict]]

    @property
    def statuses(self) -> list[dict]:
        return [payload for name, payload in self.events if name == "status"]


@pytest.fixture(scope="module")
def awakening(checkpoint: Path) -> Iterator[Awakening]:
    async def watch() -> Awakening:
        async with connect(server) as anna:
            page, loading = server.get("/")[0], server.health()
            await anna.send(id="early", settings={"max_tokens": 3}, **QUESTION)
            await anna.wait_for("status", status="ready")
            await anna.response("early")
            return Awakening(page, loading, server.health(), anna.events)

    with serve("--model", str(checkpoint)) as server:
        server.wait_until_open()
        yield run_async(watch)


def test_page_is_served_while_the_model_loads(awakening):
    assert awakening.page == 200
    assert awakening.health_while_loading[1]["status"] == "loading"


def test_health_check_is_503_until_the_model_is_ready(awakening):
    assert (awakening.health_while_loading[0], awakening.health_when_ready[0]) == (503, 200)


def test_health_check_has_the_same_fields_at_all_times(awakening):
    fields = {"status", "model", "device", "progress", "is_demo", "notice", "error"}
    fields |= {
        "dtype",
        "revision",
        "memory_bytes",
        "cache_bytes",
        "max_running",
        "gpu_fault",
        "upstream",
        "cluster",
    }
    assert set(awakening.health_while_loading[1]) == fields
    assert set(awakening.health_when_ready[1]) == fields


def test_status_is_told_on_connect_and_at_every_change(awakening):
    told = [(each["status"], (each["progress"] or {}).get("stage")) for each in awakening.statuses]
    assert list(dict.fromkeys(told)) == [
        ("loading", "finding"),
        ("loading", "reading"),
        ("loading", "warming"),
        ("ready", None),
    ]


def test_status_counts_the_bytes_that_are_read(awakening):
    reading = [
        each["progress"]
        for each in awakening.statuses
        if each["progress"] and each["progress"]["stage"] == "reading"
    ]
    assert all(0 < each["done"] <= each["total"] for each in reading)


def test_question_asked_while_loading_waits_and_is_answered(awakening):
    story = [name for name, payload in awakening.events if payload.get("id") == "early"]
    assert story[0] == "waiting"
    assert story[-1] == "response"


@pytest.fixture(scope="module")
def demo_server() -> Iterator[Server]:
    with serve("--model", "demo") as server:
        yield server.wait_until_ready()


@pytest.mark.parametrize(
    ("scene", "answers"),
    [("red-circle", ("red", "circle")), ("yellow-star", ("yellow", "star"))],
)
@over_the_wire
async def test_demo_model_says_what_it_sees_and_stops_by_itself(demo_server, scene, answers):
    picture = (ROOT / "static" / "scenes" / f"{scene}.png").read_bytes()
    questions = ("What colour is it?", "What shape is it?")
    async with connect(demo_server) as anna:
        for question, answer in zip(questions, answers, strict=True):
            response = await anna.ask(question=question, image=picture)
            assert answer in response["answer"].lower()
            assert response["finish_reason"] == "stop"


@over_the_wire
async def test_newest_of_live_bursts_is_answered_and_nobody_is_called_busy(demo_server):
    """Of 60 live requests in a burst 23 were busy, the newest among them."""
    picture = (ROOT / "static" / "scenes" / "red-circle.png").read_bytes()
    asked = {"question": "What colour is it?", "image": picture, "live": True}
    async with connect(demo_server) as anna:
        for n in (60, 300):
            ids = [await anna.send(**asked) for _ in range(n)]
            responses = [await anna.response(id) for id in ids]
            assert "red" in responses[-1]["answer"].lower()
            assert {each["finish_reason"] for each in responses} == {"stop", "replaced"}
        assert len(await anna.count("response", 360)) == 360


def test_demo_model_is_announced_as_such(demo_server):
    assert demo_server.health()[1]["is_demo"]


async def hear_the_end(server: Server, signum: int) -> tuple[int, dict]:
    """Send a signal in the middle of an answer; returns the exit code and the response."""
    async with connect(server) as anna:
        await anna.send(id="long", settings={"max_tokens": 2048}, **QUESTION)
        await anna.wait_for("token", "long")
        exit_code = await asyncio.to_thread(server.end, signum)
        return exit_code, await anna.response("long")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@over_the_wire
async def test_signal_ends_a_running_answer_and_then_the_program(checkpoint, signum):
    with serve("--model", str(checkpoint)) as server:
        server.wait_until_ready()
        exit_code, response = await hear_the_end(server, signum)
    assert exit_code == 0
    assert response["finish_reason"] == "cancelled"
    assert response["answer"]
    assert server.stderr.text == ""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_program_while_the_model_loads(checkpoint, signum):
    with serve("--model", str(checkpoint)) as server:
        server.wait_until_open()
        assert server.end(signum) == 0
    assert server.stderr.text == ""


@over_the_wire
async def test_question_that_waits_for_the_model_hears_the_end_of_the_program(checkpoint):
    with serve("--model", str(checkpoint)) as server:
        server.wait_until_open()
        async with connect(server) as anna:
            await anna.send(id="early", **QUESTION)
            await anna.wait_for("waiting", "early")
            await asyncio.to_thread(server.end)
            assert (await anna.response("early"))["finish_reason"] == "cancelled"


def assert_refused(server: Server, *words: str) -> None:
    """The program ended with code 2 and one sentence on stderr that holds these words."""
    assert server.wait() == 2
    sentence = server.stderr.text.strip()
    assert "Traceback" not in sentence
    assert len(sentence.splitlines()) == 1
    for word in words:
        assert word in sentence


def test_taken_port_is_refused_with_a_remedy(demo_server):
    with serve("--model", "demo", "--port", str(demo_server.port)) as second:
        assert_refused(second, str(demo_server.port), "--port")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--model", "/no/such/folder"), "/no/such/folder"),
        (("--model", "../nonsense/model"), "../nonsense/model"),
        (("--model", "a/b/c"), "a/b/c"),
        (("--model", "moondream2", "--revision", "../x"), "../x"),
        (("--device", "tpu"), "tpu"),
        (("--dtype", "int8"), "int8"),
        (("--port", "0"), "--port"),
        (("--port", "http"), "--port"),
        (("--max-running", "0"), "--max-running"),
        (("--host", "no.such.host.invalid"), "no.such.host.invalid"),
        (("--host", ""), "--host"),
        (("--cors-origin", "*"), "--cors-origin"),
        (("--cors-origin", "cam.example"), "http://cam.example"),
        (("--max-frame-bytes", "1"), "--max-frame-bytes"),
        (("--alert-webhook", "hooks.example"), "http://127.0.0.1:8123"),
        (("--alert-webhook-frames",), "--alert-webhook URL"),
        (("--ray", "10.0.0.5", "--upstream", "localhost:8080"), "one of them"),
        (("--no-such-option",), "--no-such-option"),
    ],
)
def test_option_that_cannot_be_is_refused(options, word, capsys):
    assert app.start(["--port", str(free_port()), *options]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert word in said.err


def test_address_of_another_computer_is_refused_with_the_true_reason():
    """ "Start with another port" was said of it."""
    with serve("--host", "10.99.99.99") as server:
        assert_refused(server, "10.99.99.99 is no address of this computer", "--host")


def is_privileged(port: int) -> bool:
    """Whether this system lets only the administrator open that port, and we are him."""
    first_free = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    return first_free.exists() and int(first_free.read_text()) > port and os.getuid() == 0


@pytest.mark.skipif(not is_privileged(81), reason="needs a port that other users may not open")
def test_port_of_the_administrator_is_refused_with_the_true_reason():
    """ "Port 80 cannot be opened", and then: "start with --port 81"."""
    script = "import app, os; os.setuid(65534); app.open_host('127.0.0.1', 81)"
    refused = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    reason = refused.stderr.splitlines()[-1]
    assert "may not be opened by this user" in reason
    assert "1024" in reason


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6 here")
@pytest.mark.parametrize(
    ("options", "others"),
    [
        ((), ["localhost", "127.0.0.1", "[::1]"]),
        (("--host", "localhost"), ["localhost", "127.0.0.1", "[::1]"]),
        (("--host", "0.0.0.0"), ["localhost", "127.0.0.1", "[::1]"]),
        (("--host", "::"), ["localhost", "127.0.0.1", "[::1]"]),
        (("--host", "::1"), ["[::1]"]),
        (("--host", "[::1]"), ["[::1]"]),
    ],
)
def test_page_is_found_where_it_is_said_to_be(options, others):
    """`--host ::` was no address of this family, and [::1] was never ours."""
    with serve("--model", "demo", *options) as server:
        server.wait_until_open()
        said = re.search(r"open on (http://\S+)", server.stdout.text)[1]
        for url in (said, *(f"http://{host}:{server.port}" for host in others)):
            server.url = url
            assert server.get("/")[0] == 200
        assert server.end() == 0
    assert server.stderr.text == ""


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6 here")
def test_other_program_at_localhost_is_warned_of_in_one_sentence():
    """http://localhost opened that program's page."""
    with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)) as other:
        port = other.getsockname()[1]
        with serve("--model", "demo", port=port) as server:
            server.stderr.wait_for(f"[::1]:{port}")
            server.stdout.wait_for(f"open on http://127.0.0.1:{port} ")
            assert server.get("/")[0] == 200
            assert server.end() == 0
    assert len(server.stderr.text.splitlines()) == 1


def test_variable_that_cannot_be_is_refused():
    with serve(MOONSIGHT_DEVICE="tpu") as server:
        assert_refused(server, "--device", "tpu")


def cut_short(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2])

    return damage


def overwrite(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text(text)


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "no weights": (remove("model.safetensors"), "model.safetensors"),
    "half the weights": (cut_short("model.safetensors"), "model.safetensors"),
    "a config of something else": (overwrite("config.json", '{"text": []}'), "config.json"),
    "half a tokenizer": (cut_short("tokenizer.json"), "tokenizer.json"),
}


@pytest.fixture(scope="module")
def damaged(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """One server per damage, all started at once, because each of them takes seconds to refuse."""
    with ExitStack() as stack:
        servers = {}
        for name, (damage, _) in DAMAGES.items():
            folder = tmp_path_factory.mktemp("damaged") / "checkpoint"
            shutil.copytree(checkpoint, folder)
            damage(folder)
            servers[name] = stack.enter_context(serve("--model", str(folder)))
        yield servers


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_checkpoint_is_refused_by_the_name_of_its_file(damaged, name):
    assert_refused(damaged[name], DAMAGES[name][1])


# More than torch's libraries take, and less than the checkpoint below.
MEMORY_BYTES = 16 * 2**30


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
def test_model_that_does_not_fit_into_memory_is_told_with_a_remedy(tmp_path):
    folder = write_zeros(tmp_path / "huge", {"text": {"n_layers": 240}})
    with serve("--model", str(folder), "--device", "cpu", "--dtype", "float32") as server:
        resource.prlimit(server.process.pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        server.stderr.wait_for("could not start")
        status, told = server.health()
        assert (status, told["status"]) == (503, "failed")
        assert server.end() == 0
    assert "too little free memory" in server.stderr.text
    assert "--dtype bfloat16" in server.stderr.text
    assert len(server.stderr.text.strip().splitlines()) == 1


def test_card_that_cannot_be_used_is_told_in_the_terminal_and_on_the_page(checkpoint, tmp_path):
    """Whoever had a card was answered by the CPU, and nobody said so."""
    card = FakeSmi().write(tmp_path) | {"CUDA_VISIBLE_DEVICES": ""}
    with serve("--model", str(checkpoint), **card) as server:
        server.wait_until_ready()
        told = server.health()[1]
        assert (told["status"], told["device"]) == ("ready", "cpu")
        assert "NVIDIA GeForce RTX 3090 is not used: " in told["gpu_fault"]
        assert told["gpu_fault"] in server.stdout.text.splitlines()
        assert server.end() == 0


def test_card_that_was_asked_for_and_cannot_be_used_ends_the_start(checkpoint, tmp_path):
    card = FakeSmi().write(tmp_path) | {"CUDA_VISIBLE_DEVICES": ""}
    with serve("--model", str(checkpoint), "--device", "cuda", **card) as server:
        assert_refused(server, "RTX 3090 is not used", "--device cpu")


def test_device_that_this_computer_lacks_is_refused_with_those_it_has(checkpoint):
    import torch

    missing = "mps" if torch.cuda.is_available() else "cuda"
    with serve("--model", str(checkpoint), "--device", missing) as server:
        assert_refused(server, missing, "--device", "cpu")


def test_variables_set_every_option(checkpoint):
    port = free_port()
    variables = {"MOONSIGHT_MODEL": str(checkpoint), "MOONSIGHT_HOST": "127.0.0.1"}
    with serve(MOONSIGHT_PORT=str(port), **variables) as server:
        # The flag that every test server has goes before the variable.
        server.stdout.wait_for(f"http://localhost:{server.port}")
        assert server.health()[1]["model"] == checkpoint.name


def test_help_lists_every_option_with_its_default():
    with serve("--help") as server:
        assert server.wait() == 0
    for field in fields(Settings):
        assert f"--{field.name.replace('_', '-')}" in server.stdout.text
        if field.default not in ((), "", False):
            default = FITTING if field.default is None else str(field.default)
            assert default in " ".join(server.stdout.text.split())


@over_the_wire
async def test_line_of_each_request_tells_how_it_ended_and_not_what_it_asked(checkpoint):
    with serve("--model", str(checkpoint), "--log-requests") as server:
        server.wait_until_ready()
        async with connect(server) as anna:
            await anna.ask(question="a secret?", image=encoded(), settings={"max_tokens": 3})
        server.stderr.wait_for("skill=query outcome=length")
        assert "secret" not in server.stderr.text
