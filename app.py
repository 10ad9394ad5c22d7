"""Moonsight: talk to your camera. `python app.py`, then open http://localhost:5000."""

from doctor.packages import refuse_what_cannot_start

if __name__ == "__main__":
    # Whatever is imported below may be missing.
    refuse_what_cannot_start()

import logging
import os
import sys
from functools import partial
from typing import TYPE_CHECKING

import click
from flask import Flask

from backends.first_status import cluster_of, upstream_of
from backends.process import LOG_FORMAT, ModelProcess
from cameras.cameras import NetworkCameras
from doctor.check import check
from doctor.packages import REQUIREMENTS_CAMERAS, REQUIREMENTS_RAY, find_missing
from local_network import Lan, open_lan
from narration import DownloadLine, key_warning, narrate, narrate_others
from protocol.alert import Hook
from protocol.camera import Cameras, parse_camera
from protocol.errors import StartRefused
from protocol.model import Model
from settings import Settings, with_options
from terminal import open_terminal
from web.access import Access
from web.addresses import Opened, open_host, own_hosts, page_url
from web.events import add_events
from web.leaving import Leaving
from web.loop.calls import Bridge
from web.loop.server import Server
from web.loop.wire import Wire
from web.metrics import Metrics
from web.origins import Origins
from web.page import add_pages, refuse_foreign_hosts
from web.programs import add_programs, merge_slashes
from web.proxies import trust_proxies

if TYPE_CHECKING:
    from web.redis_queue import RedisQueue
    from webhook import Webhook

EXIT_REFUSED = 2


def create_app(
    settings: Settings,
    model: Model,
    bridge: Bridge,
    hook: Hook | None = None,
    leaving: Leaving | None = None,
    cameras: Cameras | None = None,
    lan: Lan | None = None,
) -> Flask:
    """Wire the web tier to a model, alerts to a hook, cameras to pages, all that runs to its end.

    bridge: carries what happens to them to the loop. lan: how it is open to a network, if it is.
    """
    app, leaving = Flask(__name__), leaving or Leaving()
    limits, metrics = settings.frame_limits, Metrics(model)
    origins = Origins((*settings.cors_origin, *filter(None, [settings.public_url])))
    names = cameras.names if cameras else ()
    goes_to = upstream_of(settings) or cluster_of(settings)
    authority = lan.authority if lan else None
    add_pages(app, model, limits, hook, goes_to, names, authority, lan is not None)
    submit = leaving.through(metrics.submit)
    queue = open_queue(settings, bridge)
    access = Access(settings.token) if settings.token else None
    events = add_events(app, model, bridge, limits, origins, submit, hook, queue, cameras, access)
    leaving.pages = events.connections
    add_programs(app, model, bridge, limits, origins, metrics, events.sharing)
    hosts = lan.hosts if lan else own_hosts(settings.host, settings.public_url)
    url = settings.public_url or page_url(settings.host, settings.port)
    wsgi_app = leaving.guard(merge_slashes(app.wsgi_app))
    if access is not None:
        wsgi_app = access.guard(wsgi_app)
    wsgi_app = trust_proxies(refuse_foreign_hosts(wsgi_app, hosts, url), settings.trusted_proxy)
    app.wsgi_app = wsgi_app  # type: ignore[method-assign]
    return app


def run(settings: Settings) -> None:
    """Open the port, load the model behind it, serve until a signal. Raises StartRefused."""
    if settings.log_requests:
        logging.getLogger(Metrics.__module__).setLevel(logging.INFO)
    _check_answerers(settings)
    hook, cameras = open_hook(settings), open_cameras(settings)
    if (lan := open_lan(settings)) is not None:
        settings = lan.settings
    opened = open_host(settings.host, settings.port)
    model = ModelProcess(settings, Wire)
    bridge = Bridge()
    server, leaving = Server(bridge), Leaving()
    app = create_app(settings, model, bridge, hook, leaving, cameras, lan)
    download = DownloadLine(sys.stdout)
    # Said by the loop: what it promises holds from then on.
    bridge.call(_welcome, opened, settings, key_warning(settings, os.environ))
    if lan is not None:
        bridge.call(_warn, lan.warning)
        lan.start(partial(bridge.call, partial(print, flush=True)))
    if settings.upstream or settings.ray:
        narrate_others(model)
    else:
        narrate(model, download, stop=partial(bridge.call, server.stop))
    # There are others to ask, as there are not where the model ends with the page.
    leave = partial(_leave, leaving) if settings.ray else None
    server.serve(app, opened.listeners, leave, lan.tls if lan else None)
    if lan is not None:
        lan.close()
    if hook is not None:
        hook.close()
    cameras.close()
    model.close()
    download.end()
    server.say_farewell()
    if isinstance(model.failure, StartRefused):
        raise model.failure


def _check_answerers(settings: Settings) -> None:
    """Raises StartRefused where nobody can answer, or two would."""
    if settings.ray and settings.upstream:
        raise StartRefused("--ray and --upstream both say who answers. Start with one of them.")
    if (settings.ray or settings.redis) and (missing := find_missing(REQUIREMENTS_RAY)):
        raise StartRefused(missing)


def open_queue(settings: Settings, bridge: Bridge) -> "RedisQueue | None":
    """How other web tiers reach the pages of this one, if at all."""
    if not settings.redis:
        return None
    # Imports what is not installed for everybody.
    from web.redis_queue import RedisQueue

    return RedisQueue(settings.redis, bridge.call)


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


def open_cameras(settings: Settings) -> NetworkCameras:
    """The cameras of the network; none is looked through yet. Raises StartRefused."""
    cameras = NetworkCameras(map(parse_camera, settings.camera))
    if cameras.names and (missing := find_missing(REQUIREMENTS_CAMERAS)):
        raise StartRefused(missing)
    return cameras


def _leave(leaving: Leaving) -> None:
    print(f"What runs ends first, in {leaving.LIMIT_S:.0f} s at most.", flush=True)
    leaving.wait()


def _welcome(opened: Opened, settings: Settings, *warnings: str | None) -> None:
    print(f"Moonsight is open on {opened.url} (Ctrl-C ends it)", flush=True)
    if settings.public_url:
        print(f"People find it at {settings.public_url}", flush=True)
    if settings.token and not settings.lan:
        print(
            "It asks for its token: open it once with ?token= and the token behind it", flush=True
        )
    _warn(opened.warning, *warnings)


def _warn(*warnings: str | None) -> None:
    for warning in filter(None, warnings):
        print(warning, file=sys.stderr, flush=True)


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


def _refuse(reason: str) -> int:
    print(reason, file=sys.stderr)
    return EXIT_REFUSED


if __name__ == "__main__":
    main()
