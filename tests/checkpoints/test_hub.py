"""The hub as a person meets it: at home, far away, in pieces, closed, lying, or not there."""

import hashlib
import os
import socket
import subprocess
import sys
from collections import deque
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest
from huggingface_hub import constants, hf_hub_download
from huggingface_hub.utils import WeakFileLock

from checkpoints import hub as hub_module
from checkpoints.cache import CachePlace
from checkpoints.hub import Hub, HubCheckpoint
from protocol.errors import ModelFailed, StartRefused
from protocol.status import Progress
from tests.checkpoints.fake_hub import (
    COMMIT,
    CONFIG,
    MOONDREAM2,
    PUBLISHED,
    STARMIE,
    TOKENIZER,
    FakeHub,
    Repository,
    make_weights,
)

ROOT = Path(__file__).parents[2]
FITTING_TOKENIZER = (Path(__file__).parents[1] / "parity" / "tokenizer.json").read_bytes()
PUBLISHED_CHECKPOINT = HubCheckpoint()
WEIGHTS = make_weights()
PART = 300_000
WAIT_S = 10
OWN = "ann/moon"


class Stopped(Exception):
    """The listener has heard enough."""


def fetch(hub: Hub, told: list[Progress], checkpoint: HubCheckpoint = PUBLISHED_CHECKPOINT):
    return hub.download(hub.ask(checkpoint), told.append)


def stop_in_the_middle(hub: Hub) -> None:
    def stop(progress: Progress) -> None:
        if progress.done > PART:
            raise Stopped

    with pytest.raises(Stopped):
        hub.download(hub.ask(PUBLISHED_CHECKPOINT), stop)


def weights_place(hub: Hub) -> CachePlace:
    return CachePlace(hub.cache, hub.ask(PUBLISHED_CHECKPOINT)[-1])


# The way it should go.


def test_a_checkpoint_comes_from_two_repositories(hub: Hub, told: list[Progress]):
    files = fetch(hub, told)
    assert (files.folder / "config.json").read_bytes() == CONFIG
    assert (files.folder / "model.safetensors").read_bytes() == WEIGHTS
    assert files.tokenizer.read_bytes() == TOKENIZER
    assert files.commit == COMMIT


def test_only_the_files_needed_are_fetched(hub: Hub, fake: FakeHub, told: list[Progress]):
    fetch(hub, told)
    assert fake.names_fetched == ["config.json", "tokenizer.json", "model.safetensors"]
    assert not [seen for seen in fake.requests if MOONDREAM2 in seen.path and "token" in seen.path]


def test_a_tag_that_moves_meanwhile_does_not_mix_two_commits(
    hub: Hub, fake: FakeHub, told: list[Progress]
):
    files = hub.ask(PUBLISHED_CHECKPOINT)
    fake.repositories[MOONDREAM2].revisions = ()
    assert hub.download(files, told.append).commit == COMMIT


def test_progress_counts_all_files_and_ends_complete(hub: Hub, told: list[Progress]):
    fetch(hub, told)
    total = len(CONFIG) + len(TOKENIZER) + len(WEIGHTS)
    assert {each.total for each in told} == {total}
    assert [each.done for each in told] == sorted(each.done for each in told)
    assert (told[0].done, told[-1].done, told[-1].seconds_left) == (0, total, 0)
    assert any(each.bytes_per_s and each.seconds_left for each in told)


def test_a_second_start_makes_no_request(hub: Hub, fake: FakeHub, told: list[Progress]):
    files = fetch(hub, told)
    fake.requests.clear()
    assert hub.find_cached(PUBLISHED_CHECKPOINT) == files
    assert not fake.requests


def test_an_empty_cache_holds_no_checkpoint(hub: Hub, fake: FakeHub):
    assert hub.find_cached(PUBLISHED_CHECKPOINT) is None
    assert not fake.requests


def test_other_programs_find_what_was_fetched(hub: Hub, told: list[Progress]):
    files = fetch(hub, told)
    found = hf_hub_download(
        MOONDREAM2,
        "model.safetensors",
        revision=PUBLISHED,
        cache_dir=hub.cache,
        local_files_only=True,
    )
    assert Path(found) == files.folder / "model.safetensors"


def test_what_other_programs_fetched_is_found(hub: Hub, fake: FakeHub):
    for repo, name, revision in (
        (MOONDREAM2, "config.json", PUBLISHED),
        (MOONDREAM2, "model.safetensors", PUBLISHED),
        (STARMIE, "tokenizer.json", "main"),
    ):
        hf_hub_download(repo, name, revision=revision, cache_dir=hub.cache, endpoint=hub.endpoint)
    fake.requests.clear()
    files = hub.find_cached(PUBLISHED_CHECKPOINT)
    assert files is not None
    assert files.commit == COMMIT
    assert not fake.requests


