"""Whether the model can answer, and how far it is."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from protocol.upstream import Upstream, answering_model


class ModelState(StrEnum):
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class LoadStage(StrEnum):
    """The steps of a start, in order."""

    FINDING = "finding"
    DOWNLOADING = "downloading"
    READING = "reading"
    WARMING = "warming"


@dataclass(frozen=True)
class Progress:
    """How much of a stage is done, in bytes; None is what nobody can know."""

    stage: LoadStage
    done: int = 0
    total: int | None = None
    bytes_per_s: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True)
class Cluster:
    """The machines that answer in this one's place.

    address: where they are found. is_here: on this computer. n_replicas: how many models answer.
    """

    address: str
    is_here: bool
    is_reached: bool = False
    n_replicas: int = 0

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where pictures go."""
        return (self.address,)


# Is told how far a start is; may raise to stop it.
OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Status:
    """The model as people and programs see it.

    device: "cuda", "mps" or "cpu"; dtype: its number format; None until they are known.
    revision: of the hub's repository. memory_bytes: held on the device (on a CPU, by the process),
    None where nobody can tell. cache_bytes: of that, what keys and values of running answers and of
    frames that were looked at may take. max_running: how many questions are answered side by side.
    is_demo, notice: the demo model is answering, and why, as "what is so: the reason and remedy".
    gpu_fault: why a GPU that is there is not used though nobody chose the CPU, and the remedy.
    upstream: the servers that answer in the model's place, if any; cluster: the machines that do.
    error: a sentence with the remedy, when loading failed.
    """

    state: ModelState
    model: str
    device: str | None = None
    dtype: str | None = None
    revision: str | None = None
    memory_bytes: int | None = None
    cache_bytes: int | None = None
    max_running: int | None = None
    progress: Progress | None = None
    is_demo: bool = False
    notice: str | None = None
    gpu_fault: str | None = None
    upstream: Upstream | None = None
    cluster: Cluster | None = None
    error: str | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """All that can answer, the one that does unless another is chosen among them."""
        others = () if self.upstream is None else self.upstream.models
        return others if self.model in ("", *others) else (self.model, *others)

    def answering(self, wanted: str) -> str:
        """Which model answers a program that names one: that, if there is such here."""
        return answering_model(wanted, self.model, self.models)
