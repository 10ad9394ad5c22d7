"""Files on their way into the cache: counted, named, and checked for room."""

from pathlib import Path

import pytest

from checkpoints.cache import HubFile
from checkpoints.download import Download, Meter
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


def test_download_that_the_disk_has_no_room_for_is_refused_before_it_begins(tmp_path: Path):
    download = Download(tmp_path, "http://localhost", Meter(lambda progress: None), 1.0, ())
    with pytest.raises(StartRefused, match="Make room, or set HF_HOME"):
        download.expect(file_of(2**60))
