"""Checkpoint folders for the tests; `parity` holds the reference's own tiny one."""

import json
import shutil
from pathlib import Path

from moondream2.config import Config

PARITY = Path(__file__).parent / "parity"


def copy_reference(folder: Path) -> Path:
    """Write the weights, config and tokenizer of the recorded reference run as a checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(PARITY / name, folder / name)
    shutil.copy(PARITY / "weights.safetensors", folder / "model.safetensors")
    return folder


def write_poor_tokenizer(path: Path) -> Path:
    """Write the recorded run's tokenizer without the bytes that "Q", "é" and "🙂" begin with.

    It has no token for what it does not know, and drops it.
    """
    tokenizer = json.loads((PARITY / "tokenizer.json").read_text())
    for byte in "QÃð":
        del tokenizer["model"]["vocab"][byte]
    path.write_text(json.dumps(tokenizer))
    return path


def write_zeros(folder: Path, config: dict) -> Path:
    """Write a checkpoint of any size whose weights are one hole in the disk: it takes no room."""
    # Imported here: who only starts programs need not wait for it.
    import torch

    from moondream2.network import Network

    copy_reference(folder)
    (folder / "config.json").write_text(json.dumps(config))
    with torch.device("meta"):
        network = Network(Config.from_dict(config))
    header, end = {}, 0
    for name, parameter in network.named_parameters():
        start, end = end, end + 2 * parameter.numel()
        shape = list(parameter.shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}
    encoded = json.dumps(header).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        file.truncate(8 + len(encoded) + end)
    return folder
