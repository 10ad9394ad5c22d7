"""A terminal that nobody reads, or that cannot take a word, ends nothing."""

import contextlib
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic

import psutil
import pytest

from bench.memory import processes_of
from tests.server import EXIT_TIMEOUT_S, LINE_TIMEOUT_S, ROOT, clean_environment, free_port

FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk here")
IN_A_SHELL = pytest.mark.skipif(os.name == "nt", reason="there is no POSIX shell here")
POLL_S = 0.05


@contextmanager
def started(how: str, *options: str, **environment: str) -> Iterator[tuple[subprocess.Popen, int]]:
    """The program, started by a shell in that way, and its port."""
    port = free_port()
    command = [sys.executable, "app.py", "--port", str(port), *options]
    process = subprocess.Popen(
        ["/bin/sh", "-c", f'exec "$@" {how}', "sh", *command],
        cwd=ROOT,
        env=clean_environment() | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process, port
    finally:
        for each in processes_of(process.pid) if process.poll() is None else ():
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        process.communicate()


def wait_until_ready(process: subprocess.Popen, port: int) -> None:
    """Wait for the health check of a program that may have no voice."""
    deadline = monotonic() + LINE_TIMEOUT_S
    while process.poll() is None and monotonic() < deadline:
        # Nobody is there yet, or what is there answers 503.
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz").close()
            return
        Event().wait(POLL_S)
    raise AssertionError(f"never ready; exit code {process.poll()}")


def end(process: subprocess.Popen) -> tuple[int, str]:
    """End it as a person would; its exit code, and what it said on what was open."""
    process.terminate()
    said, complained = process.communicate(timeout=EXIT_TIMEOUT_S)
    return process.returncode, said + complained


@IN_A_SHELL
@pytest.mark.parametrize(
    ("how", "closed"),
    [
        (">&-", [1]),
        ("2>&-", [2]),
        (">&- 2>&- <&-", [0, 1, 2]),
        pytest.param(">/dev/full", [], marks=FULL),
        pytest.param(">/dev/full 2>/dev/full", [], marks=FULL),
    ],
)
def test_program_runs_and_ends_without_a_terminal(how, closed, demo_server):
    """A traceback was the end of it, or a socket took the place of what was closed."""
    # A model of its own would take seconds to start, and is as quiet.
    with started(how, "--upstream", demo_server.url) as (process, port):
        wait_until_ready(process, port)
        for number in closed if Path("/proc/self/fd").exists() else ():
            assert os.readlink(f"/proc/{process.pid}/fd/{number}") == os.devnull
        exit_code, said = end(process)
    assert exit_code == 0
    assert "Traceback" not in said


@IN_A_SHELL
def test_program_runs_on_when_its_reader_leaves(demo_server):
    """`python app.py | head -1` left a traceback of a broken pipe."""
    with started("", "--upstream", demo_server.url) as (process, port):
        assert "Moonsight is open" in process.stdout.readline()
        process.stdout.close()
        wait_until_ready(process, port)
        process.terminate()
        assert process.wait(EXIT_TIMEOUT_S) == 0
        assert process.stderr.read() == ""


@IN_A_SHELL
@pytest.mark.parametrize("how", [pytest.param(">/dev/full", marks=FULL), ">&-", "2>&-"])
@pytest.mark.parametrize(("option", "exit_code"), [("--help", 0), ("--no-such-option", 2)])
def test_program_that_says_something_and_ends_does_so_without_a_terminal(how, option, exit_code):
    with started(how, option) as (process, _):
        said, complained = process.communicate(timeout=LINE_TIMEOUT_S)
    assert process.returncode == exit_code
    assert "Traceback" not in said + complained


@IN_A_SHELL
def test_name_that_a_terminal_cannot_spell_is_said_as_well_as_it_can(checkpoint, tmp_path):
    folder = tmp_path / "größe"
    shutil.copytree(checkpoint, folder)
    ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    with started("", "--model", str(folder), **ascii_only) as (process, port):
        wait_until_ready(process, port)
        exit_code, said = end(process)
    assert (exit_code, "Traceback" in said) == (0, False)
    assert "gr\\xf6\\xdfe is ready" in said
