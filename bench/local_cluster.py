"""Replicas on a cluster of this machine alone, as `python -m deploy` has them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

import psutil

from bench.clients import BenchFailed
from bench.memory import titled
from bench.stamps import PROJECT

STOP_TIMEOUT_S = 60.0
READY = "python app.py --ray "
# As Ray calls the process in which a replica lives.
TITLE = "ServeReplica:"


class LocalCluster:
    """A cluster and the replicas on it. address: for `--ray`."""

    def __init__(self, model: str, n_replicas: int) -> None:
        # Nobody else on this machine can use it.
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=token_hex(32))
        self.n_replicas = n_replicas
        self._options = ("--model", model, "--replicas", str(n_replicas))
        command = [sys.executable, "-m", "deploy", *self._options]
        self._process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if READY in line:
                self.address = line.partition(READY)[2].strip()
                return
        raise BenchFailed("The cluster did not start; what it said is above.")

    def replicas(self) -> list[psutil.Process]:
        """The processes in which the models live."""
        return titled(psutil.Process(self._process.pid).children(recursive=True), TITLE)

    def deploy(self) -> None:
        """Have all replicas replaced."""
        where = ("--ray", self.address)
        command = [sys.executable, "-m", "deploy", *where, *self._options]
        subprocess.run(command, cwd=PROJECT, stdout=subprocess.DEVNULL, check=True)

    def close(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=STOP_TIMEOUT_S)


@contextmanager
def local_cluster(model: str, n_replicas: int) -> Iterator[LocalCluster]:
    """Replicas for one bench, gone at its end however it ends."""
    cluster = LocalCluster(model, n_replicas)
    try:
        yield cluster
    finally:
        cluster.close()
