"""Which kind of model the settings ask for."""

from protocol.model import Model
from settings import Settings


def make_model(settings: Settings) -> Model:
    """The model in this process, which begins to load. Raises StartRefused."""
    # Each brings imports of its own, for which the others should not wait.
    if settings.upstream:
        from backends.upstream.model import UpstreamModel

        return UpstreamModel(settings)
    if settings.ray:
        from backends.replicas.model import ReplicasModel

        return ReplicasModel(settings)
    from backends.resident import ResidentModel

    return ResidentModel(settings)
