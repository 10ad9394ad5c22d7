"""What the system says of a file becomes a sentence with a remedy that is true."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from moondream2.disk import barrier, why_unreadable
from tests.checkpoint_folders import copy_reference
from tests.rights import CLOSED, without_rights

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EACCES, "a/file may not be read (Permission denied). Change its permissions, or"),
        (errno.ENOENT, "a/file is not there any more. Check the disk that it was on."),
        (errno.EIO, "a/file cannot be read: Input/output error. Check the disk that it is on."),
        (errno.ELOOP, "a/file cannot be read: Too many levels of symbolic links."),
        (errno.ENAMETOOLONG, "a/file cannot be read: File name too long."),
    ],
)
def test_error_of_the_system_is_said_with_what_helps(number: int, said: str):
    assert why_unreadable(Path("a/file"), OSError(number, os.strerror(number))).startswith(said)


def test_nothing_is_in_the_way_of_an_open_folder(tmp_path: Path):
    assert barrier(tmp_path / "file") == tmp_path / "file"


STORY = """
import sys
from pathlib import Path
from checkpoints.checkpoint import parse_model
from protocol.errors import StartRefused
for name in sys.argv[1:]:
    try:
        parse_model(name, "main").check()
    except StartRefused as refusal:
        print(refusal)
"""


def test_folder_and_file_without_permission_are_told_by_the_one_that_is_closed(tmp_path: Path):
    closed = copy_reference(tmp_path / "closed" / "inner" / "folder")
    unlisted = copy_reference(tmp_path / "unlisted")
    hidden = copy_reference(tmp_path / "hidden")
    (tmp_path / "closed").chmod(CLOSED)
    unlisted.chmod(CLOSED)
    (hidden / "model.safetensors").chmod(CLOSED)
    folders = [str(folder) for folder in (closed, unlisted, hidden)]
    command = without_rights([sys.executable, "-c", STORY, *folders])
    try:
        told = subprocess.check_output(command, cwd=ROOT, text=True).splitlines()
    finally:
        (tmp_path / "closed").chmod(0o700)
        unlisted.chmod(0o700)
    named = [tmp_path / "closed", unlisted, hidden / "model.safetensors"]
    assert [line.partition(" may not be read (Permission denied)")[0] for line in told] == [
        str(each) for each in named
    ]
