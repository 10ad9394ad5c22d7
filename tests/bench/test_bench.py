"""A bench small enough for a test: what it prints, not how fast anything is."""

import asyncio
import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
import socketio
from PIL import Image

from bench.__main__ import main
from bench.chart import COLOURS
from bench.figures import ROWS
from bench.serve import Server
from bench.stamps import PROJECT
from bench.upstream import DIRECT, SIDES
from tests.checkpoint_folders import PARITY
from tests.server import make_checkpoint, over_the_wire

# A busy machine takes long to start two servers.
RUN_TIMEOUT_S = 300
RESPONSE_TIMEOUT_S = 30


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("tiny"), max_context=256)


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("chart") / "bench.png"


@pytest.fixture(scope="module")
def lines(checkpoint: Path, chart: Path) -> list[str]:
    """What `python -m bench` prints, with 2 clients and twice 4 answers."""
    size = [
        "--clients",
        "2",
        "--answers",
        "4",
        "--rounds",
        "1",
        "--follow-ups",
        "1",
        "--views",
        "3",
    ]
    bench = subprocess.run(
        [sys.executable, "-m", "bench", "--model", str(checkpoint), *size, "--chart", str(chart)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert bench.returncode == 0, bench.stderr
    return bench.stdout.splitlines()


def test_last_line_is_one_document_with_every_row_of_both_designs(lines: list[str]):
    results = json.loads(lines[-1])["results"]
    assert [result["load"]["questions_per_frame"] for result in results] == [1, 2]
    for result in results:
        for column in ("ours", "naive", "naive_over_ours"):
            assert result[column].keys() == ROWS.keys()
            assert None not in result[column].values()


def test_document_tells_what_programs_get_by_each_door(lines: list[str]):
    doors = json.loads(lines[-1])["doors"]
    assert list(doors) == ["Socket.IO", "chat, streamed"]
    for figures in doors.values():
        assert figures.keys() == ROWS.keys()
        assert None not in figures.values()


def test_document_tells_what_a_schema_costs(lines: list[str]):
    schema = json.loads(lines[-1])["schema"]
    assert [row["n_rows"] for row in schema["rows"]] == [1, 8]


def test_document_tells_what_upstream_adds(lines: list[str]):
    upstream = json.loads(lines[-1])["upstream"]
    rows = {row["name"]: row for row in upstream["rows"]}
    assert tuple(rows) == SIDES
    assert all(0 < row["first_word_p50_ms"] <= row["first_word_p99_ms"] for row in rows.values())
    assert (rows[DIRECT]["added_ms"], rows[DIRECT]["rate_ratio"]) == (0, 1)


def test_table_names_every_row(lines: list[str]):
    assert [label for label in ROWS.values() if not any(label in line for line in lines)] == []


def test_document_tells_the_memory_of_both_servers(lines: list[str]):
    memory = json.loads(lines[-1])["memory"]
    for design in ("ours", "naive"):
        assert memory[design]["answers"] == 8
        assert memory[design]["end_bytes"] > 0


def test_chart_is_drawn_of_every_load(lines: list[str], chart: Path):
    with Image.open(chart) as drawn:
        assert drawn.format == "PNG"
        assert len(drawn.getcolors(maxcolors=2**24) or []) > len(COLOURS)


def test_output_names_no_path(lines: list[str], checkpoint: Path, chart: Path):
    paths = [str(path) for path in (PROJECT, checkpoint, chart)]
    assert not [line for line in lines if any(path in line for path in paths)]


def test_bench_says_in_one_sentence_why_it_cannot_begin(monkeypatch, capfd):
    monkeypatch.setattr(sys, "argv", ["bench", "--model", "nowhere", "--answers", "1"])
    with pytest.raises(SystemExit, match="broke off"):
        main()
    said = capfd.readouterr().err
    assert "nowhere" in said
    assert "Traceback" not in said


@pytest.fixture
def naive(checkpoint: Path) -> Iterator[Server]:
    with Server("naive", str(checkpoint)) as server:
        server.wait()
        yield server


@over_the_wire
async def test_naive_design_answers_the_minimal_client(naive: Server):
    picture = (PARITY / "pictures" / "clear.png").read_bytes()
    responses: asyncio.Queue[dict] = asyncio.Queue()
    client = socketio.AsyncClient(reconnection=False)
    client.on("response", responses.put_nowait)
    await client.connect(naive.url, transports=["websocket"])
    image = "data:image/png;base64," + b64encode(picture).decode()
    await client.emit("query", {"question": "What is it?", "image": image})
    response = await asyncio.wait_for(responses.get(), RESPONSE_TIMEOUT_S)
    await client.disconnect()
    assert response["answer"]
