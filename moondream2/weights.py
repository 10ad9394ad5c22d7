"""From a checkpoint folder to a network on its device."""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from moondream2.config import Config, ConfigRejected
from moondream2.network import Network
from moondream2.text import rotary_table
from moondream2.tokenizer import Tokenizer, TokenizerRejected

CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE = "config.json", "model.safetensors", "tokenizer.json"

# Called with (bytes read, bytes in all).
OnProgress = Callable[[int, int], None]


class CheckpointRejected(ValueError):
    """The folder holds no usable checkpoint; the message says which file and why."""


# What `load_checkpoint` raises when a folder cannot be used.
UNUSABLE = (CheckpointRejected, ConfigRejected, TokenizerRejected)


def load_checkpoint(
    folder: Path,
    *,
    device: torch.device,
    dtype: torch.dtype,
    on_progress: OnProgress = lambda done, total: None,
) -> tuple[Network, Tokenizer]:
    """Read config.json, tokenizer.json and model.safetensors from `folder`.

    Tensors go one by one from the mapped file to `device` and `dtype`, so the host never holds a
    second copy. Raises one of UNUSABLE.
    """
    for name in (CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE):
        if not (folder / name).is_file():
            raise CheckpointRejected(f"{folder} is not a checkpoint: {name} is missing.")
    config = Config.from_file(folder / CONFIG_FILE)
    tokenizer = Tokenizer.from_file(folder / TOKENIZER_FILE)
    if tokenizer.vocab_size > config.text.vocab_size:
        raise CheckpointRejected(
            f"{folder / TOKENIZER_FILE} has {tokenizer.vocab_size} tokens, but the model knows only"
            f" {config.text.vocab_size}."
        )
    with torch.device("meta"):
        network = Network(config)
    _fill(network, folder / WEIGHTS_FILE, device, dtype, on_progress)
    network.text.rotary = rotary_table(config.text, device)
    return network.eval().requires_grad_(False), tokenizer


def _fill(
    network: Network,
    path: Path,
    device: torch.device,
    dtype: torch.dtype,
    on_progress: OnProgress,
) -> None:
    expected = dict(network.named_parameters())
    n_bytes_total, n_bytes_read = path.stat().st_size, 0
    loaded: dict[str, torch.Tensor] = {}
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            stored = {name.removeprefix("model."): name for name in file.keys()}  # noqa: SIM118
            _check_names(set(expected), set(stored), path)
            for name, stored_name in stored.items():
                tensor = file.get_tensor(stored_name)
                if tensor.shape != expected[name].shape:
                    raise CheckpointRejected(
                        f"{path}: {name} has shape {tuple(tensor.shape)}; config.json asks for"
                        f" {tuple(expected[name].shape)}."
                    )
                loaded[name] = tensor.to(dtype)
                n_bytes_read += tensor.nbytes
                on_progress(n_bytes_read, n_bytes_total)
    except (SafetensorError, OSError) as error:
        raise CheckpointRejected(f"{path} is damaged or cut short: {error}") from error
    network.load_state_dict(loaded, assign=True)


def _check_names(expected: set[str], stored: set[str], path: Path) -> None:
    problems = [
        f"{kind} {', '.join(sorted(names)[:5])}{' and others' if len(names) > 5 else ''}"
        for kind, names in (("missing", expected - stored), ("unknown", stored - expected))
        if names
    ]
    if problems:
        raise CheckpointRejected(f"{path} does not fit config.json: {'; '.join(problems)}.")
