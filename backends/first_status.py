"""What there is to tell of a model before anything was tried."""

from checkpoints.checkpoint import parse_model
from protocol.hosts import parse_cluster, parse_upstream
from protocol.status import Cluster, LoadStage, ModelState, Progress, Status
from protocol.upstream import Upstream
from settings import Settings


def first_status(settings: Settings) -> Status:
    """Loading: which model is wanted, or which servers or cluster are.

    Raises StartRefused when there is no such checkpoint.
    """
    if settings.upstream:
        return Status(ModelState.LOADING, _wanted(settings), upstream=upstream_of(settings))
    if settings.ray:
        return Status(ModelState.LOADING, "", cluster=cluster_of(settings))
    name = parse_model(settings.model, settings.revision).name
    return Status(ModelState.LOADING, name, progress=Progress(LoadStage.FINDING))


def upstream_of(settings: Settings) -> Upstream | None:
    """The servers that answer in the model's place, if any."""
    addresses = [parse_upstream(url) for url in settings.upstream]
    if not addresses:
        return None
    hosts = tuple(dict.fromkeys(address.host for address in addresses))
    return Upstream(hosts, all(address.is_here for address in addresses))


def cluster_of(settings: Settings) -> Cluster | None:
    """The cluster whose replicas answer, if any; nothing is known of it yet."""
    if not settings.ray:
        return None
    address = parse_cluster(settings.ray)
    return Cluster(address.address, address.is_here)


def _wanted(settings: Settings) -> str:
    """The id that was asked for, empty where any model will do."""
    return "" if settings.model == Settings.model else settings.model
