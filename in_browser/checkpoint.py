"""A checkpoint as it lies on this computer: read tensor by tensor, never as a whole."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from in_browser.stored import TYPES
from moondream2.config import CONFIG_FILE, WEIGHTS_FILE, Config
from moondream2.files import check_files, read_header
from moondream2.network import Network
from moondream2.tokenizer import Tokenizer
from moondream2.weights import TURNED, read_types, read_weight, stored_names

# Of each tensor by the network's own name: its type, shape, first byte and number of bytes.
Header = dict[str, tuple[str, tuple[int, ...], int, int]]


@dataclass(frozen=True)
class Stored:
    """A folder with config.json, weights and a tokenizer, which may lie elsewhere."""

    folder: Path
    tokenizer_file: Path | str

    def __post_init__(self) -> None:
        """Raises one of `moondream2.weights.UNUSABLE`."""
        check_files(self.folder, self.weights_path, self.tokenizer_path)
        Tokenizer.from_file(self.tokenizer_path).check(self.config, self.tokenizer_path)
        assert self._names

    @property
    def weights_path(self) -> Path:
        return self.folder / WEIGHTS_FILE

    @property
    def tokenizer_path(self) -> Path:
        return self.folder / self.tokenizer_file

    @cached_property
    def config(self) -> Config:
        return Config.from_file(self.folder / CONFIG_FILE)

    @cached_property
    def config_values(self) -> dict:
        """config.json as it is."""
        return json.loads((self.folder / CONFIG_FILE).read_text(encoding="utf-8"))

    def read(self, name: str) -> Tensor:
        """One weight (…) by the network's own name, as float32 on the CPU."""
        return read_weight(self.weights_path, self._names[name], self._places).float()

    @cached_property
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

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        return read_header(self.weights_path)

    @cached_property
    def _names(self) -> dict[str, str]:
        with torch.device("meta"):
            expected = dict(Network(self.config).named_parameters())
        return stored_names(self.weights_path, self._places.keys(), expected.keys())
