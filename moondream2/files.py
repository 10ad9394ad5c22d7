"""A checkpoint's files, judged before anything of torch is needed."""

import json
import os
import stat
from pathlib import Path

from moondream2.config import CONFIG_FILE, WEIGHTS_FILE
from moondream2.disk import why_unreadable
from moondream2.kinds import kind_of_tensors

# What the safetensors library reads at most.
MAX_HEADER_BYTES = 100_000_000

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
IN_PARTS = f"{WEIGHTS_FILE}.index.json"
# How files begin that lie about under the name of weights.
BEGINNINGS = {
    b"version https://git-lfs": "is a Git LFS pointer, not the file itself. Run git lfs pull there",
    b"GGUF": "is a GGUF file, which is made for llama.cpp",
    b"PK\x03\x04": "is a pickle in disguise, which can run any program when it is read",
}


class CheckpointRejected(ValueError):
    """The folder holds no usable checkpoint; the message says which file and why."""


def check_files(folder: Path, *paths: Path) -> None:
    """Raise CheckpointRejected unless the files are there and may be read; `paths[0]`: weights."""
    for path in (*paths, folder / CONFIG_FILE):
        try:
            # A pipe would be waited for.
            if not stat.S_ISREG(path.stat().st_mode):
                raise CheckpointRejected(f"{path} is not a file.")
            with path.open("rb"):
                pass
        except FileNotFoundError as error:
            told = _instead_of_weights(folder, path) if path == paths[0] else ""
            told = told or f"{folder} is not a checkpoint: {path.name} is missing."
            raise CheckpointRejected(told) from error
        except OSError as error:
            raise CheckpointRejected(why_unreadable(path, error)) from error


def _instead_of_weights(folder: Path, path: Path) -> str:
    """Say what lies in the folder in place of the weights, "" where nothing does."""
    if (folder / IN_PARTS).exists():
        return (
            f"{folder} holds its weights in several files ({IN_PARTS}). Only one {path.name} is"
            " read: save them as one."
        )
    pickles = sorted(each.name for pattern in PICKLES for each in folder.glob(pattern))
    if pickles:
        return (
            f"{folder / pickles[0]} is a pickle, which can run any program when it is read."
            f" Only {path.name} is accepted."
        )
    others = sorted(each.name for each in (*folder.glob("*.gguf"), *folder.glob("*.safetensors")))
    found = f" There is {others[0]}, which is not read." if others else ""
    return f"{folder} is not a checkpoint: {path.name} is missing.{found}" if found else ""


def read_header(path: Path) -> dict[str, tuple[int, int]]:
    """Read which tensor lies where in a safetensors file, from byte to byte, in their order.

    Raises CheckpointRejected for a file that is cut short, too long, or not of this format.
    """
    try:
        with path.open("rb") as file:
            n_bytes = os.fstat(file.fileno()).st_size
            begin = file.read(8)
            length = int.from_bytes(begin, "little")
            text = file.read(min(length, MAX_HEADER_BYTES))
    except OSError as error:
        raise CheckpointRejected(why_unreadable(path, error)) from error
    for beginning, meaning in BEGINNINGS.items():
        if (begin + text[: len(beginning)]).startswith(beginning):
            raise CheckpointRejected(f"{path} {meaning}.")
    if length > MAX_HEADER_BYTES:
        raise CheckpointRejected(
            f"{path} is damaged or no safetensors file: its header would be {length:,} bytes long."
        )
    if len(begin) < 8 or len(text) < length:
        raise CheckpointRejected(f"{path} is cut short: it ends inside its header.")
    try:
        header = json.loads(text)
        header.pop("__metadata__", None)
        places = {name: _place(tensor, 8 + length) for name, tensor in header.items()}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise CheckpointRejected(
            f"{path} is damaged or no safetensors file: its header cannot be read."
        ) from error
    places = dict(sorted(places.items(), key=lambda place: place[1]))
    _check_places(path, places, 8 + length, n_bytes)
    return places


def _place(tensor: dict, offset: int) -> tuple[int, int]:
    begin, end = tensor["data_offsets"]
    if type(begin) is not int or type(end) is not int or not 0 <= begin <= end:
        raise ValueError(tensor)
    return offset + begin, offset + end


def _check_places(path: Path, places: dict[str, tuple[int, int]], end: int, n_bytes: int) -> None:
    """Raise CheckpointRejected unless the tensors fill the file, one behind the other."""
    for name, (begin, to) in places.items():
        if begin != end:
            fault = "overlaps another tensor" if begin < end else "begins behind a gap"
            raise CheckpointRejected(f"{path} is damaged: {name[:100]} {fault}.")
        end = to
    if end != n_bytes:
        fault = "is cut short" if n_bytes < end else "is damaged"
        raise CheckpointRejected(f"{path} {fault}: it has {n_bytes:,} bytes, not {end:,}.")


def check_kind(path: Path, names: set[str]) -> None:
    """Raise CheckpointRejected for weights of another network or number format."""
    if (kind := kind_of_tensors(names)) is not None:
        raise CheckpointRejected(
            f"{path} holds {kind}. Only moondream2 in bfloat16, float16 or float32 can be used."
        )
