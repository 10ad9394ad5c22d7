"""Files of the Hugging Face hub into the user's cache: resumed, checked, stopped at any time.

The cache is huggingface_hub's own, with its layout and its locks, so every program on this
computer shares the files. The bytes are fetched here, because the library's download throws away
what a broken connection left, and cannot be stopped in between.
"""

import errno
import hashlib
import logging
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import httpx2
from filelock import Timeout
from huggingface_hub import get_session, hf_hub_url, hf_raise_for_status
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import WeakFileLock, build_hf_headers

from checkpoints.cache import SHA1, CachePlace, HubFile, free_bytes, size_of
from checkpoints.reasons import why_unreachable
from checkpoints.surroundings import why_cache
from protocol.errors import ModelFailed, StartRefused
from protocol.status import LoadStage, OnProgress, Progress

POLL_S = 0.1
SPEED_WINDOW_S = 5.0
SPARE_BYTES = 64 * 2**20
HASH_CHUNK_BYTES = 4 * 2**20

log = logging.getLogger(__name__)

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PASSING_STATUSES = (408, 429, 500, 502, 503, 504)


class Meter:
    """Counts the bytes of a download, those of earlier starts included, and tells how many."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._n_bytes_here: dict[HubFile, int] = {}
        # (when, bytes that had come by then) over the last seconds.
        self._arrivals = deque([(monotonic(), 0)])

    @property
    def n_bytes_left(self) -> int:
        return sum(file.size - n_bytes for file, n_bytes in self._n_bytes_here.items())

    def expect(self, file: HubFile, n_bytes_here: int) -> None:
        """Take a file into the count, with what earlier connections left of it."""
        self._n_bytes_here[file] = n_bytes_here

    def add(self, file: HubFile, n_bytes: int) -> None:
        """Count bytes that have just come."""
        self._n_bytes_here[file] += n_bytes
        self._arrivals.append((monotonic(), self._arrivals[-1][1] + n_bytes))
        while self._arrivals[-1][0] - self._arrivals[0][0] > SPEED_WINDOW_S:
            self._arrivals.popleft()
        self.tell()

    def tell(self) -> None:
        """Say how far it is; what the listener raises ends the download."""
        began_at, n_before = self._arrivals[0]
        seconds = max(monotonic() - began_at, POLL_S)
        speed = (self._arrivals[-1][1] - n_before) / seconds or None
        left, total = self.n_bytes_left, sum(file.size for file in self._n_bytes_here)
        seconds_left = left / speed if speed else None
        stage = LoadStage.DOWNLOADING
        self._on_progress(Progress(stage, total - left, total, speed, seconds_left))


@dataclass(frozen=True)
class Download:
    """Fetches files one after the other, on the thread that calls. Raises ModelFailed.

    What the hub refuses comes as the HfHubHTTPError that huggingface_hub makes of it.
    """

    cache: Path
    endpoint: str
    meter: Meter
    stall_timeout_s: float
    retry_delays_s: tuple[float, ...]
    token: str | None = None

    def expect(self, file: HubFile) -> None:
        """Take a file into the count, and see that the disk has room for what is missing."""
        self.meter.expect(file, CachePlace(self.cache, file).n_bytes_here)
        needed, free = self.meter.n_bytes_left, free_bytes(self.cache)
        if needed and needed + SPARE_BYTES > free:
            raise StartRefused(
                f"The download needs {needed / 1e9:.1f} GB, and the disk has"
                f" {free / 1e9:.1f} GB left. Make room, or set HF_HOME to a folder on"
                " another disk."
            )

    def fetch(self, file: HubFile) -> Path:
        """Bring one file into the cache, whole and checked; returns where it lies."""
        place = CachePlace(self.cache, file)
        try:
            place.lock.parent.mkdir(parents=True, exist_ok=True)
            place.blob.parent.mkdir(parents=True, exist_ok=True)
            with ExitStack() as held:
                self._wait_for(place, held)
                # Whoever held the lock may have fetched the file.
                self.meter.expect(file, place.n_bytes_here)
                if not place.is_whole:
                    self._fill(place)
                place.publish()
        except HfHubHTTPError:
            raise
        except OSError as error:
            if error.errno not in DISK_FULL:
                raise ModelFailed(why_cache(self.cache, error)) from error
            raise ModelFailed(
                "The disk of the download is full. Make room, or set HF_HOME to a folder on another"
                " disk, and start again: what has arrived is kept."
            ) from error
        return place.path

    def _wait_for(self, place: CachePlace, held: ExitStack) -> None:
        """Take the lock of a file; another program that fetches it is waited for, and told of."""
        if _take(place.lock, held):
            return
        log.warning("Another program fetches %s of %s: waiting.", place.file.name, place.file.repo)
        while not _take(place.lock, held):
            self.meter.tell()

    def _fill(self, place: CachePlace) -> None:
        """Fetch the bytes of one file and check them; what is wrong does not stay."""
        file, was_resumed = place.file, bool(size_of(place.partial))
        self._pull(place)
        if _checksum(place.partial, file.checksum, self.meter.tell) == file.checksum:
            place.partial.replace(place.blob)
            return
        place.partial.unlink()
        self.meter.expect(file, 0)
        # The beginning may have been another program's leftover: it deserves one fetch from zero.
        if was_resumed:
            self._fill(place)
            return
        raise ModelFailed(
            f"{file.name} arrived damaged: its checksum is not the one that the hub reports. It was"
            " removed; start again to fetch it anew."
        )

    def _pull(self, place: CachePlace) -> None:
        """Append to the partial file until it is long enough, reconnecting where it breaks off."""
        place.partial.touch()
        n_failures = 0
        while (n_bytes := place.partial.stat().st_size) < place.file.size:
            reason = "It ended too early."
            try:
                self._append(place, n_bytes)
            except HfHubHTTPError as error:
                if error.response.status_code not in PASSING_STATUSES:
                    raise
                reason = f"The hub answers with status {error.response.status_code}."
            except httpx2.RequestError as error:
                reason = why_unreachable(error, str(error.request.url))
            n_bytes_now = place.partial.stat().st_size
            if n_bytes_now >= place.file.size:
                return
            n_failures = 1 if n_bytes_now > n_bytes else n_failures + 1
            if n_failures > len(self.retry_delays_s):
                raise ModelFailed(
                    f"The download broke off {n_failures} times in a row. {reason} What has arrived"
                    " is kept: start again to go on from there."
                )
            self._wait(self.retry_delays_s[n_failures - 1])

    def _append(self, place: CachePlace, n_bytes: int) -> None:
        """Write what one connection brings behind the first `n_bytes` of the partial file."""
        file = place.file
        # The commit, not the revision: a tag that moves meanwhile must not mix two files.
        url = hf_hub_url(file.repo, file.name, revision=file.commit, endpoint=self.endpoint)
        headers = {**build_hf_headers(token=self.token or False), "Accept-Encoding": "identity"}
        if n_bytes:
            headers["Range"] = f"bytes={n_bytes}-"
        request = get_session().stream("GET", url, headers=headers, timeout=self.stall_timeout_s)
        with request as response:
            hf_raise_for_status(response)
            resumes = response.status_code == httpx2.codes.PARTIAL_CONTENT
            self.meter.expect(file, n_bytes if resumes else 0)
            with place.partial.open("ab" if resumes else "wb") as out:
                for chunk in response.iter_bytes():
                    out.write(chunk)
                    self.meter.add(file, len(chunk))
                    # A server that never ends must not fill the disk; the checksum tells the rest.
                    if out.tell() > file.size:
                        return

    def _wait(self, seconds: float) -> None:
        until = monotonic() + seconds
        while (left_s := until - monotonic()) > 0:
            self.meter.tell()
            sleep(min(POLL_S, left_s))


def _take(lock: Path, held: ExitStack) -> bool:
    """Try for a moment to take a lock that another program may hold for an hour."""
    try:
        held.enter_context(WeakFileLock(lock, timeout=POLL_S))
    except Timeout:
        return False
    return True


def _checksum(path: Path, like: str, tell: Callable[[], None]) -> str:
    """Compute the kind of checksum that `like` is, of a file of any size."""
    digest = hashlib.sha256()
    if SHA1.fullmatch(like):
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
            tell()
    return digest.hexdigest()
