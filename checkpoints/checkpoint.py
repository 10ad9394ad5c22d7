"""Which checkpoint `--model` means, and how it comes to this computer."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from checkpoints.folder import check_folder, find_tokenizer, folder_named
from checkpoints.names import MOONDREAM2, HubCheckpoint, check_variables
from moondream2.config import TOKENIZER_FILE
from protocol.errors import ModelFailed
from protocol.status import OnProgress

if TYPE_CHECKING:
    from checkpoints.hub import Hub

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
    remote: HubCheckpoint | None = None
    falls_back: bool = False

    def check(self) -> None:
        """Raise StartRefused for a folder that a glance shows to be unusable; needs no torch."""
        if self.local is not None and not self.local.is_demo:
            check_folder(self.local.folder)

    def find(self, on_progress: OnProgress) -> Checkpoint:
        """Find the checkpoint, fetch what is missing; blocks for as long as that takes.

        on_progress may raise to stop it. Raises ModelFailed with reason and remedy; `auto` answers
        with the demo model instead.
        """
        self.check()
        if self.local is not None:
            if self.local.is_demo:
                return self.local
            tokenizer = find_tokenizer(self.local.folder, _open_hub, on_progress)
            return replace(self.local, tokenizer=tokenizer)
        try:
            return self._fetch(on_progress)
        except ModelFailed as error:
            if not self.falls_back:
                raise type(error)(f"{error.message} Or start with --model demo.") from error
            notice = f"moondream2 cannot answer yet: {error.message}"
            return Checkpoint("demo", DEMO_FOLDER, is_demo=True, notice=notice)

    def _fetch(self, on_progress: OnProgress) -> Checkpoint:
        assert self.remote is not None, "what is not local is remote"
        hub = _open_hub()
        files = hub.find_cached(self.remote)
        if files is None:
            timeout_s = AUTO_TIMEOUT_S if self.falls_back else ASKED_TIMEOUT_S
            files = hub.download(hub.ask(self.remote, timeout_s), on_progress)
        else:
            hub.check_recipe(self.remote, files)
        return Checkpoint(self.name, files.folder, files.tokenizer, self.remote.revision)


def parse_model(model: str, revision: str) -> Wanted:
    """Read what `--model` and `--revision` say.

    Raises StartRefused for what is neither known, nor a folder, nor a name the hub could have.
    """
    if model == "demo":
        return Wanted("demo", local=DEMO)
    if model in ("auto", "moondream2"):
        remote = HubCheckpoint(MOONDREAM2, revision)
        return Wanted("moondream2", remote=remote, falls_back=model == "auto")
    if (folder := folder_named(model)) is not None:
        name = folder.resolve().name or str(folder)
        return Wanted(name, local=Checkpoint(name, folder))
    return Wanted(model.rpartition("/")[2], remote=HubCheckpoint(model, revision))


def _open_hub() -> "Hub":
    # huggingface_hub takes half a second to import, and the demo model needs none of it; and some
    # variables end its import.
    check_variables()
    from checkpoints.hub import Hub

    return Hub()
