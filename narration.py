"""What the terminal is told while the program runs: who answers, or why nobody does."""

import sys
from collections.abc import Callable, Mapping
from shutil import get_terminal_size
from time import monotonic
from typing import TextIO

from protocol.errors import StartRefused
from protocol.hosts import parse_upstream
from protocol.model import Model
from protocol.status import LoadStage, ModelState, Progress, Status
from protocol.upstream import KEY_NAME
from settings import Settings


class DownloadLine:
    """How far a download is: one line written anew in a terminal, elsewhere a line per tenth."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._n_tenths: int | None = None
        self._is_open = False

    def tell(self, name: str, progress: Progress) -> None:
        """Say how much of a checkpoint is here; `progress` counts bytes and knows its total."""
        total = max(progress.total or 0, 1)
        parts = [f"{_size(progress.done)} of {_size(total)} ({100 * progress.done // total}%)"]
        if progress.bytes_per_s:
            parts.append(f"{_size(progress.bytes_per_s)}/s")
        if progress.seconds_left:
            parts.append(f"{_duration(progress.seconds_left)} left")
        line = f"Downloading {name}: {', '.join(parts)}"
        n_tenths = 10 * progress.done // total
        if self._out.isatty():
            width = get_terminal_size().columns - 1
            print(f"\r{line[:width]:{width}}", end="", file=self._out, flush=True)
            self._is_open = True
        elif n_tenths != self._n_tenths:
            print(line, file=self._out, flush=True)
        self._n_tenths = n_tenths

    def end(self) -> None:
        """Let what follows begin on a line of its own."""
        if self._is_open:
            print(file=self._out, flush=True)
        self._is_open = False


def narrate(model: Model, download: DownloadLine, stop: Callable[[], None]) -> None:
    """Say in the terminal how the model is doing; `stop` where what was asked for cannot be."""
    started_at: float | None = monotonic()

    def on_status(status: Status) -> None:
        nonlocal started_at
        # A model that broke off starts again.
        started_at = started_at or monotonic()
        if status.progress and status.progress.stage is LoadStage.DOWNLOADING:
            download.tell(status.model, status.progress)
            return
        download.end()
        if status.state is ModelState.READY:
            took_s, started_at = monotonic() - started_at, None
            if status.notice:
                print(f"{status.notice} The demo model answers: it knows coloured shapes.")
            if status.gpu_fault:
                print(status.gpu_fault)
            print(
                f"{status.model} is ready on the {status.device} after {took_s:.1f} s", flush=True
            )
        elif isinstance(model.failure, StartRefused):
            stop()
        elif status.state is ModelState.FAILED:
            print(f"The model could not start. {status.error}", file=sys.stderr, flush=True)

    model.watch(on_status)


def narrate_others(model: Model) -> None:
    """Say in the terminal who answers in this computer's place, or why nobody does."""
    said = ""

    def on_status(status: Status) -> None:
        nonlocal said
        is_ready = status.state is ModelState.READY
        line = who_answers(status) if is_ready else status.error or waits_for(status)
        # Most changes are about what the servers' models can do.
        if line and line != said:
            is_well = status.state is not ModelState.FAILED
            print(line, file=sys.stdout if is_well else sys.stderr, flush=True)
        said = line

    on_status(model.status)
    model.watch(on_status)


def who_answers(status: Status) -> str:
    """Which model answers, and where pictures go for that."""
    goes_to = status.upstream or status.cluster
    assert goes_to is not None, "others answer"
    hosts, here = " and ".join(goes_to.hosts), " on this computer" if goes_to.is_here else ""
    model = status.model or "A model"
    if status.cluster is not None:
        n_replicas = status.cluster.n_replicas
        model += f", {n_replicas} replica{'s' if n_replicas > 1 else ''},"
    return f"{model} is ready at {hosts}{here}, where pictures go"


def waits_for(status: Status) -> str:
    """What there must be before a cluster answers, as the page says it, too."""
    if status.cluster is None:
        return ""
    what = "a replica of the cluster" if status.cluster.is_reached else "the cluster"
    return f"Waiting for {what} at {status.cluster.address}."


def key_warning(settings: Settings, environment: Mapping[str, str]) -> str | None:
    """Say so where whoever is in between can read the key of another server."""
    addresses = [parse_upstream(url) for url in settings.upstream]
    open_hosts = [
        each.host for each in addresses if each.url.startswith("http:") and not each.is_here
    ]
    if not open_hosts or not environment.get(KEY_NAME):
        return None
    return (
        f"The key in {KEY_NAME} travels unencrypted to {' and '.join(open_hosts)}. Give the"
        " address with https:// unless every network in between is yours."
    )


def _size(n_bytes: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes / 1e3:.0f} kB"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
