"""From a checkpoint folder to a network on its device."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from moondream2.config import (
    CONFIG_FILE,
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    Config,
    ConfigRejected,
)
from moondream2.network import Network
from moondream2.text import rotary_table
from moondream2.tokenizer import END_ID, Tokenizer, TokenizerRejected

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")

# The older layout of the published weights, as pairs of (pattern, published name).
OLDER_NAMES = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"text_model\.transformer\.embd\.wte\.weight", "text.wte"),
        (r"text_model\.transformer\.h\.(\d+)\.mixer\.Wqkv\.", r"text.blocks.\1.attn.qkv."),
        (r"text_model\.transformer\.h\.(\d+)\.mixer\.out_proj\.", r"text.blocks.\1.attn.proj."),
        (r"text_model\.transformer\.h\.(\d+)\.", r"text.blocks.\1."),
        (r"text_model\.lm_head\.ln\.", "text.post_ln."),
        (r"text_model\.lm_head\.linear\.", "text.lm_head."),
        (r"vision_encoder\.encoder\.model\.visual\.patch_embed\.linear\.", "vision.patch_emb."),
        (r"vision_encoder\.encoder\.model\.visual\.pos_embed", "vision.pos_emb"),
        (r"vision_encoder\.encoder\.model\.visual\.norm\.", "vision.post_ln."),
        (
            r"vision_encoder\.encoder\.model\.visual\.blocks\.(\d+)\.norm([12])\.",
            r"vision.blocks.\1.ln\2.",
        ),
        (r"vision_encoder\.encoder\.model\.visual\.blocks\.", "vision.blocks."),
        (r"vision_encoder\.projection\.mlp\.", "vision.proj_mlp."),
        (r"region_model\.coordinate_(encoder|decoder)\.", r"region.coord_\1."),
        (r"region_model\.size_(encoder|decoder)\.", r"region.size_\1."),
        (r"region_model\.coordinate_features\.weight", "region.coord_features"),
        (r"region_model\.size_features\.weight", "region.size_features"),
    )
)
# The only two matrices that the older layout stores turned.
TURNED = re.compile(r"region_model\.(coordinate|size)_features\.weight")

# Called with (bytes read, bytes in all).
OnRead = Callable[[int, int], None]


class CheckpointRejected(ValueError):
    """The folder holds no usable checkpoint; the message says which file and why."""


# What `load_checkpoint` raises when a folder cannot be used.
UNUSABLE = (CheckpointRejected, ConfigRejected, TokenizerRejected)


def load_checkpoint(
    folder: Path,
    *,
    device: torch.device,
    dtype: torch.dtype,
    on_read: OnRead = lambda done, total: None,
    weights_file: str = WEIGHTS_FILE,
    tokenizer_file: Path | str = TOKENIZER_FILE,
) -> tuple[Network, Tokenizer]:
    """Read config.json, tokenizer.json and the weights from `folder`.

    The network is built without memory and filled tensor by tensor from the mapped file, so the
    host never holds a second copy. Both published layouts are read. tokenizer_file may lie
    elsewhere. Raises one of UNUSABLE.
    """
    tokenizer_path = folder / tokenizer_file
    _check_files(folder, weights_file, tokenizer_path)
    config = Config.from_file(folder / CONFIG_FILE)
    tokenizer = Tokenizer.from_file(tokenizer_path)
    _check_vocabulary(config, tokenizer, tokenizer_path)
    with torch.device("meta"):
        network = Network(config)
    tensors = _read(network, folder / weights_file, device, dtype, on_read)
    network.load_state_dict(dict(tensors), assign=True)
    network.text.rotary = rotary_table(config.text, device)
    return network.eval().requires_grad_(False), tokenizer


def _check_files(folder: Path, weights_file: str, tokenizer_path: Path) -> None:
    for path in (folder / CONFIG_FILE, tokenizer_path, folder / weights_file):
        name = path.name
        if path.is_file():
            continue
        pickles = sorted(each.name for pattern in PICKLES for each in folder.glob(pattern))
        if name == weights_file and pickles:
            raise CheckpointRejected(
                f"{folder / pickles[0]} is a pickle, which can run any program when it is read."
                f" Only {weights_file} is accepted."
            )
        raise CheckpointRejected(f"{folder} is not a checkpoint: {name} is missing.")


def _check_vocabulary(config: Config, tokenizer: Tokenizer, path: Path) -> None:
    if tokenizer.vocab_size > config.text.vocab_size:
        raise CheckpointRejected(
            f"{path} has {tokenizer.vocab_size} tokens, but the model knows only"
            f" {config.text.vocab_size}."
        )
    unknown = [id for id in config.tokenizer.all_ids if not 0 <= id < config.text.vocab_size]
    if unknown:
        raise CheckpointRejected(
            f"{CONFIG_FILE} names the token ids {unknown[:5]}, which the model does not know."
        )
    wrong = [
        f"{name} {id}"
        for name, id in config.tokenizer.control_ids.items()
        if id not in ({END_ID} if name in ("bos_id", "eos_id") else tokenizer.control_ids)
    ]
    if wrong:
        raise CheckpointRejected(
            f"{CONFIG_FILE} does not fit {path}: {', '.join(wrong)} is not the control token there."
        )


def _read(
    network: Network,
    path: Path,
    device: torch.device,
    dtype: torch.dtype,
    on_read: OnRead,
) -> Iterator[tuple[str, Tensor]]:
    """Yield every parameter (…) of the network once, by its name, on its device."""
    expected = dict(network.named_parameters())
    n_bytes_total, n_bytes_read = path.stat().st_size, 0
    for name, stored_name in _stored_names(path, set(expected)).items():
        tensor = _read_tensor(path, stored_name, device)
        if TURNED.search(stored_name):
            tensor = tensor.T.contiguous()
        _check_tensor(name, tensor, expected[name], path)
        n_bytes_read += tensor.nbytes
        # A tensor that needs no other dtype is still a view of the mapped file.
        yield name, tensor.to(dtype, copy=device.type == "cpu")
        on_read(n_bytes_read, n_bytes_total)


def _stored_names(path: Path, expected: set[str]) -> dict[str, str]:
    """Names in the file by the network's own, in the file's order."""
    try:
        with safe_open(path, framework="pt") as file:
            stored = [(published_name(name), name) for name in file.keys()]  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointRejected(f"{path} is damaged or cut short: {error}") from error
    names = dict(stored)
    problems = {
        "missing": expected - names.keys(),
        "unknown": {name for published, name in stored if published not in expected},
        "twice": {published for published, name in stored if names[published] != name},
    }
    told = "; ".join(_listed(kind, which) for kind, which in problems.items() if which)
    if told:
        raise CheckpointRejected(f"{path} does not fit config.json: {told}.")
    return names


def _listed(kind: str, names: set[str], n_shown: int = 5) -> str:
    shown = ", ".join(sorted(names)[:n_shown])
    return f"{kind} {shown}" + (f" and {len(names) - n_shown} more" if len(names) > n_shown else "")


def published_name(stored_name: str) -> str:
    """A tensor's name in the published layout, without its prefix, from either layout."""
    name = stored_name.replace("._orig_mod", "").removeprefix("model.")
    for pattern, replacement in OLDER_NAMES:
        if pattern.match(name):
            return pattern.sub(replacement, name)
    return name


def _read_tensor(path: Path, name: str, device: torch.device) -> Tensor:
    """One tensor (…) as it is stored."""
    # The file is mapped anew for each tensor: a mapping that lives on keeps every page it showed.
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            return file.get_tensor(name)
    except (SafetensorError, OSError) as error:
        raise CheckpointRejected(f"{path} is damaged or cut short: {error}") from error


def _check_tensor(name: str, tensor: Tensor, expected: Tensor, path: Path) -> None:
    """Refuse a tensor (…) of another shape than expected (…), or one without finite numbers."""
    if tensor.shape != expected.shape:
        raise CheckpointRejected(
            f"{path}: {name} has shape {tuple(tensor.shape)}; config.json asks for"
            f" {tuple(expected.shape)}."
        )
    if not tensor.is_floating_point():
        raise CheckpointRejected(f"{path}: {name} holds {tensor.dtype}, not floating point.")
    # A NaN anywhere becomes both extremes, an infinity one of them; no copy is made to find it.
    if not all(extreme.isfinite() for extreme in tensor.aminmax()):
        raise CheckpointRejected(f"{path}: {name} holds numbers that are not finite (NaN).")
