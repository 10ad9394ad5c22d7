"""Checkpoints of the Hugging Face hub: found in the user's cache, or fetched into it.

    hub, checkpoint = Hub(), HubCheckpoint("vikhyatk/moondream2", "2025-06-21")
    files = hub.find_cached(checkpoint) or hub.download(hub.ask(checkpoint), print)

Cache, endpoint, token and offline mode are the user's, as huggingface_hub reads them from HF_HOME,
HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE. The tokenizer has a repository of its own: the one beside
the published weights is an older one, which does not fit them.
"""

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from huggingface_hub import constants, try_to_load_from_cache
from huggingface_hub.errors import HfHubHTTPError

from checkpoints.asking import Asking, FileMissing
from checkpoints.cache import SHA256, CachePlace, HubFile
from checkpoints.download import Download, Meter
from checkpoints.names import MOONDREAM2, PUBLISHED, STARMIE, HubCheckpoint, check_endpoint
from checkpoints.reasons import why_unreachable
from checkpoints.recipe import RECIPE_FILE, check_recipe
from checkpoints.surroundings import Access, check_cache, open_session, read_access
from moondream2.config import (
    CONFIG_FILE,
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    Config,
    ConfigRejected,
)
from moondream2.disk import why_unreadable
from moondream2.files import CheckpointRejected, read_header
from moondream2.tokenizer import Tokenizer, TokenizerRejected
from protocol.errors import ModelFailed, StartRefused
from protocol.status import OnProgress

ANSWER_TIMEOUT_S = 5.0
RETRY_DELAYS_S = (1.0, 2.0, 4.0, 8.0, 16.0)

log = logging.getLogger(__name__)

# Commit and SHA-256 as others report them: a difference warns, and never blocks.
REPORTED = {
    (HubCheckpoint(MOONDREAM2, PUBLISHED), WEIGHTS_FILE): (
        "9a7d4024050840e001defacec2b00727e89149e6",
        "70a7d94c0c8349eb58ed2d9e636ef2d0916960f321ecabeac6354b8ba3d7403f",
    ),
    (STARMIE, TOKENIZER_FILE): (
        "35192e10a54e36eabe0a7cc57a2c1aab371cafc5",
        "0512fdcac4a5f9e7746cbefce4a468dc93bf0f93f11e701b84f8b31bff199e9c",
    ),
}


@dataclass(frozen=True)
class CheckpointFiles:
    """A whole checkpoint: `folder` holds config.json and model.safetensors of one commit."""

    folder: Path
    tokenizer: Path
    commit: str


