"""Moonsight: talk to your camera. `python app.py`, then open http://localhost:5000."""

from doctor.packages import refuse_what_cannot_start

if __name__ == "__main__":
    # Whatever is imported below may be missing.
    refuse_what_cannot_start()

import logging
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from shutil import get_terminal_size
from time import monotonic
from typing import TYPE_CHECKING, TextIO

import click
from flask import Flask

from backends.first_status import cluster_of, upstream_of
from backends.process import LOG_FORMAT, ModelProcess
from doctor.check import check
from doctor.packages import REQUIREMENTS_RAY, find_missing
from protocol.alert import Hook
from protocol.errors import StartRefused
from protocol.hosts import parse_upstream
from protocol.model import Model
from protocol.status import LoadStage, ModelState, Progress, Status
from protocol.upstream import KEY_NAME
from settings import Settings, with_options
from terminal import open_terminal
from web.addresses import Opened, open_host, own_hosts, page_url
from web.events import add_events
from web.loop.calls import Bridge
from web.loop.server import Server
from web.loop.wire import Wire
from web.metrics import Metrics
from web.origins import Origins
from web.page import add_pages, refuse_foreign_hosts
from web.programs import add_programs, merge_slashes

if TYPE_CHECKING:
    from webhook import Webhook

EXIT_REFUSED = 2


def create_app(settings: Settings, model: Model, bridge: Bridge, hook: Hook | None = None) -> Flask:
    """Wire the web tier to a model, and alerts to a hook.

    bridge: carries what happens to them to the loop.
    """
    app = Flask(__name__)
    limits, origins, metrics = settings.frame_limits, Origins(settings.cors_origin), Metrics(model)
    add_pages(app, model, limits, hook, upstream_of(settings) or cluster_of(settings))
    sharing = add_events(app, model, bridge, limits, origins, metrics.submit, hook)
    add_programs(app, model, bridge, limits, origins, metrics, sharing)
    app.wsgi_app = merge_slashes(app.wsgi_app)  # type: ignore[method-assign]
    app.wsgi_app = refuse_foreign_hosts(  # type: ignore[method-assign]
        app.wsgi_app, own_hosts(settings.host), page_url(settings.host, settings.port)
    )
    return app


def run(settings: Settings) -> None:
    """Open the port, load the model behind it, serve until a signal. Raises StartRefused."""
    if settings.log_requests:
        logging.getLogger(Metrics.__module__).setLevel(logging.INFO)
    if settings.ray and (missing := find_missing(REQUIREMENTS_RAY)):
        raise StartRefused(missing)
    hook = open_hook(settings)
    opened = open_host(settings.host, settings.port)
    model = ModelProcess(settings, Wire)
    bridge = Bridge()
    server = Server(bridge)
    app = create_app(settings, model, bridge, hook)
    download = DownloadLine(sys.stdout)
    # Said by the loop: what it promises holds from then on.
    bridge.call(_welcome, opened, key_warning(settings, os.environ))
    if settings.upstream or settings.ray:
        _narrate_others(model)
    else:
        _narrate(model, download, stop=partial(bridge.call, server.stop))
    server.serve(app, opened.listeners)
    if hook is not None:
        hook.close()
    model.close()
    download.end()
    server.say_farewell()
    if isinstance(model.failure, StartRefused):
        raise model.failure


def open_hook(settings: Settings) -> "Webhook | None":
    """Where alerts go, if anywhere. Raises StartRefused."""
    if settings.alert_webhook:
        # Imports what speaks HTTP, for which nobody else should wait.
        from webhook import Webhook

        return Webhook(settings.alert_webhook, settings.alert_webhook_frames)
    if settings.alert_webhook_frames:
        raise StartRefused(
            "--alert-webhook-frames sends pictures to a webhook, and none is set. Start with"
            " --alert-webhook URL, too."
        )
    return None


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


def _welcome(opened: Opened, *warnings: str | None) -> None:
    print(f"Moonsight is open on {opened.url} (Ctrl-C ends it)", flush=True)
    for warning in filter(None, (opened.warning, *warnings)):
        print(warning, file=sys.stderr, flush=True)


def _narrate(model: Model, download: DownloadLine, stop: Callable[[], None]) -> None:
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


def _narrate_others(model: Model) -> None:
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


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@with_options
@click.option(
    *("--check", "is_check"),
    is_flag=True,
    envvar="MOONSIGHT_CHECK",
    help="Say whether everything needed is here and works; exit code 0 or 1.",
)
def command(is_check: bool, **options: object) -> int:
    """Talk to your camera: a page on localhost, answered by a model on this computer."""
    settings = Settings(**options)  # type: ignore[arg-type]
    if is_check:
        return check(settings)
    run(settings)
    return 0


def start(arguments: list[str]) -> int:
    """Run a command line to its end; what stops a start is one sentence. Returns the exit code."""
    try:
        return command(arguments, standalone_mode=False)
    except click.ClickException as error:
        return _refuse(error.format_message())
    except StartRefused as error:
        return _refuse(error.message)
    except click.Abort:
        # Ctrl-C before there was anything to end.
        return 0


def main() -> None:
    """Run the command line that the program was started with, and end the process."""
    open_terminal()
    logging.basicConfig(level=logging.WARNING, format=LOG_FORMAT)
    exit_code = start(sys.argv[1:])
    # Nothing is left to be saved, and an ordinary exit would wait for torch: for its tear-down, or
    # for a thread that is deep inside one long call.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


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


def _refuse(reason: str) -> int:
    print(reason, file=sys.stderr)
    return EXIT_REFUSED


if __name__ == "__main__":
    main()
