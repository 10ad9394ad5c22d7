"""A checked-out reference implementation, driven from outside through its public calls.

FOLDER is a checkout of vikhyat/moondream at 44146f1. None of its files is changed or copied; what
it takes from elsewhere is given to it: the tokenizer comes from the checkpoint's folder instead of
the hub, and its pictures are made float32 where it is asked to run so, which it does not offer.
"""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer

from bench.floor import synchronise
from bench.heard import Heard
from moondream2.weights import CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE


class Reference:
    """The reference's model on a checkpoint. Follows `Side`."""

    def __init__(
        self,
        folder: Path,
        checkpoint: Path,
        device: torch.device,
        dtype: torch.dtype,
        *,
        is_compiled: bool = False,
    ) -> None:
        sys.path.insert(0, str(folder))
        module = import_module("moondream.torch.moondream")
        weights = import_module("moondream.torch.weights")
        tokenizer = Tokenizer.from_file(str(checkpoint / TOKENIZER_FILE))
        names = vars(module)
        names["Tokenizer"] = SimpleNamespace(from_pretrained=lambda name: tokenizer)
        if dtype != torch.bfloat16:
            names["prepare_crops"] = _crops_in(dtype)
        config = module.MoondreamConfig.from_dict(
            json.loads((checkpoint / CONFIG_FILE).read_text())
        )
        self._device = device
        self._model: Any = module.MoondreamModel(config, dtype=dtype)
        weights.load_weights_into_model(str(checkpoint / WEIGHTS_FILE), self._model)
        self._model.to(device)
        if is_compiled:
            self._model.compile()
        self._listener = _Listener(tokenizer)
        self._model.tokenizer = self._listener
        self._encoded: Any = None

    @torch.inference_mode()
    def encode(self, picture: Image.Image) -> None:
        self._model._run_vision_encoder(picture)
        synchronise(self._device)

    def ask(self, picture: Image.Image, question: str, n_tokens: int) -> Heard:
        """Encode, then ask; the encoded picture is kept for `ask_again`."""
        heard = Heard()
        self._encoded = self._model.encode_image(picture)
        return self._query(question, n_tokens, heard)

    def ask_again(self, question: str, n_tokens: int) -> Heard:
        return self._query(question, n_tokens, Heard())

    def _query(self, question: str, n_tokens: int, heard: Heard) -> Heard:
        self._listener.heard, self._listener.n_tokens = heard, n_tokens
        settings = {"temperature": 0, "max_tokens": n_tokens, "variant": None}
        self._model.query(self._encoded, question, settings=settings)
        return heard


class _Listener:
    """The tokenizer, but for a note of each token: the reference decodes after every one."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.heard, self.n_tokens = Heard(), 0

    def encode(self, text: str) -> Any:
        return self._tokenizer.encode(text)

    def decode(self, ids: list[int]) -> str:
        # After the last token it decodes once more, to write out what it held back.
        if len(self.heard.ids) < self.n_tokens:
            self.heard.hear(ids[-1])
        return self._tokenizer.decode(ids)


def _crops_in(dtype: torch.dtype) -> Callable[..., tuple[torch.Tensor, Any]]:
    """The reference's crops as pixels of another dtype; it makes them bfloat16 only."""
    cut = import_module("moondream.torch.image_crops").overlap_crop_image

    def prepare_crops(picture: Image.Image, config: Any, device: Any) -> tuple[torch.Tensor, Any]:
        sizes = {"max_crops": config.max_crops, "overlap_margin": config.overlap_margin}
        found = cut(np.array(picture.convert("RGB")), **sizes)
        crops = torch.from_numpy(np.transpose(found["crops"], (0, 3, 1, 2)))
        return (crops.to(device, dtype) / 255 - 0.5) / 0.5, found["tiling"]

    return prepare_crops
