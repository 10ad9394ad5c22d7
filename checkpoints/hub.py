"""Checkpoints of the Hugging Face hub: found in the user's cache, or fetched into it.

    hub, checkpoint = Hub(), HubCheckpoint("vikhyatk/moondream2", "2025-06-21")
    files = hub.find_cached(checkpoint) or hub.download(hub.ask(checkpoint), print)

Cache, endpoint, token and offline mode are the user's, as huggingface_hub reads them from HF_HOME,
HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE. The tokenizer has a repository of its own: the one beside
the published weights is an older one, which does not fit them.
"""

import hashlib
import json
import logging
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

import httpx2
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RevisionNotFoundError,
)

from checkpoints.download import SHA1, SHA256, Download, HubFile, Meter
from moondream2.config import CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE
from protocol.errors import ModelFailed, StartRefused
from protocol.status import OnProgress

MOONDREAM2, PUBLISHED = "vikhyatk/moondream2", "2025-06-21"

ANSWER_TIMEOUT_S = 5.0
RETRY_DELAYS_S = (1.0, 2.0, 4.0, 8.0, 16.0)
MAX_REVISION_PARTS = 3
MAX_HEADER_BYTES = 25 * 10**6
# The hub says 401 of what does not exist, too, so that nobody can ask around.
HIDDEN, RANGE_NOT_SATISFIABLE = (401, 403, 404), 416

# Stricter than huggingface_hub, whose own refusals are written for programmers.
NAME = re.compile(r"(?!.*(?:\.\.|--|\.git$))[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?")

# All that a request to the hub raises when it gets no answer that counts.
NO_ANSWER = (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HubCheckpoint:
    """One revision of one repository. Raises StartRefused for names that no hub can have."""

    repo: str = MOONDREAM2
    revision: str = PUBLISHED

    def __post_init__(self) -> None:
        owner, _, name = self.repo.partition("/")
        if not (NAME.fullmatch(owner) and NAME.fullmatch(name)):
            raise StartRefused(
                f'"{self.repo[:100]}" is neither a folder nor a repository of the hub. Name a'
                f" checkpoint folder, or a repository such as {MOONDREAM2}."
            )
        parts = self.revision.split("/")
        if len(parts) > MAX_REVISION_PARTS or not all(map(NAME.fullmatch, parts)):
            raise StartRefused(
                f'"{self.revision[:100]}" is not a revision. Name a tag, a branch or a commit, such'
                f" as --revision {PUBLISHED}."
            )


STARMIE = HubCheckpoint("moondream/starmie-v1", "main")

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


class FileMissing(StartRefused):
    """The repository is there, and the file is not."""


@dataclass(frozen=True)
class CheckpointFiles:
    """A whole checkpoint: `folder` holds config.json and model.safetensors of one commit."""

    folder: Path
    tokenizer: Path
    commit: str


@dataclass(frozen=True)
class Hub:
    """One hub and one cache, the user's unless told otherwise; blocks the thread that calls."""

    endpoint: str = constants.ENDPOINT
    cache: Path = Path(constants.HF_HUB_CACHE)
    stall_timeout_s: float = constants.HF_HUB_DOWNLOAD_TIMEOUT
    retry_delays_s: tuple[float, ...] = RETRY_DELAYS_S

    def find_cached(self, checkpoint: HubCheckpoint) -> CheckpointFiles | None:
        """Find a whole checkpoint in the cache, without any request."""
        config = self._cached(checkpoint, CONFIG_FILE)
        weights = self._cached(checkpoint, WEIGHTS_FILE)
        tokenizer = None
        if checkpoint.repo != MOONDREAM2:
            tokenizer = self._cached(checkpoint, TOKENIZER_FILE)
        if tokenizer is None or not _fits(tokenizer):
            tokenizer = self._cached(STARMIE, TOKENIZER_FILE)
        if config is None or weights is None or tokenizer is None or not _is_whole(weights):
            return None
        return CheckpointFiles(weights.parent, tokenizer, commit=weights.parent.name)

    def ask(self, checkpoint: HubCheckpoint, timeout_s: float = ANSWER_TIMEOUT_S) -> list[HubFile]:
        """Ask the hub for the files of a checkpoint: config, tokenizer, weights.

        Raises StartRefused with the reason, after `timeout_s` at the latest.
        """
        answers: SimpleQueue[list[HubFile] | StartRefused] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._list_files(checkpoint, timeout_s))
            except StartRefused as refusal:
                answers.put(refusal)

        # Looking up a host's address takes as long as it takes: no timeout of a request ends it.
        Thread(target=ask, name="hub", daemon=True).start()
        try:
            answer = answers.get(timeout=timeout_s)
        except Empty:
            answer = StartRefused(_explain(TimeoutError(), checkpoint))
        if isinstance(answer, StartRefused):
            raise answer
        return answer

    def download(self, files: list[HubFile], on_progress: OnProgress) -> CheckpointFiles:
        """Bring the files that `ask` named into the cache, each whole and checked.

        on_progress: called on this thread for every piece that arrives; what it raises ends the
        download, and the next one goes on from there. Raises ModelFailed.
        """
        meter = Meter(on_progress)
        download = Download(
            self.cache, self.endpoint, meter, self.stall_timeout_s, self.retry_delays_s
        )
        for file in files:
            download.expect(file)
        meter.tell()
        paths = {file.name: self._fetch(download, file) for file in files}
        folder = paths[WEIGHTS_FILE].parent
        return CheckpointFiles(folder, paths[TOKENIZER_FILE], commit=folder.name)

    def _cached(self, checkpoint: HubCheckpoint, name: str) -> Path | None:
        path = try_to_load_from_cache(
            checkpoint.repo, name, cache_dir=self.cache, revision=checkpoint.revision
        )
        # It may also be a mark that says: known not to exist.
        return Path(path) if isinstance(path, str) else None

    def _list_files(self, checkpoint: HubCheckpoint, timeout_s: float) -> list[HubFile]:
        config = self._ask_file(checkpoint, CONFIG_FILE, timeout_s)
        # A tag that moves between two requests must not mix two commits.
        weights = self._ask_file(checkpoint, WEIGHTS_FILE, timeout_s, config.commit)
        tokenizer = None
        if checkpoint.repo != MOONDREAM2:
            with suppress(FileMissing):
                tokenizer = self._ask_file(checkpoint, TOKENIZER_FILE, timeout_s, config.commit)
        return [config, tokenizer or self._ask_file(STARMIE, TOKENIZER_FILE, timeout_s), weights]

    def _ask_file(
        self, checkpoint: HubCheckpoint, name: str, timeout_s: float, at_commit: str = ""
    ) -> HubFile:
        repo, revision = checkpoint.repo, checkpoint.revision
        url = hf_hub_url(repo, name, revision=at_commit or revision, endpoint=self.endpoint)
        try:
            said = get_hf_file_metadata(url, timeout=timeout_s, endpoint=self.endpoint)
        except NO_ANSWER as error:
            kind = FileMissing if isinstance(error, RemoteEntryNotFoundError) else StartRefused
            raise kind(_explain(error, checkpoint, name)) from error
        commit, checksum = said.commit_hash or "", said.etag or ""
        has_checksum = SHA1.fullmatch(checksum) or SHA256.fullmatch(checksum)
        if said.size is None or not (SHA1.fullmatch(commit) and has_checksum):
            raise StartRefused(
                f"What answers is not the Hugging Face hub: it names no size, commit or checksum of"
                f" {name}. Check HF_ENDPOINT and the proxy."
            )
        return HubFile(repo, name, revision, commit, said.size, checksum)

    def _fetch(self, download: Download, file: HubFile) -> Path:
        """Fetch one file; a tokenizer of other weights is replaced by the one that fits."""
        checkpoint = HubCheckpoint(file.repo, file.revision)
        try:
            path = download.fetch(file)
        except HfHubHTTPError as error:
            raise ModelFailed(_explain(error, checkpoint, file.name)) from error
        if file.name == TOKENIZER_FILE and checkpoint != STARMIE and not _fits(path):
            starmie = self._ask_file(STARMIE, TOKENIZER_FILE, ANSWER_TIMEOUT_S)
            download.expect(starmie)
            return self._fetch(download, starmie)
        _compare(file, path)
        return path


