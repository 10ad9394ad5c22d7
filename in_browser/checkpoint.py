"""A checkpoint as it lies on this computer: read tensor by tensor, never as a whole."""

from pathlib import Path

import torch
from torch import Tensor

from in_browser.stored import TYPES, Header
from moondream2.config import WEIGHTS_FILE
from moondream2.crops import CPU
from moondream2.files import read_header
from moondream2.network import Network
from moondream2.weights import (
    TURNED,
    check_weight,
    read_all_but_weights,
    read_types,
    read_weight,
    stored_names,
)


class Stored:
    """A folder with config.json, weights and a tokenizer, which may lie elsewhere."""

    def __init__(self, folder: Path, tokenizer_file: Path | str) -> None:
        """Raises one of `moondream2.weights.UNUSABLE`."""
        self.config, _ = read_all_but_weights(folder, WEIGHTS_FILE, tokenizer_file)
        self.weights_path, self.tokenizer_path = folder / WEIGHTS_FILE, folder / tokenizer_file
        self._places = read_header(self.weights_path)
        with torch.device("meta"):
            self._expected = dict(Network(self.config).named_parameters())
        self._names = stored_names(self.weights_path, self._places.keys(), self._expected.keys())

    def read(self, name: str) -> Tensor:
        """One weight (…) by the network's own name, as it is stored, on the CPU.

        Raises CheckpointRejected for one that no network could use.
        """
        weight = read_weight(self.weights_path, self._names[name], self._places, CPU)
        check_weight(name, weight, self._expected[name], self.weights_path)
        return weight

    def header(self) -> Header | None:
        """Where each weight lies in its file; None where graphs cannot name it as it is there."""
        types, header = read_types(self.weights_path), {}
        for name, stored in self._names.items():
            kind, shape = types[stored]
            if kind not in TYPES or TURNED.search(stored):
                return None
            begin, end = self._places[stored]
            header[name] = kind, shape, begin, end - begin
        return header
