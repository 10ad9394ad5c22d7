"""Which checkpoint `--model` means, and how it comes to this computer."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from moondream2.config import TOKENIZER_FILE
from protocol.errors import ModelFailed, StartRefused
from protocol.status import OnProgress

if TYPE_CHECKING:
    from checkpoints.hub import HubCheckpoint

# huggingface_hub takes half a second to import, and the demo model needs none of it: so it is
# imported where it is used.

DEMO_FOLDER = Path(__file__).parents[1] / "demo" / "checkpoint"

# `auto` must choose in five seconds; whoever asked for one model can wait a little longer.
AUTO_TIMEOUT_S, ASKED_TIMEOUT_S = 5.0, 30.0


@dataclass(frozen=True)
class Checkpoint:
    """A folder on this computer. tokenizer: its file there, or a path of its own.

    notice: why the demo model answers, when another was wanted; the reason follows a colon.
    """

    name: str
    folder: Path
    tokenizer: Path | str = TOKENIZER_FILE
    revision: str | None = None
    is_demo: bool = False
    notice: str | None = None


DEMO = Checkpoint("demo", DEMO_FOLDER, is_demo=True)


@dataclass(frozen=True)
class Wanted:
    """What `--model` asks for, checked but not looked for yet."""

    name: str
    local: Checkpoint | None = None
    remote: "HubCheckpoint | None" = None
    falls_back: bool = False

    def find(self, on_progress: OnProgress) -> Checkpoint:
        """Find the checkpoint, fetch it if need be; blocks for as long as that takes.

        on_progress may raise to stop it. Raises ModelFailed with reason and remedy; `auto` answers
        with the demo model instead.
        """
        if self.local is not None:
            return self.local
        try:
            return self._fetch(on_progress)
        except ModelFailed as error:
            if not self.falls_back:
                raise type(error)(f"{error.message} Or start with --model demo.") from error
            notice = f"moondream2 is not on this computer yet: {error.message}"
            return Checkpoint("demo", DEMO_FOLDER, is_demo=True, notice=notice)

    def _fetch(self, on_progress: OnProgress) -> Checkpoint:
        from checkpoints.hub import Hub

        assert self.remote is not None, "what is not local is remote"
        hub = Hub()
        files = hub.find_cached(self.remote)
        if files is None:
            timeout_s = AUTO_TIMEOUT_S if self.falls_back else ASKED_TIMEOUT_S
            files = hub.download(hub.ask(self.remote, timeout_s), on_progress)
        return Checkpoint(self.name, files.folder, files.tokenizer, self.remote.revision)


def parse_model(model: str, revision: str) -> Wanted:
    """Read what `--model` and `--revision` say.

    Raises StartRefused for what is neither known, nor a folder, nor a name the hub could have.
    """
    if model == "demo":
        return Wanted("demo", local=DEMO)
    folder = Path(model).expanduser()
    if model not in ("auto", "moondream2") and folder.is_dir():
        return Wanted(folder.resolve().name, local=Checkpoint(folder.resolve().name, folder))
    if model.startswith((".", "/", "~")):
        raise StartRefused(
            f'There is no checkpoint folder "{model}". Name a folder that holds config.json,'
            " model.safetensors and tokenizer.json, or start with --model demo."
        )
    from checkpoints.hub import MOONDREAM2, HubCheckpoint

    if model in ("auto", "moondream2"):
        remote = HubCheckpoint(MOONDREAM2, revision)
        return Wanted("moondream2", remote=remote, falls_back=model == "auto")
    return Wanted(model.rpartition("/")[2], remote=HubCheckpoint(model, revision))
