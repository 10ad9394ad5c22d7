"""A Ray cluster on this computer's loopback addresses, which ends with the test that started it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from secrets import token_hex

import psutil

from bench.memory import titled
from protocol.hosts import parse_cluster
from tests.server import EXIT_TIMEOUT_S, LINE_TIMEOUT_S, ROOT, Output, clean_environment, free_port

HEAD_IP = "127.0.0.2"
# More than this computer has: nothing here needs one for itself.
N_CPUS = 16
OBJECT_STORE_BYTES = 100 * 2**20
# What Ray reads from the environment of its processes, and of those who join.
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # It would end processes where the machine itself, and not the test, is short of memory.
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_DEDUP_LOGS": "0",
    # Nobody else on this computer can use it.
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": os.environ.get("RAY_AUTH_TOKEN", token_hex(32)),
    "PYTHONPATH": str(ROOT),
}


# A test may join a cluster itself; Ray reads this when it is imported.
os.environ.update({name: value for name, value in ENVIRONMENT.items() if name.startswith("RAY_")})


def ray_environment() -> dict[str, str]:
    return clean_environment() | ENVIRONMENT


class Node:
    """One `ray start`, with all processes that it has started."""

    def __init__(self, *options: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [str(Path(sys.executable).with_name("ray")), "start", "--block", *options],
            cwd=ROOT,
            env=ray_environment() | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.output = Output(self.process.stdout)
        self.output.wait_for("Ray runtime started")

    def processes(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        return []

    def kill(self, known: list[psutil.Process] | None = None) -> None:
        """End it as a machine ends that loses its power.

        known: its processes, where it has to be at once: to find them takes a while.
        """
        processes = self.processes() if known is None else known
        for each in processes:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(processes, EXIT_TIMEOUT_S)
        self.process.wait()
        self.output.close()


class RayCluster:
    """A head, and nodes beside it. environment: of the head."""

    def __init__(self, port: int | None, **environment: str) -> None:
        # Short: sockets lie there, and their paths are bounded.
        self.folder = tempfile.mkdtemp(prefix="ms-ray-")
        self.port = port or free_port()
        self.address = f"{HEAD_IP}:{self.port}"
        self.metrics_url = f"http://{HEAD_IP}:{(metrics_port := free_port())}/metrics"
        self._names = count()
        self.nodes: list[Node] = []
        self._started_again: list[subprocess.Popen] = []
        self.head = self._start(
            "--head",
            f"--port={self.port}",
            f"--node-ip-address={HEAD_IP}",
            f"--num-cpus={N_CPUS}",
            f"--temp-dir={self.folder}",
            "--include-dashboard=false",
            f"--metrics-export-port={metrics_port}",
            **environment,
        )

    def add_node(self, ip: str, n_cpus: int) -> Node:
        """Another machine: another address."""
        options = f"--address={self.address}", f"--node-ip-address={ip}", f"--num-cpus={n_cpus}"
        return self._start(*options)

    def deploy(self, *options: str, name: str | None = None) -> str:
        """Have models on it, by default under a name of their own; returns what --ray is given."""
        where = f"{self.address}/{name or f'app{next(self._names)}'}"
        self._run("-m", "deploy", "--ray", where, *options)
        return where

    @contextmanager
    def deployed(self, *options: str) -> Iterator[str]:
        """Have models on it for some tests: their processors are needed for those of others."""
        where = self.deploy(*options)
        yield where
        self.remove(where)

    def remove(self, where: str) -> None:
        """Take away what is deployed there."""
        self._run("-m", "deploy", "--ray", where, "--remove")

    def _run(self, *command: str) -> None:
        subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=ray_environment(),
            check=True,
            timeout=LINE_TIMEOUT_S,
        )

    def replicas(self, where: str) -> list[psutil.Process]:
        """The processes in which the models live that are deployed there."""
        processes = [each for node in self.nodes for each in node.processes()]
        return titled(processes, f"ServeReplica:{parse_cluster(where).name}:")

    def close(self) -> None:
        for node in self.nodes:
            node.kill()
        for each in self._started_again:
            each.kill()
            each.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def without_head(self) -> Iterator[None]:
        """As if whoever keeps the head's process had to start it again."""
        # It would end all that it has started.
        self.head.process.send_signal(signal.SIGSTOP)
        [head] = [each for each in self.head.processes() if "gcs_server" in each.name()]
        command, environment = head.cmdline(), head.environ()
        head.kill()
        yield
        again = subprocess.Popen(command, env=environment, start_new_session=True)
        self._started_again.append(again)

    def _start(self, *options: str, **environment: str) -> Node:
        store = f"--object-store-memory={OBJECT_STORE_BYTES}"
        node = Node(*options, "--disable-usage-stats", store, **environment)
        self.nodes.append(node)
        return node


@contextmanager
def ray_cluster(port: int | None = None, **environment: str) -> Iterator[RayCluster]:
    """A cluster for some tests, gone at their end however they end."""
    cluster = RayCluster(port, **environment)
    try:
        yield cluster
    finally:
        cluster.close()
