"""The cache that all programs of this computer share: huggingface_hub's own, with its layout."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub.file_download import are_symlinks_supported, repo_folder_name

# git's SHA-1 names commits and small files; large files go by their SHA-256.
SHA1, SHA256 = re.compile(r"[0-9a-f]{40}"), re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class HubFile:
    """What the hub says about one file. checksum: SHA-256, or git's SHA-1 of a small file."""

    repo: str
    name: str
    revision: str
    commit: str
    size: int
    checksum: str


@dataclass(frozen=True)
class CachePlace:
    """Where the cache keeps one file: its bytes by checksum, its name by commit."""

    cache: Path
    file: HubFile

    @property
    def _folder(self) -> Path:
        return self.cache / repo_folder_name(repo_id=self.file.repo, repo_type="model")

    @property
    def path(self) -> Path:
        """The name that programs open."""
        return self._folder / "snapshots" / self.file.commit / self.file.name

    @property
    def blob(self) -> Path:
        return self._folder / "blobs" / self.file.checksum

    @property
    def partial(self) -> Path:
        return self.blob.with_name(f"{self.file.checksum}.incomplete")

    @property
    def lock(self) -> Path:
        """The file by which huggingface_hub keeps two downloads of the same bytes apart."""
        return self.cache / ".locks" / self._folder.name / f"{self.file.checksum}.lock"

    @property
    def is_whole(self) -> bool:
        return self.file.size in (size_of(self.path), size_of(self.blob))

    @property
    def n_bytes_here(self) -> int:
        """What need not be fetched again."""
        return self.file.size if self.is_whole else min(size_of(self.partial) or 0, self.file.size)

    @property
    def known_missing(self) -> Path:
        """The mark by which huggingface_hub remembers that a commit has no such file."""
        return self._folder / ".no_exist" / self.file.commit / self.file.name

    def publish(self) -> None:
        """Give the bytes their name in the commit and, beside it, the revision its commit."""
        if size_of(self.path) != self.file.size:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.unlink(missing_ok=True)
            if are_symlinks_supported(self.cache):
                self.path.symlink_to(os.path.relpath(self.blob, self.path.parent))
            else:
                self.blob.replace(self.path)
        if self.file.revision != self.file.commit:
            ref = self._folder / "refs" / self.file.revision
            ref.parent.mkdir(parents=True, exist_ok=True)
            draft = ref.with_name(f"{ref.name}.{os.getpid()}.tmp")
            draft.write_text(self.file.commit)
            draft.replace(ref)


def size_of(path: Path) -> int | None:
    """Bytes of a file, None where there is none."""
    return path.stat().st_size if path.exists() else None


def free_bytes(folder: Path) -> int:
    """Room on the disk of a folder, which need not exist yet."""
    return shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists())).free