def _explain(error: Exception, checkpoint: HubCheckpoint, name: str = "") -> str:
    """Say why the hub gave no file, and what helps."""
    repo, revision = checkpoint.repo, checkpoint.revision
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    match error:
        case OfflineModeIsEnabled():
            return (
                f"{repo} is not on this computer, and HF_HUB_OFFLINE forbids to fetch it. Start"
                " without HF_HUB_OFFLINE once."
            )
        case RevisionNotFoundError():
            return f"{repo} has no revision {revision}. Check --revision."
        case RemoteEntryNotFoundError():
            return f"{repo} has no {name} at {revision}. Choose another repository or --revision."
        case HfHubHTTPError() if status in HIDDEN:
            return (
                f"The hub shows you no repository {repo} (status {status}): it does not exist, or"
                " is private or gated. Check the name, or set HF_TOKEN to a token that may read it."
            )
        case HfHubHTTPError() if status == RANGE_NOT_SATISFIABLE:
            return f"{name} of {repo} is shorter than the hub says. Try again later."
        case HfHubHTTPError():
            return f"The hub answers with status {status}. Try again later."
        case TimeoutError() | httpx2.TimeoutException():
            return "The hub does not answer. Check the network, the proxy and HF_ENDPOINT."
    return "The hub cannot be reached. Check the network, the proxy and HF_ENDPOINT."


def _fits(tokenizer: Path) -> bool:
    """Whether a tokenizer has moondream2's control tokens."""
    # It takes seconds to import, and the published checkpoint never needs it.
    from moondream2.tokenizer import Tokenizer, TokenizerRejected

    try:
        Tokenizer.from_file(tokenizer)
    except TokenizerRejected:
        return False
    return True


def _is_whole(weights: Path) -> bool:
    """Whether a safetensors file is as long as its own header says."""
    try:
        with weights.open("rb") as file:
            header_size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(header_size, MAX_HEADER_BYTES)))
        header.pop("__metadata__", None)
        end = max(tensor["data_offsets"][1] for tensor in header.values())
        return weights.stat().st_size == 8 + header_size + end
    except (ValueError, TypeError, LookupError, AttributeError):
        return False


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
