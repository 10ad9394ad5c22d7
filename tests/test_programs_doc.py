"""Every snippet of docs/programs.md runs as it stands, against a real server."""

import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from demo.drawing import draw, encode_jpeg
from demo.scenes import make_scene
from tests.js.test_scripts import node  # noqa: F401
from tests.server import ROOT, Server, serve

DOCUMENT = ROOT / "docs" / "programs.md"
SNIPPETS = re.findall(r"^```(\w+)\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
RUN_TIMEOUT_S = 60


@pytest.fixture(scope="module")
def ready_server() -> Iterator[Server]:
    with serve("--model", "demo") as server:
        server.wait_until_ready()
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a snippet finds its picture."""
    scene = next(islice(map(make_scene, range(99)), 3, None))
    (tmp_path / "frame.jpg").write_bytes(encode_jpeg(draw(scene, 480), scene.seed))
    return tmp_path


def test_document_has_snippets_for_every_way():
    assert {language for language, _ in SNIPPETS} == {"python", "bash", "javascript"}


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_snippet_runs_as_it_stands_and_prints_an_answer(number, ready_server, folder, request):
    language, snippet = SNIPPETS[number]
    snippet = snippet.replace("localhost:5000", f"localhost:{ready_server.port}")
    if language == "javascript":
        (folder / "snippet.mjs").write_text(snippet)
        command = [request.getfixturevalue("node"), "snippet.mjs"]
    elif language == "bash":
        command = ["bash", "-euo", "pipefail", "-c", snippet]
    else:
        command = [sys.executable, "-c", snippet]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.strip()) > 5
