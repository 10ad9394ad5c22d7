"""The recorded reference run in `tests/parity`, and our network loaded with the same weights."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from moondream2.decoding import Decoding, run, start
from moondream2.kv_cache import Prefix
from moondream2.network import Network
from moondream2.prompts import Prompts
from moondream2.sampling import Sampling
from moondream2.skills import Finding, Procedure, Skills
from moondream2.tokenizer import Tokenizer
from moondream2.weights import load_checkpoint
from tests.checkpoint_folders import PARITY, copy_reference

# Tensors this small are slower on two threads than on one.
torch.set_num_threads(1)


@dataclass
class Reference:
    """What the reference got and gave."""

    expected: dict[str, Any]
    tensors: dict[str, Tensor]

    def picture(self, name: str) -> Image.Image:
        return Image.open(PARITY / self.expected["pictures"][name]["file"])

    def distance(self, mine: Tensor, key: str) -> float:
        """Largest error relative to the largest value that the reference has there."""
        theirs = self.tensors[key].float()
        return ((mine - theirs).abs().max() / theirs.abs().max()).item()


@dataclass
class Loaded:
    """Our network on the reference's weights, with one row to try things on."""

    network: Network
    tokenizer: Tokenizer
    reference: Reference

    def __post_init__(self) -> None:
        self.cache = self.network.make_cache(3)
        self.prompts = Prompts(self.network.config.tokenizer, self.tokenizer)
        self.skills = Skills(self.network.config.tokenizer, self.tokenizer, self.prompts)

    @cached_property
    def prefixes(self) -> dict[str | None, Prefix | None]:
        return {
            None: None,
            **{name: self._encode(name) for name in self.reference.expected["pictures"]},
        }

    def begin(self, procedure: Procedure, picture: str | None, row: int = 0) -> Decoding:
        self.cache.lengths[row] = 0
        if (prefix := self.prefixes[picture]) is not None:
            self.cache.restore(row, prefix)
        return start(self.network, procedure, row, Sampling())

    def run(self, procedure: Procedure, picture: str | None) -> tuple[list[Finding], Decoding]:
        decoding = self.begin(procedure, picture)
        return list(run(self.network, self.cache, decoding)), decoding

    @torch.inference_mode()
    def _encode(self, name: str) -> Prefix:
        image_tokens = self.network.encode_picture(self.reference.picture(name))
        self.network.begin_with_picture(self.cache, 0, image_tokens)
        return self.cache.save(0)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference's weights as a checkpoint folder."""
    return copy_reference(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="session")
def reference() -> Reference:
    expected = json.loads((PARITY / "expected.json").read_text())
    return Reference(expected, load_file(PARITY / "expected.safetensors"))


@pytest.fixture(scope="session")
def loaded(checkpoint: Path, reference: Reference) -> Loaded:
    network, tokenizer = load_checkpoint(
        checkpoint, device=torch.device("cpu"), dtype=torch.float32
    )
    return Loaded(network, tokenizer, reference)
