"""Checkpoint folders for the tests; `parity` holds the reference's own tiny one."""

import shutil
from pathlib import Path

PARITY = Path(__file__).parent / "parity"


def copy_reference(folder: Path) -> Path:
    """Write the weights, config and tokenizer of the recorded reference run as a checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(PARITY / name, folder / name)
    shutil.copy(PARITY / "weights.safetensors", folder / "model.safetensors")
    return folder