def test_the_users_environment_is_honoured(fake: FakeHub, tmp_path: Path):
    """HF_HOME, HF_ENDPOINT and HF_TOKEN while fetching; HF_HUB_OFFLINE from then on."""
    fetching = "hub.download(hub.ask(HubCheckpoint()), lambda progress: None)"
    program = "from checkpoints.hub import *; hub = Hub(); print({}.tokenizer)"
    environment = os.environ | {
        "HF_HOME": str(tmp_path / "home"),
        "HF_ENDPOINT": fake.url,
        "HF_TOKEN": "hf_secret",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    command = [sys.executable, "-c", program.format(fetching)]
    first = subprocess.check_output(command, cwd=ROOT, env=environment, text=True)
    assert first.startswith(str(tmp_path / "home"))
    assert {seen.token for seen in fake.requests if seen.host == "hub"} == {"Bearer hf_secret"}
    fake.requests.clear()
    command = [sys.executable, "-c", program.format("hub.find_cached(HubCheckpoint())")]
    offline = environment | {"HF_HUB_OFFLINE": "1"}
    assert subprocess.check_output(command, cwd=ROOT, env=offline, text=True) == first
    assert not fake.requests


def test_the_token_does_not_leave_the_hub(
    hub: Hub, fake: FakeHub, told: list[Progress], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch(hub, told)
    assert {seen.token for seen in fake.requests if seen.host == "cdn"} == {None}


# Connections that break.


def test_a_cut_connection_is_resumed_without_fetching_a_byte_twice(
    hub: Hub, fake: FakeHub, told: list[Progress]
):
    fake.cuts = deque([PART, PART, PART])
    files = fetch(hub, told)
    assert fake.ranges == [None, *(f"bytes={n * PART}-" for n in (1, 2, 3))]
    assert fake.n_bytes_sent == len(WEIGHTS)
    assert (files.folder / "model.safetensors").read_bytes() == WEIGHTS


def test_a_stalled_connection_is_resumed(fake: FakeHub, tmp_path: Path, told: list[Progress]):
    fake.stalls_after = PART
    fetch(Hub(fake.url, tmp_path, stall_timeout_s=0.3, retry_delays_s=(0,) * 10), told)
    assert fake.ranges[0] is None
    assert fake.ranges[-1] is not None


def test_a_connection_that_keeps_breaking_is_given_up_and_kept_for_later(
    hub: Hub, fake: FakeHub, told: list[Progress]
):
    fake.cuts = deque([PART, 0, 0])
    with pytest.raises(ModelFailed, match=r"broke off 3 times in a row\. 127\..* go on from there"):
        fetch(hub, told)
    assert weights_place(hub).partial.stat().st_size == PART


def test_a_stopped_download_is_resumed_at_the_next_start(
    hub: Hub, fake: FakeHub, told: list[Progress]
):
    stop_in_the_middle(hub)
    n_bytes = weights_place(hub).partial.stat().st_size
    assert PART <= n_bytes < len(WEIGHTS)
    fetch(hub, told)
    assert fake.ranges[-1] == f"bytes={n_bytes}-"
    assert told[0].done == n_bytes + len(CONFIG) + len(TOKENIZER)


def test_a_host_without_ranges_sends_the_file_from_the_start(
    hub: Hub, fake: FakeHub, told: list[Progress]
):
    fake.knows_ranges, fake.cuts = False, deque([PART])
    files = fetch(hub, told)
    assert (files.folder / "model.safetensors").read_bytes() == WEIGHTS
    assert max(each.done for each in told) == told[-1].total


def test_another_programs_download_is_waited_for_and_told(
    hub: Hub, told: list[Progress], caplog: pytest.LogCaptureFixture
):
    lock = CachePlace(hub.cache, hub.ask(PUBLISHED_CHECKPOINT)[0]).lock
    lock.parent.mkdir(parents=True)
    is_held, may_release = Event(), Event()

    def hold() -> None:
        with WeakFileLock(lock):
            is_held.set()
            may_release.wait(WAIT_S)

    def release(progress: Progress) -> None:
        # It tells once when it begins; every further time that nothing has come, it waits.
        told.append(progress)
        if [each.done for each in told] == [0, 0, 0]:
            may_release.set()

    holder = Thread(target=hold)
    holder.start()
    assert is_held.wait(WAIT_S)
    hub.download(hub.ask(PUBLISHED_CHECKPOINT), release)
    assert may_release.is_set()
    holder.join()
    waiting = f"Another program fetches config.json of {MOONDREAM2}: waiting."
    assert [line for line in caplog.messages if "Another program" in line] == [waiting]


def test_two_programs_fill_one_cache_and_fetch_every_byte_once(fake: FakeHub, tmp_path: Path):
    story = """
from checkpoints.hub import *
hub = Hub()
print(hub.download(hub.ask(HubCheckpoint()), lambda progress: None).folder)
"""
    environment = os.environ | {
        "HF_HOME": str(tmp_path),
        "HF_ENDPOINT": fake.url,
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    command = [sys.executable, "-c", story]
    programs = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    folders = {program.communicate(timeout=60)[0] for program in programs}
    assert len(folders) == 1
    assert (Path(folders.pop().strip()) / "model.safetensors").read_bytes() == WEIGHTS
    assert fake.n_bytes_sent == len(WEIGHTS)


# Older weights.


def with_recipe(fake: FakeHub, repo: str, text: bytes) -> None:
    fake.repositories[repo].files["moondream.py"] = text


OLDER, NEWER = b'from_pretrained("vikhyatk/moondream2")', b'from_pretrained("moondream/starmie-v1")'


def test_older_release_is_refused_before_its_weights_are_fetched(
    hub: Hub, fake: FakeHub, told: list[Progress]
):
    with_recipe(fake, MOONDREAM2, OLDER)
    fake.repositories[MOONDREAM2].revisions = ("2025-01-09",)
    with pytest.raises(StartRefused, match=r"at 2025-01-09 is of .* --revision 2025-06-21\.$"):
        fetch(hub, told, HubCheckpoint(MOONDREAM2, "2025-01-09"))
    assert fake.names_fetched == ["config.json", "moondream.py"]


def test_newer_release_is_fetched_with_its_recipe(hub: Hub, fake: FakeHub, told: list[Progress]):
    with_recipe(fake, MOONDREAM2, NEWER)
    files = fetch(hub, told)
    assert (files.folder / "moondream.py").read_bytes() == NEWER
    assert hub.find_cached(PUBLISHED_CHECKPOINT) == files


def cached_by_another_program(hub: Hub, fake: FakeHub, recipe: bytes | None) -> HubCheckpoint:
    """A fork in the cache, fetched without its recipe by a program that needs none."""
    fake.repositories[OWN] = own(FITTING_TOKENIZER)
    if recipe is not None:
        with_recipe(fake, OWN, recipe)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        hf_hub_download(OWN, name, revision="v2", cache_dir=hub.cache, endpoint=hub.endpoint)
    return HubCheckpoint(OWN, "v2")


def test_older_weights_that_another_program_fetched_are_refused(hub: Hub, fake: FakeHub):
    checkpoint = cached_by_another_program(hub, fake, OLDER)
    files = hub.find_cached(checkpoint)
    assert files is not None
    with pytest.raises(StartRefused, match="older kind"):
        hub.check_recipe(checkpoint, files)
    fake.requests.clear()
    with pytest.raises(StartRefused, match="older kind"):
        hub.find_cached(checkpoint)
    assert not fake.requests


@pytest.mark.parametrize("recipe", [NEWER, None])
def test_hub_is_asked_once_whether_cached_weights_are_older(
    hub: Hub, fake: FakeHub, recipe: bytes | None
):
    checkpoint = cached_by_another_program(hub, fake, recipe)
    files = hub.find_cached(checkpoint)
    assert files is not None
    hub.check_recipe(checkpoint, files)
    fake.requests.clear()
    hub.check_recipe(checkpoint, files)
    assert not fake.requests


def test_cached_weights_stay_found_when_the_tag_has_moved_on(hub: Hub, fake: FakeHub):
    checkpoint = cached_by_another_program(hub, fake, NEWER)
    files = hub.find_cached(checkpoint)
    assert files is not None
    fake.repositories[OWN].revisions = ()
    hub.check_recipe(checkpoint, files)
    assert hub.find_cached(checkpoint) == files
    assert (files.folder / "moondream.py").read_bytes() == NEWER


def test_cached_weights_are_taken_as_they_are_without_a_network(
    hub: Hub, fake: FakeHub, monkeypatch: pytest.MonkeyPatch
):
    checkpoint = cached_by_another_program(hub, fake, OLDER)
    files = hub.find_cached(checkpoint)
    assert files is not None
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.check_recipe(checkpoint, files)


def test_another_network_is_refused_before_its_weights_are_fetched(
    hub: Hub, fake: FakeHub, told: list[Progress]
):
    fake.repositories[OWN] = own(None)
    fake.repositories[OWN].files["config.json"] = b'{"model_type": "moondream3"}'
    with pytest.raises(StartRefused, match=r"describes Moondream 3, .* not moondream2"):
        fetch(hub, told, HubCheckpoint(OWN, "v2"))
    assert fake.names_fetched == ["config.json"]


# Files that are not what they should be.


def test_a_file_shorter_than_announced_is_refused(hub: Hub, fake: FakeHub, told: list[Progress]):
    fake.delivered = WEIGHTS[:-1]
    fake.cuts = deque([len(WEIGHTS) - 1])
    with pytest.raises(ModelFailed, match="shorter than the hub says"):
        fetch(hub, told)


@pytest.mark.parametrize("delivered", [WEIGHTS[:-1] + b"?", WEIGHTS + b"more"])
def test_wrong_bytes_are_refused_and_do_not_stay(
    hub: Hub, fake: FakeHub, told: list[Progress], delivered: bytes
):
    fake.delivered = delivered
    with pytest.raises(ModelFailed, match="arrived damaged"):
        fetch(hub, told)
    assert hub.find_cached(PUBLISHED_CHECKPOINT) is None
    fake.delivered = None
    files = fetch(hub, told)
    assert (files.folder / "model.safetensors").read_bytes() == WEIGHTS


def test_a_host_that_sends_too_much_is_not_listened_to(
    hub: Hub, fake: FakeHub, told: list[Progress]
):
    fake.delivered = bytes(2 * len(WEIGHTS))
    with pytest.raises(ModelFailed, match="arrived damaged"):
        fetch(hub, told)
    assert max(each.done for each in told) < told[0].total + PART


def test_a_wrong_leftover_is_fetched_again_from_the_start(
    hub: Hub, fake: FakeHub, told: list[Progress]
):
    place = weights_place(hub)
    place.partial.parent.mkdir(parents=True)
    place.partial.write_bytes(b"?" * PART)
    files = fetch(hub, told)
    assert fake.ranges == [f"bytes={PART}-", None]
    assert (files.folder / "model.safetensors").read_bytes() == WEIGHTS


def test_weights_cut_short_in_the_cache_are_fetched_again(
    hub: Hub, fake: FakeHub, told: list[Progress]
):
    weights = fetch(hub, told).folder / "model.safetensors"
    os.truncate(weights, PART)
    assert hub.find_cached(PUBLISHED_CHECKPOINT) is None
    fake.requests.clear()
    fetch(hub, told)
    assert fake.names_fetched == ["model.safetensors"]
    assert weights.read_bytes() == WEIGHTS


def test_other_bytes_than_reported_only_warn(
    hub: Hub, told: list[Progress], caplog: pytest.LogCaptureFixture
):
    fetch(hub, told)
    assert [record.args[:2] for record in caplog.records] == [
        ("tokenizer.json", STARMIE),
        ("model.safetensors", MOONDREAM2),
    ]


def test_the_reported_bytes_do_not_warn(
    hub: Hub,
    told: list[Progress],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    reported = {
        (PUBLISHED_CHECKPOINT, "model.safetensors"): (COMMIT, hashlib.sha256(WEIGHTS).hexdigest())
    }
    monkeypatch.setattr(hub_module, "REPORTED", reported)
    fetch(hub, told)
    assert not caplog.records


# Refusals.


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ((401, "RepoNotFound"), r"shows you no repository .* \(status 401\).* HF_TOKEN"),
        ((401, ""), r"\(status 401\).* HF_TOKEN"),
        ((403, "GatedRepo"), r"\(status 403\).* gated.* HF_TOKEN"),
        ((404, "RepoNotFound"), r"\(status 404\).* Check the name"),
        ((404, "RevisionNotFound"), f"no revision {PUBLISHED}.*--revision"),
        ((404, "EntryNotFound"), f"no config.json at {PUBLISHED}"),
        ((503, ""), "status 503.*later"),
    ],
)
def test_a_refusal_is_said_with_its_remedy(
    hub: Hub, fake: FakeHub, refusal: tuple[int, str], words: str
):
    fake.repositories[MOONDREAM2].refusal = refusal
    with pytest.raises(StartRefused, match=words):
        hub.ask(PUBLISHED_CHECKPOINT)


def test_a_revision_that_does_not_exist_is_said(hub: Hub):
    with pytest.raises(StartRefused, match=r"has no revision 2031-01-01\. Check --revision"):
        hub.ask(HubCheckpoint(MOONDREAM2, "2031-01-01"))


def test_a_repository_without_safetensors_is_said(hub: Hub, fake: FakeHub):
    del fake.repositories[MOONDREAM2].files["model.safetensors"]
    with pytest.raises(StartRefused, match=r"has no model\.safetensors"):
        hub.ask(PUBLISHED_CHECKPOINT)


def test_a_permission_that_ends_meanwhile_is_said(hub: Hub, fake: FakeHub, told: list[Progress]):
    files = hub.ask(PUBLISHED_CHECKPOINT)
    fake.repositories[MOONDREAM2].refusal = (403, "GatedRepo")
    with pytest.raises(ModelFailed, match=r"\(status 403\)"):
        hub.download(files, told.append)


def test_a_page_that_is_no_hub_is_recognised(hub: Hub, fake: FakeHub):
    fake.is_portal = True
    with pytest.raises(StartRefused, match="is not the Hugging Face hub"):
        hub.ask(PUBLISHED_CHECKPOINT)


def test_a_hub_that_never_answers_is_given_up_in_time(hub: Hub, fake: FakeHub):
    fake.is_silent = True
    began_at = monotonic()
    with pytest.raises(StartRefused, match="does not answer"):
        hub.ask(PUBLISHED_CHECKPOINT, timeout_s=0.2)
    assert monotonic() - began_at < WAIT_S / 2


def test_a_computer_without_network_is_told_so(fake: FakeHub, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(
        StartRefused, match=r"refuses the connection\. Check this computer's network"
    ):
        Hub(f"http://127.0.0.1:{port}", tmp_path).ask(PUBLISHED_CHECKPOINT)


@pytest.mark.parametrize("endpoint", ["nonsense", "http://[bad", "ftp://files"])
def test_a_nonsense_endpoint_is_told_so(fake: FakeHub, tmp_path: Path, endpoint: str):
    with pytest.raises(StartRefused, match="HF_ENDPOINT"):
        Hub(endpoint, tmp_path).ask(PUBLISHED_CHECKPOINT)


def test_offline_mode_decides_at_once(hub: Hub, fake: FakeHub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(StartRefused, match="HF_HUB_OFFLINE"):
        hub.ask(PUBLISHED_CHECKPOINT)
    assert not fake.requests


# Disks.


def test_a_disk_without_room_is_told_before_the_first_byte(
    hub: Hub, fake: FakeHub, told: list[Progress]
):
    fake.repositories[MOONDREAM2].announced_size = 10**18
    with pytest.raises(StartRefused, match=r"needs 1000000000.0 GB, .* Make room"):
        fetch(hub, told)
    assert not fake.names_fetched


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is the full disk")
def test_a_disk_that_fills_up_is_told(hub: Hub, told: list[Progress]):
    place = weights_place(hub)
    place.partial.parent.mkdir(parents=True)
    place.partial.symlink_to("/dev/full")
    with pytest.raises(ModelFailed, match="disk of the download is full"):
        fetch(hub, told)


def test_a_cache_that_cannot_be_written_is_told(
    fake: FakeHub, tmp_path: Path, told: list[Progress]
):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ModelFailed, match="HF_HOME"):
        fetch(Hub(fake.url, tmp_path / "file"), told)


# Other repositories.


def own(tokenizer: bytes | None) -> Repository:
    files = {"config.json": CONFIG, "model.safetensors": WEIGHTS}
    return Repository(COMMIT, ("v2",), files | ({"tokenizer.json": tokenizer} if tokenizer else {}))


@pytest.mark.parametrize(
    ("beside", "expected"),
    [(FITTING_TOKENIZER, FITTING_TOKENIZER), (b"{}", TOKENIZER), (None, TOKENIZER)],
)
def test_another_repository_brings_its_tokenizer_only_if_it_fits(
    hub: Hub,
    fake: FakeHub,
    told: list[Progress],
    beside: bytes | None,
    expected: bytes,
):
    fake.repositories[OWN] = own(beside)
    files = fetch(hub, told, HubCheckpoint(OWN, "v2"))
    assert files.tokenizer.read_bytes() == expected
    assert hub.find_cached(HubCheckpoint(OWN, "v2")) == files
    assert told[-1].done == told[-1].total
