"""Files on their way into the cache: counted, named, and checked for room."""

from pathlib import Path

import pytest

from checkpoints.download import CachePlace, Download, HubFile, Meter, free_bytes, size_of
from protocol.errors import StartRefused
from protocol.status import LoadStage, Progress

COMMIT, CHECKSUM = "c" * 40, "a" * 64


def file_of(size: int, name: str = "model.safetensors") -> HubFile:
    return HubFile("owner/name", name, "v1", COMMIT, size, CHECKSUM + name)


def test_meter_counts_all_files_and_what_earlier_starts_left_of_them():
    told: list[Progress] = []
    meter = Meter(told.append)
    first, second = file_of(100, "first"), file_of(50, "second")
    meter.expect(first, n_bytes_here=40)
    meter.expect(second, n_bytes_here=0)
    meter.add(first, 60)
    assert (told[-1].stage, told[-1].done, told[-1].total) == (LoadStage.DOWNLOADING, 100, 150)
    assert told[-1].bytes_per_s > 0
    assert told[-1].seconds_left == pytest.approx(50 / told[-1].bytes_per_s)
    # What was damaged is fetched from its beginning.
    meter.expect(first, 0)
    assert meter.n_bytes_left == 150


def test_whole_file_is_named_by_its_commit_and_the_revision_names_the_commit(tmp_path: Path):
    place = CachePlace(tmp_path, file_of(5))
    place.blob.parent.mkdir(parents=True)
    place.blob.write_bytes(b"12345")
    assert place.is_whole
    place.publish()
    assert place.path.read_bytes() == b"12345"
    assert place.path.parts[-2:] == (COMMIT, "model.safetensors")
    assert (tmp_path / "models--owner--name" / "refs" / "v1").read_text() == COMMIT


def test_half_a_file_counts_with_what_is_there(tmp_path: Path):
    place = CachePlace(tmp_path, file_of(5))
    place.partial.parent.mkdir(parents=True)
    place.partial.write_bytes(b"123")
    assert (place.is_whole, place.n_bytes_here) == (False, 3)


def test_download_that_the_disk_has_no_room_for_is_refused_before_it_begins(tmp_path: Path):
    download = Download(tmp_path, "http://localhost", Meter(lambda progress: None), 1.0, ())
    with pytest.raises(StartRefused, match="Make room, or set HF_HOME"):
        download.expect(file_of(2**60))


def test_room_of_a_folder_that_does_not_exist_yet_is_that_of_its_disk(tmp_path: Path):
    assert free_bytes(tmp_path / "not" / "yet") > 0
    assert size_of(tmp_path / "nothing") is None
