"""A checkpoint's files are judged by what is in them, and each fault has a sentence of its own."""

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moondream2.config import Config
from moondream2.files import CheckpointRejected, check_files, check_kind, read_header
from tests.checkpoint_folders import copy_reference

# Reading it fails as a worn-out disk does: its first page is mapped nowhere.
BROKEN_FILE = Path("/proc/self/mem")
needs_a_broken_file = pytest.mark.skipif(not BROKEN_FILE.exists(), reason="Linux has such a file")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_reference(tmp_path / "checkpoint")


def check(folder: Path) -> None:
    check_files(folder, folder / "model.safetensors", folder / "tokenizer.json")


def write(path: Path, header: object, n_bytes: int = 0) -> Path:
    """A safetensors file with that header and so many bytes of numbers."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(n_bytes))
    return path


def tensor(begin: int, end: int) -> dict:
    return {"dtype": "U8", "shape": [end - begin], "data_offsets": [begin, end]}


def test_whole_checkpoint_passes_and_its_tensors_have_places(folder: Path):
    check(folder)
    places = list(read_header(folder / "model.safetensors").values())
    assert [begin for begin, _ in places[1:]] == [end for _, end in places[:-1]]
    assert places[-1][1] == (folder / "model.safetensors").stat().st_size


@pytest.mark.parametrize(
    ("header", "n_bytes", "fault"),
    [
        ({"a": tensor(0, 4), "b": tensor(2, 6)}, 6, "damaged: b overlaps"),
        ({"a": tensor(0, 4), "b": tensor(0, 4)}, 4, "overlaps"),
        ({"a": tensor(0, 4), "b": tensor(6, 8)}, 8, "damaged: b begins behind a gap"),
        ({"a": tensor(0, 4)}, 3, "cut short: it has 71 bytes, not 72"),
        ({"a": tensor(0, 4)}, 5, "damaged: it has 73 bytes, not 72"),
        ({"a": {"data_offsets": [4, 0]}}, 4, "header cannot be read"),
        ({"a": {"data_offsets": [0.0, 4]}}, 4, "header cannot be read"),
        ({"a": {"dtype": "F32"}}, 4, "header cannot be read"),
        ({"a": []}, 4, "header cannot be read"),
        ([], 0, "header cannot be read"),
        (b"{", 0, "header cannot be read"),
        (b"\xff\xfe", 0, "header cannot be read"),
        (b"[" * 100_000, 0, "header cannot be read"),
    ],
)
def test_damaged_header_is_told(header: object, n_bytes: int, fault: str, tmp_path: Path):
    with pytest.raises(CheckpointRejected, match=fault):
        read_header(write(tmp_path / "model.safetensors", header, n_bytes))


@pytest.mark.parametrize("n_bytes", [0, 5, 8, 20, 60])
def test_file_that_ends_inside_its_header_is_told(n_bytes: int, tmp_path: Path):
    path = write(tmp_path / "model.safetensors", {"a": tensor(0, 4)}, 4)
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(CheckpointRejected, match="cut short: it ends inside its header"):
        read_header(path)


def test_header_of_more_than_100_megabytes_is_told_without_reading_it(tmp_path: Path):
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.write((100_000_001).to_bytes(8, "little"))
        file.truncate(200_000_000)
    with pytest.raises(CheckpointRejected, match="its header would be 100,000,001 bytes long"):
        read_header(path)


@pytest.mark.parametrize(
    ("beginning", "said"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4f3\nsize 3854538968\n",
            "Git LFS",
        ),
        (b"GGUF\x03\0\0\0\x52\x01\0\0\0\0\0\0", "GGUF"),
        (b"PK\x03\x04\0\0\x08\x08\0\0archive/data.pkl", "pickle"),
        (b"<!doctype html><title>Welcome to our hotel</title>", "no safetensors file"),
    ],
)
def test_other_files_under_the_name_of_weights_are_called_what_they_are(
    beginning: bytes, said: str, tmp_path: Path
):
    (tmp_path / "model.safetensors").write_bytes(beginning)
    with pytest.raises(CheckpointRejected, match=said):
        read_header(tmp_path / "model.safetensors")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_header_or_are_refused(tmp_path_factory, data: bytes):
    path = tmp_path_factory.getbasetemp() / "model.safetensors"
    for content in (data, len(data).to_bytes(8, "little") + data):
        path.write_bytes(content)
        with suppress(CheckpointRejected):
            read_header(path)


def leave(*names: str) -> Callable[[Path], None]:
    """Replace the weights by other files."""

    def change(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        for name in names:
            (folder / name).write_bytes(b"x")

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (leave(), r"checkpoint is not a checkpoint: model\.safetensors is missing\.$"),
        (leave("pytorch_model.bin"), r"pytorch_model\.bin is a pickle"),
        (
            leave("model.safetensors.index.json", "model-00001-of-00002.safetensors"),
            r"in several files .* save them as one",
        ),
        (leave("moondream2-text-model-f16.gguf"), r"There is moondream2-text.*gguf, which is not"),
        (leave("adapter_model.safetensors"), r"There is adapter_model\.safetensors"),
    ],
)
def test_what_lies_there_instead_of_the_weights_is_named(
    change: Callable[[Path], None], said: str, folder: Path
):
    change(folder)
    with pytest.raises(CheckpointRejected, match=said):
        check(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_link_that_leads_in_a_circle_is_told(name: str, folder: Path):
    (folder / name).unlink()
    (folder / name).symlink_to(name)
    with pytest.raises(CheckpointRejected, match=rf"{name} cannot be read: .*symbolic links"):
        check(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_told_and_not_waited_for(
    make: Callable[[Path], None], name: str, folder: Path
):
    (folder / name).unlink()
    make(folder / name)
    with pytest.raises(CheckpointRejected, match=rf"{name} is not a file\.$"):
        check(folder)


@needs_a_broken_file
def test_disk_that_fails_while_it_is_read_is_told(folder: Path):
    for name, read in (("model.safetensors", read_header), ("config.json", Config.from_file)):
        (folder / name).unlink()
        (folder / name).symlink_to(BROKEN_FILE)
        with pytest.raises(ValueError, match=rf"{name} cannot be read: .*Check the disk"):
            read(folder / name)


def test_weights_of_another_kind_are_refused_with_what_can_be_used(tmp_path: Path):
    with pytest.raises(CheckpointRejected, match=r"holds 4-bit weights\. Only moondream2 in bf"):
        check_kind(tmp_path / "model.safetensors", {"model.text.wte.weight.packed"})


@pytest.mark.parametrize("name", ["two words", "Über größe", "月の夢", "🌙", "a'b\"c"])
def test_folder_of_any_name_is_read(name: str, folder: Path):
    there = Path(shutil.copytree(folder, folder.with_name(name)))
    check(there)
    assert read_header(there / "model.safetensors")
