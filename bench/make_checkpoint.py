"""Write a checkpoint of random weights: `python -m bench.make_checkpoint FOLDER`.

By default in the published sizes (1.9 billion parameters, 3.9 GB), so that loading, memory and
speed can be measured where the real weights cannot be had. The tokenizer is a small real one, its
vocabulary filled up; answers are noise.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor

from moondream2.config import Config
from moondream2.network import Network
from moondream2.weights import CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE

N_CONTROL_TOKENS = 21
DTYPES = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}


def write_checkpoint(folder: Path, config: Config, dtype: torch.dtype, seed: int = 0) -> None:
    """Write config.json, tokenizer.json and model.safetensors with random weights.

    Tensors are made and written one by one: the host never holds more than the largest of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG_FILE).write_text(json.dumps(asdict(config), indent=1))
    random_tokenizer(config.text.vocab_size).save(str(folder / TOKENIZER_FILE))
    with torch.device("meta"):
        parameters = dict(Network(config).named_parameters())
    generator = torch.Generator().manual_seed(seed)
    _write_safetensors(folder / WEIGHTS_FILE, parameters, dtype, generator)


def random_tokenizer(vocab_size: int) -> Tokenizer:
    """A byte-level tokenizer with moondream2's control tokens and `vocab_size` entries."""
    control = ["<|endoftext|>", *(f"<|md_reserved_{i}|>" for i in range(N_CONTROL_TOKENS - 1))]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    filler = [f"Ġword{i}" for i in range(vocab_size - len(control) - len(letters))]
    vocab = {token: id for id, token in enumerate([*control, *letters, *filler])}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in control])
    return tokenizer


def _write_safetensors(
    path: Path, parameters: Mapping[str, Tensor], dtype: torch.dtype, generator: torch.Generator
) -> None:
    header, end = {}, 0
    for name, parameter in parameters.items():
        start, end = end, end + parameter.numel() * dtype.itemsize
        header[f"model.{name}"] = {
            "dtype": DTYPES[str(dtype).removeprefix("torch.")],
            "shape": list(parameter.shape),
            "data_offsets": [start, end],
        }
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for name, parameter in parameters.items():
            values = _random(name, parameter.shape, generator).to(dtype).contiguous()
            file.write(values.view(torch.uint8).numpy().tobytes())


def _random(name: str, shape: torch.Size, generator: torch.Generator) -> Tensor:
    if ".ln" in name or "post_ln" in name:
        return torch.ones(shape) if name.endswith("weight") else torch.zeros(shape)
    if name.endswith("bias"):
        return torch.zeros(shape)
    return torch.randn(shape, generator=generator) / max(1, shape[-1]) ** 0.5


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--dtype", type=click.Choice(list(DTYPES)), default="bfloat16", show_default=True)
def main(folder: Path, dtype: str) -> None:
    """Write a checkpoint of random weights in the published sizes to FOLDER."""
    write_checkpoint(folder, Config(), getattr(torch, dtype))
    n_bytes = (folder / WEIGHTS_FILE).stat().st_size
    print(f"{folder / WEIGHTS_FILE}: {n_bytes:,} bytes")


if __name__ == "__main__":
    main()
