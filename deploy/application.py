"""The resident model as an application of Ray Serve: `serve deploy` and `python -m deploy`."""

from dataclasses import dataclass, fields, replace
from typing import Any

from ray import serve
from ray.serve import Application

from backends.replicas.replica import Replica
from protocol.errors import StartRefused
from settings import Settings

# One replica's, unless it is said: how much fits beside what is loaded is not known before.
ROWS = 8
# Running answers end before a replica goes.
SHUTDOWN_S = 60
# A client's questions go to one replica, where its frames are known and its order is kept.
ROUTER = "ray.serve.experimental.consistent_hash_router:ConsistentHashRouter"


@dataclass(frozen=True)
class Scale:
    """How many replicas there are, and what each takes.

    min_replicas, max_replicas: as many as there is work for, between these. gpus: of a machine's
    cards, as a share that is only counted: neither memory nor time of a card is divided. cpus: as
    counted by the cluster, too. upscale_delay_s, downscale_delay_s: how long there must be more or
    less work first.
    """

    min_replicas: int = 1
    max_replicas: int = 1
    gpus: float = 0.0
    cpus: float = 1.0
    upscale_delay_s: float = 10.0
    downscale_delay_s: float = 300.0


def build(options: dict[str, Any]) -> Application:
    """What `serve deploy` deploys. options: fields of Settings and of Scale, by their names.

    Raises StartRefused for others.
    """
    of_scale = {each.name for each in fields(Scale)}
    of_settings = {each.name for each in fields(Settings)}
    if strange := options.keys() - of_scale - of_settings:
        raise StartRefused(f"{', '.join(sorted(strange))}: there is no such option.")
    scale = Scale(**{name: value for name, value in options.items() if name in of_scale})
    settings = {name: value for name, value in options.items() if name in of_settings}
    return application(Settings(**settings), scale)


def application(settings: Settings, scale: Scale) -> Application:
    """The model with these settings, at this scale."""
    rows = settings.max_running or ROWS
    # The line is in the replica, fair and with places; who may enter it, each web tier says.
    n_places = rows + settings.max_waiting
    settings = replace(settings, max_running=rows, max_waiting_per_client=n_places)
    deployment = serve.deployment(
        name="model",
        max_ongoing_requests=n_places,
        # Else bursts would be refused while rows are free.
        max_queued_requests=-1,
        autoscaling_config={
            "min_replicas": scale.min_replicas,
            "max_replicas": max(scale.min_replicas, scale.max_replicas),
            "target_ongoing_requests": max(1, rows / 2),
            "upscale_delay_s": scale.upscale_delay_s,
            "downscale_delay_s": scale.downscale_delay_s,
        },
        request_router_config={"request_router_class": ROUTER},
        ray_actor_options={"num_cpus": scale.cpus, "num_gpus": scale.gpus},
        health_check_period_s=2,
        health_check_timeout_s=3,
        graceful_shutdown_timeout_s=SHUTDOWN_S,
    )(Replica)
    return deployment.bind(settings)
