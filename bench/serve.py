"""One of the two servers in a process of its own, with a note of when each token left the model.

`python -m bench.serve ours|naive --model FOLDER --port PORT [--stamps FILE]` serves until SIGTERM
and then writes the notes.
"""

import argparse
import json
import socket
import subprocess
import sys
from functools import partial
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Literal, get_args
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil

from app import create_app
from backends.process import ModelProcess
from bench.clients import BenchFailed
from bench.memory import held_bytes, processes_of
from bench.stamps import PROJECT, StampedModel, Stamps, make_stamps, write_stamps
from protocol.errors import StartRefused
from settings import Settings
from web.loop.calls import Bridge
from web.loop.server import Server as LoopServer
from web.loop.server import listen
from web.loop.wire import Wire

START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 20.0
POLL_INTERVAL_S = 0.05
# Room for a frame of each client. The first hundred frames of the demo model take all the memory
# that they ever will, so that what grows later is something else.
MAX_PREFIX_BYTES = 32 * 2**20

Design = Literal["ours", "naive"]
DESIGNS: tuple[Design, ...] = get_args(Design)


class Server:
    """A server process: starts with the object, is ready after `wait`, gone after `stop`.

    As a context it is gone at the end, too.
    """

    def __init__(self, design: Design, model: str, *, keeps_stamps: bool = True) -> None:
        self._folder = TemporaryDirectory()
        self._stamps_file = Path(self._folder.name) / "stamps.json"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "bench.serve", design, "--model", model]
        options = ["--port", str(port)]
        if keeps_stamps:
            options += ["--stamps", str(self._stamps_file)]
        self._process = subprocess.Popen([*command, *options], cwd=PROJECT)
        self._processes: list[psutil.Process] = []

    def wait(self) -> str:
        """Wait until the model can answer; returns the device that it runs on.

        Raises BenchFailed when it cannot be loaded.
        """
        gives_up_at = monotonic() + START_TIMEOUT_S
        while monotonic() < gives_up_at and self._process.poll() is None:
            status = self._status()
            if status["status"] == "ready":
                return str(status["device"])
            if status["status"] == "failed":
                raise BenchFailed(str(status["error"]))
            sleep(POLL_INTERVAL_S)
        raise BenchFailed("The server did not start; what it said is above.")

    def memory_bytes(self) -> int:
        """Memory that the server holds in RAM now, in all its processes."""
        # Looked up once: walking all processes of the system takes longer than a token.
        self._processes = self._processes or processes_of(self._process.pid)
        return held_bytes(self._processes)

    def stop(self) -> Stamps:
        """End the process; returns what it noted."""
        self._process.terminate()
        self._process.wait(STOP_TIMEOUT_S)
        return json.loads(self._stamps_file.read_text()) if self._stamps_file.exists() else []

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def _status(self) -> dict:
        try:
            with urlopen(f"{self.url}/healthz", timeout=START_TIMEOUT_S) as answer:
                return json.load(answer)
        except HTTPError as answer:
            return json.load(answer)
        except (OSError, HTTPException):
            return {"status": "loading"}


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve one design for the bench.")
    parser.add_argument("design", choices=DESIGNS)
    parser.add_argument("--model", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stamps", type=Path)
    options = parser.parse_args()
    settings = Settings(model=options.model, port=options.port, max_prefix_bytes=MAX_PREFIX_BYTES)
    serve = _serve_ours if options.design == "ours" else _serve_naive
    try:
        serve(settings, options.stamps)
    except StartRefused as error:
        sys.exit(error.message)


def _serve_ours(settings: Settings, stamps_file: Path | None) -> None:
    listener, bridge = listen(settings.host, settings.port), Bridge()
    model = ModelProcess(settings, Wire, partial(StampedModel, stamps_file))
    LoopServer(bridge).serve(create_app(settings, model, bridge), listener)
    model.close()


def _serve_naive(settings: Settings, stamps_file: Path | None) -> None:
    # Imports torch, which our server imports in the model's process.
    from bench.naive import create_naive_app

    stamps = make_stamps(stamps_file)
    app = create_naive_app(settings, stamps)
    LoopServer(Bridge()).serve(app, listen(settings.host, settings.port))
    write_stamps(stamps, stamps_file)


if __name__ == "__main__":
    main()
