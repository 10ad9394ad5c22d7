"""What the hub says about files, and with which token it says it."""

from contextlib import suppress
from dataclasses import dataclass

from huggingface_hub import get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError, RemoteEntryNotFoundError
from huggingface_hub.file_download import HfFileMetadata

from checkpoints.cache import SHA1, SHA256, HubFile
from checkpoints.names import MOONDREAM2, STARMIE, HubCheckpoint, without_password
from checkpoints.reasons import NO_ANSWER, why_no_file
from checkpoints.recipe import RECIPE_FILE
from checkpoints.surroundings import Access
from moondream2.config import CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE
from moondream2.files import IN_PARTS
from protocol.errors import StartRefused

# How the hub says that a token is not accepted.
TOKEN_REFUSED = (401, 403)


class FileMissing(StartRefused):
    """The repository is there, and the file is not."""


@dataclass(frozen=True)
class Asking:
    """Asks one hub, as one person; blocks. Every answer comes within `timeout_s`."""

    endpoint: str
    access: Access
    timeout_s: float

    def about_checkpoint(self, checkpoint: HubCheckpoint) -> list[HubFile]:
        """Ask for config, recipe, tokenizer and weights, in the order they are to be fetched."""
        config = self.about_file(checkpoint, CONFIG_FILE)
        # A tag that moves between two requests must not mix two commits.
        commit = config.commit
        weights = self._about_weights(checkpoint, commit)
        files = [config]
        with suppress(FileMissing):
            files.append(self.about_file(checkpoint, RECIPE_FILE, commit))
        tokenizer = None
        if checkpoint.repo != MOONDREAM2:
            with suppress(FileMissing):
                tokenizer = self.about_file(checkpoint, TOKENIZER_FILE, commit)
        tokenizer = tokenizer or self.about_file(STARMIE, TOKENIZER_FILE)
        return [*files, tokenizer, weights]

    def _about_weights(self, checkpoint: HubCheckpoint, commit: str) -> HubFile:
        try:
            return self.about_file(checkpoint, WEIGHTS_FILE, commit)
        except FileMissing:
            with suppress(FileMissing):
                self.about_file(checkpoint, IN_PARTS, commit)
                raise StartRefused(
                    f"{checkpoint.repo} holds its weights in several files ({IN_PARTS}). Only one"
                    f" {WEIGHTS_FILE} is read: choose another repository or --revision."
                ) from None
            raise

    def about_file(self, checkpoint: HubCheckpoint, name: str, at_commit: str = "") -> HubFile:
        """Ask for one file. Raises FileMissing, else StartRefused."""
        repo, revision = checkpoint.repo, checkpoint.revision
        url = hf_hub_url(repo, name, revision=at_commit or revision, endpoint=self.endpoint)
        try:
            said = self._head(url)
        except NO_ANSWER as error:
            kind = FileMissing if isinstance(error, RemoteEntryNotFoundError) else StartRefused
            raise kind(self.why_no_file(error, checkpoint, name)) from error
        commit, checksum = said.commit_hash or "", said.etag or ""
        has_checksum = SHA1.fullmatch(checksum) or SHA256.fullmatch(checksum)
        if said.size is None or not (SHA1.fullmatch(commit) and has_checksum):
            raise StartRefused(
                f"What answers at {without_password(self.endpoint)} is not the Hugging Face hub: it"
                f" names no size, commit or checksum of {name}. Check HF_ENDPOINT and the proxy."
            )
        return HubFile(repo, name, revision, commit, said.size, checksum)

    def _head(self, url: str) -> HfFileMetadata:
        """Ask with the person's token, and without it where the hub does not accept that."""
        token = self.access.token
        try:
            return get_hf_file_metadata(
                url, token=token or False, timeout=self.timeout_s, endpoint=self.endpoint
            )
        except HfHubHTTPError as error:
            if token is None or error.response.status_code not in TOKEN_REFUSED:
                raise
            try:
                said = get_hf_file_metadata(
                    url, token=False, timeout=self.timeout_s, endpoint=self.endpoint
                )
            except NO_ANSWER:
                raise error from None
            status = error.response.status_code
            self.access.drop(
                f"The hub refuses the token in {self.access.source} (status {status})."
            )
            return said

    def why_no_file(self, error: Exception, checkpoint: HubCheckpoint, name: str) -> str:
        return why_no_file(error, checkpoint, name, self.endpoint, self.access)
