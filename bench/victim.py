"""A real server that can be killed and started again, and what it holds meanwhile."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic

import aiohttp
import psutil

from bench.clients import OK, BenchFailed
from bench.memory import held_bytes, model_processes, processes_of
from bench.serve import free_port
from bench.stamps import PROJECT

START_TIMEOUT_S, POLL_S = 60.0, 0.1


@dataclass(frozen=True)
class Held:
    """What a server's processes hold."""

    threads: int
    descriptors: int
    n_bytes: int


class Victim:
    """A real server, as a person starts it, that can be killed and started again."""

    def __init__(self, model: str, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._options = ("--model", model, "--port", str(self.port), *options)
        self.start()

    def start(self) -> None:
        command = [sys.executable, "app.py", *self._options]
        self._process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        """End it with all its processes, as nobody should."""
        for each in processes_of(self._process.pid):
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self._process.wait()

    def kill_model(self) -> None:
        """End the process in which the model lives."""
        for each in model_processes(self._process.pid):
            each.kill()

    def cpu_seconds(self) -> list[float]:
        """Of a processor, taken so far: by the program itself, by what it started."""
        times = [each.cpu_times() for each in processes_of(self._process.pid)]
        own, *others = (each.user + each.system for each in times)
        return [own, sum(others)]

    def held(self) -> Held:
        processes = processes_of(self._process.pid)
        return Held(
            sum(each.num_threads() for each in processes),
            sum(each.num_fds() for each in processes),
            held_bytes(processes),
        )

    async def wait_until_ready(self) -> None:
        """Wait until it answers. Raises BenchFailed when it does not in time."""
        gives_up_at = monotonic() + START_TIMEOUT_S
        async with aiohttp.ClientSession() as session:
            while monotonic() < gives_up_at:
                with suppress(aiohttp.ClientError):
                    async with session.get(f"{self.url}/healthz") as reply:
                        if reply.status == OK:
                            return
                await asyncio.sleep(POLL_S)
        raise BenchFailed("The server is not ready in time; what it said is above.")


@contextmanager
def running(model: str, *options: str) -> Iterator[Victim]:
    victim = Victim(model, *options)
    try:
        yield victim
    finally:
        victim.kill()
