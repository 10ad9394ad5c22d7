"""The real web tier before a model that says what this process tells it, when it is told to.

`tests/browser/paced_server.py` lists what it can be told.
"""

import json
import subprocess
import sys
from time import monotonic, sleep
from urllib.request import urlopen

from bench.clients import BenchFailed
from bench.serve import free_port
from bench.stamps import PROJECT

START_LIMIT_S, POLL_S = 60.0, 0.1


class Paced:
    """Such a server: starts with the object, as a context it is ready, and gone at the end."""

    def __init__(self) -> None:
        port = free_port()
        self.url = f"http://localhost:{port}"
        command = [sys.executable, "-m", "tests.browser.paced_server", str(port)]
        self._process = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, text=True)

    def tell(self, *commands: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{each}\n" for each in commands))
        self._process.stdin.flush()

    def answer(self, *sentences: str) -> None:
        """Say these to the next questions, each as soon as it is asked."""
        for each in sentences:
            self.tell("begin", f"say {json.dumps(each)}", "end stop")

    def find(self, *places: tuple[float, ...]) -> None:
        """Find these: boxes of four numbers or points of two."""
        self.tell("begin", *(f"find {json.dumps(each)}" for each in places), "end stop")

    def __enter__(self) -> "Paced":
        gives_up_at = monotonic() + START_LIMIT_S
        while monotonic() < gives_up_at:
            try:
                with urlopen(f"{self.url}/healthz"):
                    return self
            except OSError:
                sleep(POLL_S)
        raise BenchFailed("The paced server did not start.")

    def __exit__(self, *exc_info: object) -> None:
        self._process.kill()
        self._process.wait()
