"""The recorded reference run under other ids: every token renumbered, BOS and EOS two tokens.

What a network computes does not depend on how its tokens are numbered. So rows of the vocabulary's
matrices, the tokenizer, the config and what was recorded are renumbered alike, and the numbers stay
those of the reference.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from tests.checkpoint_folders import PARITY

# Rows of the vocabulary, and everything recorded that has a column for each of its tokens.
VOCABULARY = ("model.text.wte", "model.text.lm_head.weight", "model.text.lm_head.bias")
LOGITS = ("/logits", "/prompt_logits", "/next_logits")
# What an id is called in config.json and expected.json.
NAMES = ("ids", "tokens", "prefix", "suffix", "short", "normal", "long")
# A control token that no recorded run reads or writes.
SPARE = 20


def write_other_ids(folder: Path, seed: int, n_moved: int | None = None) -> Path:
    """Write the fixture of `tests/parity` with renumbered tokens; BOS gets the place of SPARE.

    n_moved: how many ids, from 0 on, change places; all of them unless told.
    """
    shutil.copytree(PARITY, folder)
    config = json.loads((PARITY / "config.json").read_text())
    n_tokens = config["text"]["vocab_size"]
    n_moved = n_moved or n_tokens
    generator = torch.Generator().manual_seed(seed)
    moved = torch.randperm(n_moved, generator=generator)
    # Where each token was, and the number it has now.
    origin = torch.cat([moved, torch.arange(n_moved, n_tokens)])
    number = origin.argsort().tolist()

    expected = _renumbered(json.loads((PARITY / "expected.json").read_text()), number)
    for run in expected["text_runs"].values():
        if run["picture"] is None:
            run["prompt_ids"][0] = number[SPARE]
    config["tokenizer"] = _renumbered(config["tokenizer"], number)
    config["tokenizer"]["bos_id"] = number[SPARE]
    tokenizer = json.loads((PARITY / "tokenizer.json").read_text())
    vocab = tokenizer["model"]["vocab"]
    tokenizer["model"]["vocab"] = {token: number[id] for token, id in vocab.items()}
    for token in tokenizer["added_tokens"]:
        token["id"] = number[token["id"]]
    for name, values in {"config": config, "expected": expected, "tokenizer": tokenizer}.items():
        (folder / f"{name}.json").write_text(json.dumps(values))

    weights = load_file(PARITY / "weights.safetensors")
    weights["model.text.wte"][SPARE] = weights["model.text.wte"][0]
    weights |= {name: weights[name][origin] for name in VOCABULARY}
    save_file(weights, folder / "weights.safetensors")
    recorded = load_file(PARITY / "expected.safetensors")
    for name, tensor in recorded.items():
        if name.endswith(LOGITS) and tensor.shape[-1] == n_tokens:
            recorded[name] = tensor[..., origin].contiguous()
    save_file(recorded, folder / "expected.safetensors")
    return folder


def _renumbered(values: Any, number: list[int], is_ids: bool = False) -> Any:
    """The same JSON with each id that stands under a name of ids replaced by its number."""
    if isinstance(values, dict):
        return {
            name: _renumbered(value, number, name in NAMES or name.endswith(("_id", "_ids")))
            for name, value in values.items()
        }
    if isinstance(values, list):
        return [_renumbered(value, number, is_ids) for value in values]
    return number[values] if is_ids and type(values) is int else values
