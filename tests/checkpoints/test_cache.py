"""Files in the cache of all programs: where they lie, and what counts as there."""

from pathlib import Path

from checkpoints.cache import CachePlace, HubFile, free_bytes, size_of

COMMIT, CHECKSUM = "c" * 40, "a" * 64


def file_of(size: int, name: str = "model.safetensors") -> HubFile:
    return HubFile("owner/name", name, "v1", COMMIT, size, CHECKSUM + name)


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


def test_room_of_a_folder_that_does_not_exist_yet_is_that_of_its_disk(tmp_path: Path):
    assert free_bytes(tmp_path / "not" / "yet") > 0
    assert size_of(tmp_path / "nothing") is None
