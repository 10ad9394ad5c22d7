"""moondream2 from the hub to an answer, in a real process, and how the terminal tells of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest

from narration import DownloadLine
from protocol.status import LoadStage, Progress
from tests.checkpoint_folders import copy_reference
from tests.checkpoints.fake_hub import (
    COMMIT,
    MOONDREAM2,
    OLD_TOKENIZER,
    PUBLISHED,
    STARMIE,
    STARMIE_COMMIT,
    FakeHub,
    Repository,
    serve_hub,
)
from tests.protocol.pictures import encoded
from tests.server import Payload, Server, connect, run_async, serve

# The tests' own computer must not answer from its cache or through its proxy.
NOT_INHERITED = ("HF_TOKEN", "HF_HUB_OFFLINE", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


@pytest.fixture(scope="module")
def tiny_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeHub]:
    """A hub whose moondream2 is the reference's tiny one; its config.json names the sizes."""
    folder = copy_reference(tmp_path_factory.mktemp("published"))
    names = ("config.json", "model.safetensors")
    files = {name: (folder / name).read_bytes() for name in names}
    tokenizer = {"tokenizer.json": (folder / "tokenizer.json").read_bytes()}
    with serve_hub() as hub, pytest.MonkeyPatch.context() as patch:
        for name in NOT_INHERITED:
            patch.delenv(name, raising=False)
        hub.repositories = {
            MOONDREAM2: Repository(COMMIT, (PUBLISHED,), files | {"tokenizer.json": OLD_TOKENIZER}),
            STARMIE: Repository(STARMIE_COMMIT, ("main",), tokenizer),
        }
        yield hub


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@contextmanager
def start(hub: FakeHub, home: Path, model: str, **environment: str) -> Iterator[Server]:
    """A ready server of that model, for a person whose hub and cache these are."""
    person = {"HF_HOME": str(home), "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_TELEMETRY": "1"}
    with serve("--model", model, **person, **environment) as server:
        yield server.wait_until_ready()
        assert server.end() == 0


def ask(server: Server) -> Payload:
    async def ask() -> Payload:
        async with connect(server) as anna:
            return await anna.ask(question="What is it?", image=encoded())

    return run_async(ask)


@pytest.fixture(scope="module")
def first_start(tiny_hub: FakeHub, home: Path) -> tuple[Server, Payload]:
    """A start that fetched everything, ended by now, and what it answered."""
    with start(tiny_hub, home, "moondream2") as server:
        return server, ask(server)


def test_first_start_fetches_moondream2_tells_how_far_it_is_and_answers(first_start):
    server, response = first_start
    assert "error" not in response
    lines = server.stdout.text.splitlines()
    told = [line for line in lines if line.startswith("Downloading moondream2: ")]
    assert "(0%)" in told[0]
    assert "(100%)" in told[-1]
    assert "moondream2 is ready" in lines[-1]
    assert "Traceback" not in server.stderr.text


@pytest.mark.parametrize("model", ["moondream2", "auto"])
def test_later_start_asks_the_hub_for_nothing_and_answers_the_same(
    first_start, tiny_hub: FakeHub, home: Path, model: str
):
    tiny_hub.requests.clear()
    with start(tiny_hub, home, model) as server:
        assert ask(server)["answer"] == first_start[1]["answer"]
    assert not tiny_hub.requests
    assert "Downloading" not in server.stdout.text
    assert "demo" not in server.stdout.text


def test_later_start_needs_no_network_at_all(first_start, tiny_hub: FakeHub, home: Path):
    tiny_hub.requests.clear()
    with start(tiny_hub, home, "moondream2", HF_HUB_OFFLINE="1") as server:
        assert ask(server)["answer"] == first_start[1]["answer"]
    assert not tiny_hub.requests


@pytest.fixture
def no_cache(tmp_path: Path) -> tuple[Path, str]:
    """A home of the hub that is a file, and what is said of it."""
    file = tmp_path / "home"
    file.write_text("x")
    return file, f"Nothing can be kept in the cache {file}/hub: {file}: it is a file. Set HF_HOME"


def test_moondream2_that_cannot_be_had_ends_the_program_with_its_reason(
    tiny_hub: FakeHub, no_cache: tuple[Path, str]
):
    variables = {"HF_HOME": str(no_cache[0]), "HF_ENDPOINT": tiny_hub.url}
    with serve("--model", "moondream2", **variables) as server:
        assert server.wait() == 2
    assert server.stderr.text.startswith(no_cache[1])
    assert server.stderr.text.endswith("Or start with --model demo.\n")
    assert len(server.stderr.text.splitlines()) == 1


def test_demo_model_answers_for_a_moondream2_that_cannot_be_had_and_says_why(
    tiny_hub: FakeHub, no_cache: tuple[Path, str]
):
    with start(tiny_hub, no_cache[0], "auto") as server:
        assert "error" not in ask(server)
    assert f"moondream2 cannot answer yet: {no_cache[1]}" in server.stdout.text
    assert "demo is ready" in server.stdout.text
    assert server.stderr.text == ""


def downloading(done: float, speed: float | None = None, left: float | None = None) -> Progress:
    return Progress(LoadStage.DOWNLOADING, int(done), 3_900_000_000, speed, left)


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (downloading(0), "0 kB of 3.9 GB (0%)"),
        (downloading(48e6, 812e3, 4750), "48.0 MB of 3.9 GB (1%), 812 kB/s, 79 min left"),
        (downloading(1.21e9, 24.4e6, 110), "1.2 GB of 3.9 GB (31%), 24.4 MB/s, 2 min left"),
        (downloading(1.21e9, 0.1e6, 27000), "1.2 GB of 3.9 GB (31%), 100 kB/s, 7 h 30 min left"),
        (downloading(3.8e9, 24.4e6, 4.1), "3.8 GB of 3.9 GB (97%), 24.4 MB/s, 4 s left"),
        (downloading(3.9e9, 24.4e6, 0), "3.9 GB of 3.9 GB (100%), 24.4 MB/s"),
    ],
)
def test_download_is_told_in_units_for_people(progress: Progress, line: str):
    out = StringIO()
    DownloadLine(out).tell("moondream2", progress)
    assert out.getvalue() == f"Downloading moondream2: {line}\n"


def test_download_is_told_once_per_tenth_where_nobody_watches():
    out = StringIO()
    download = DownloadLine(out)
    for percent in range(101):
        download.tell("moondream2", downloading(percent * 39e6))
    download.end()
    told = out.getvalue().splitlines()
    assert [line.partition("(")[2] for line in told] == [
        f"{n}0%)" if n else "0%)" for n in range(11)
    ]


def test_download_in_a_terminal_stays_on_one_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as terminal:
        download = DownloadLine(terminal)
        for done in (0, 1e9, 3.9e9):
            download.tell("moondream2", downloading(done, 1e9, 1))
        download.end()
        download.end()
        # A terminal hands over what was written in pieces of its own choice.
        print("over", end="", file=terminal, flush=True)
        shown = ""
        while not shown.endswith("over"):
            shown += os.read(master, 10_000).decode()
    os.close(master)
    shown = shown.removesuffix("over")
    assert shown.count("\n") == 1
    assert shown.endswith("\n")
    steps = shown.strip().split("\r")
    assert [step.partition("(")[2].partition(")")[0] for step in steps] == ["0%", "25%", "100%"]
    assert max(map(len, steps)) < 80