@dataclass
class Hub:
    """One hub and one cache, the user's unless told otherwise; blocks the thread that calls."""

    endpoint: str = constants.ENDPOINT
    cache: Path = Path(constants.HF_HUB_CACHE)
    stall_timeout_s: float = constants.HF_HUB_DOWNLOAD_TIMEOUT
    retry_delays_s: tuple[float, ...] = RETRY_DELAYS_S
    access: Access = field(default_factory=Access, init=False)

    def find_cached(self, checkpoint: HubCheckpoint) -> CheckpointFiles | None:
        """Find a whole checkpoint in the cache, without any request.

        Raises StartRefused for one that cannot be used, or whose files may not be read.
        """
        try:
            return self._find_cached(checkpoint)
        except OSError as error:
            path = Path(error.filename or self.cache)
            raise StartRefused(why_unreadable(path, error)) from error

    def _find_cached(self, checkpoint: HubCheckpoint) -> CheckpointFiles | None:
        config = self._cached(checkpoint, CONFIG_FILE)
        weights = self._cached(checkpoint, WEIGHTS_FILE)
        if config is None or weights is None or not _is_whole(weights):
            return None
        if (recipe := self._cached(checkpoint, RECIPE_FILE)) is not None:
            check_recipe(recipe, f"{checkpoint.repo} at {checkpoint.revision}", checkpoint.repo)
        tokenizer = None
        if checkpoint.repo != MOONDREAM2:
            tokenizer = self._cached(checkpoint, TOKENIZER_FILE)
        if tokenizer is None or not _fits(tokenizer, config):
            tokenizer = self._cached(STARMIE, TOKENIZER_FILE)
        if tokenizer is None:
            return None
        return CheckpointFiles(weights.parent, tokenizer, commit=weights.parent.name)

    def ask(self, checkpoint: HubCheckpoint, timeout_s: float = ANSWER_TIMEOUT_S) -> list[HubFile]:
        """Ask the hub for the files of a checkpoint: config, recipe, tokenizer, weights.

        Raises StartRefused with the reason, after `timeout_s` at the latest.
        """
        return self._within(timeout_s, lambda asking: asking.about_checkpoint(checkpoint))

    def ask_file(self, checkpoint: HubCheckpoint, name: str) -> list[HubFile]:
        """Ask the hub for one file of a checkpoint; as `ask`."""
        return self._within(ANSWER_TIMEOUT_S, lambda asking: [asking.about_file(checkpoint, name)])

    def _within(self, timeout_s: float, ask: Callable[[Asking], list[HubFile]]) -> list[HubFile]:
        check_endpoint(self.endpoint)
        if not constants.HF_HUB_OFFLINE:
            check_cache(self.cache)
            open_session()
        answers: SimpleQueue[list[HubFile] | StartRefused] = SimpleQueue()

        def answer() -> None:
            self.access = read_access()
            try:
                answers.put(ask(self._asking(timeout_s)))
            except StartRefused as refusal:
                answers.put(refusal)

        # Looking up a host's address takes as long as it takes: no timeout of a request ends it.
        Thread(target=answer, name="hub", daemon=True).start()
        try:
            said = answers.get(timeout=timeout_s)
        except Empty:
            raise StartRefused(why_unreachable(TimeoutError(), self.endpoint)) from None
        if isinstance(said, StartRefused):
            raise said
        return said

    def _asking(self, timeout_s: float = ANSWER_TIMEOUT_S) -> Asking:
        return Asking(self.endpoint, self.access, timeout_s)

    def check_recipe(self, checkpoint: HubCheckpoint, files: CheckpointFiles) -> None:
        """See that cached files are of the right kind, where only the hub knows.

        Where it does not answer they are taken as they are. Raises StartRefused for older weights.
        """
        is_known = try_to_load_from_cache(
            checkpoint.repo, RECIPE_FILE, cache_dir=self.cache, revision=checkpoint.revision
        )
        if is_known or checkpoint == HubCheckpoint():
            return
        # Of the cached commit: where the tag has moved on, the cache must not follow with one file.
        cached = HubCheckpoint(checkpoint.repo, files.commit)
        try:
            self.fetch(self.ask_file(cached, RECIPE_FILE), lambda progress: None)
        except FileMissing:
            self._remember_missing(checkpoint, files.commit)
        except ModelFailed as error:
            log.info("Whether %s is of an older kind is not known: %s", checkpoint.repo, error)
        self.find_cached(checkpoint)

    def _remember_missing(self, checkpoint: HubCheckpoint, commit: str) -> None:
        nothing = HubFile(checkpoint.repo, RECIPE_FILE, checkpoint.revision, commit, 0, "")
        mark = CachePlace(self.cache, nothing).known_missing
        with suppress(OSError):
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()

    def download(self, files: list[HubFile], on_progress: OnProgress) -> CheckpointFiles:
        """Bring the files that `ask` named into the cache, each whole and checked.

        on_progress: called on this thread for every piece that arrives; what it raises ends the
        download, and the next one goes on from there. Raises ModelFailed.
        """
        paths = self.fetch(files, on_progress)
        folder = paths[WEIGHTS_FILE].parent
        if RECIPE_FILE not in paths:
            self._remember_missing(HubCheckpoint(files[0].repo, files[0].revision), folder.name)
        return CheckpointFiles(folder, paths[TOKENIZER_FILE], commit=folder.name)

    def fetch_tokenizer(self, on_progress: OnProgress) -> Path:
        """The published tokenizer, from the cache or into it. As `download`."""
        cached = self._cached(STARMIE, TOKENIZER_FILE)
        if cached is not None:
            return cached
        return self.fetch(self.ask_file(STARMIE, TOKENIZER_FILE), on_progress)[TOKENIZER_FILE]

    def fetch(self, files: list[HubFile], on_progress: OnProgress) -> dict[str, Path]:
        """Bring files into the cache; returns where they lie. As `download`."""
        meter = Meter(on_progress)
        download = Download(
            self.cache,
            self.endpoint,
            meter,
            self.stall_timeout_s,
            self.retry_delays_s,
            self.access.token,
        )
        for file in files:
            download.expect(file)
        meter.tell()
        paths: dict[str, Path] = {}
        for file in files:
            paths[file.name] = self._fetch(download, file, paths.get(CONFIG_FILE))
        return paths

    def _cached(self, checkpoint: HubCheckpoint, name: str) -> Path | None:
        path = try_to_load_from_cache(
            checkpoint.repo, name, cache_dir=self.cache, revision=checkpoint.revision
        )
        # It may also be a mark that says: known not to exist.
        return Path(path) if isinstance(path, str) else None

    def _fetch(self, download: Download, file: HubFile, config: Path | None) -> Path:
        """Fetch one file and look into it; a tokenizer of other weights is replaced."""
        checkpoint = HubCheckpoint(file.repo, file.revision)
        try:
            path = download.fetch(file)
        except HfHubHTTPError as error:
            reason = self._asking().why_no_file(error, checkpoint, file.name)
            raise ModelFailed(reason) from error
        if file.name == CONFIG_FILE:
            _read_config(path)
        elif file.name == RECIPE_FILE:
            check_recipe(path, f"{file.repo} at {file.revision}", file.repo)
        elif checkpoint != STARMIE and file.name == TOKENIZER_FILE:
            assert config is not None, "it is fetched first"
            if not _fits(path, config):
                starmie = self._asking().about_file(STARMIE, TOKENIZER_FILE)
                download.expect(starmie)
                return self._fetch(download, starmie, config)
        _compare(file, path)
        return path


def _read_config(path: Path) -> Config:
    try:
        return Config.from_file(path)
    except ConfigRejected as error:
        raise StartRefused(str(error)) from error


def _fits(tokenizer: Path, config: Path) -> bool:
    """Whether a tokenizer is one of the weights that a config describes."""
    try:
        Tokenizer.from_file(tokenizer).check(_read_config(config), tokenizer)
    except TokenizerRejected:
        return False
    return True


def _is_whole(weights: Path) -> bool:
    """Whether a safetensors file is as long as its own header says."""
    try:
        read_header(weights)
    except CheckpointRejected as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
        return False
    return True


def _compare(file: HubFile, path: Path) -> None:
    """Warn when a file is not the one that others report."""
    reported = REPORTED.get((HubCheckpoint(file.repo, file.revision), file.name))
    if reported is None:
        return
    sha256 = file.checksum
    if not SHA256.fullmatch(sha256):
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if (file.commit, sha256) != reported:
        log.warning(
            "%s of %s is not the file that Moonsight was written for: commit %s, SHA-256 %s. Its"
            " answers may differ.",
            *(file.name, file.repo, file.commit, sha256),
        )
