"""`python -m deploy --replicas 2`: several models, on this machine or on a cluster."""

import signal
import sys
from dataclasses import replace
from math import ceil
from threading import Event
from typing import Any

import click
import ray
from ray import serve

from backends.replicas.connection import QUIET
from deploy.application import Scale, application
from protocol.hosts import CLUSTER_NAME, parse_cluster
from settings import Settings, with_options

# Ray takes 127.0.0.1 for the address that others reach this machine by.
HERE = "127.0.0.2"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@with_options
@click.option("--replicas", type=click.IntRange(1, 1000), default=1, show_default=True)
@click.option("--max-replicas", type=click.IntRange(1, 1000), help="As many while there is work.")
@click.option("--gpus", type=click.FloatRange(0), default=0.0, help="Of a card, for each replica.")
@click.option("--cpus", type=click.FloatRange(0), default=1.0, help="For each replica.")
@click.option("--remove", is_flag=True, help="Take away what is deployed at --ray ADDRESS.")
def command(
    replicas: int,
    max_replicas: int | None,
    gpus: float,
    cpus: float,
    remove: bool,
    **options: object,
) -> None:
    """Have several models answer: on this machine until Ctrl-C, or with --ray on that cluster."""
    settings = Settings(**options)  # type: ignore[arg-type]
    scale = Scale(replicas, max_replicas or replicas, gpus, cpus)
    if not settings.ray:
        _serve_here(settings, scale)
        return
    address = parse_cluster(settings.ray)
    ray.init(address.address, **QUIET)
    if remove:
        serve.delete(address.name)
        print(f"{address} is taken away.")
    else:
        _deploy(settings, scale, address.name)
        print(f"{address} is ready. Start the page: python app.py --ray {address}")


def _serve_here(settings: Settings, scale: Scale) -> None:
    """Have a cluster of this machine alone, which asks for Ray's token, until a signal."""
    stopped = Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stopped.set())
    n_cpus = 1 + ceil(scale.max_replicas * scale.cpus)
    options: dict[str, Any] = {"_node_ip_address": HERE, "include_dashboard": False}
    ray.init("local", num_cpus=n_cpus, **options, **QUIET)
    _deploy(settings, scale, CLUSTER_NAME)
    where = ray.get_runtime_context().gcs_address
    print(f"The replicas are ready. Start the page: python app.py --ray {where}", flush=True)
    stopped.wait()
    ray.shutdown()


def _deploy(settings: Settings, scale: Scale, name: str) -> None:
    # Web tiers speak to replicas themselves.
    serve.start(proxy_location="Disabled")
    serve.run(application(replace(settings, ray=""), scale), name=name, route_prefix=None)


if __name__ == "__main__":
    sys.exit(command())
