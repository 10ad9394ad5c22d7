"""From a checkpoint folder to a network on its device."""

import re
from collections.abc import Callable, Iterator, Set
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
from moondream2.disk import why_unreadable
from moondream2.files import CheckpointRejected, check_files, check_kind, read_header
from moondream2.network import Network
from moondream2.text import rotary_table
from moondream2.tokenizer import Tokenizer, TokenizerRejected

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

# What the reference keeps beside its weights while it computes: a fine-tune that was saved whole
# brings these along. The last is the words' matrix once more.
COPY_OF_WTE = "_input_embeddings.weight"
CACHES = re.compile(
    r"text\.blocks\.\d+\.kv_cache\.[kv]_cache|((text|text_model)\.)?(attn_mask|freqs_cis)"
    rf"|{re.escape(COPY_OF_WTE)}"
)

READABLE = (torch.bfloat16, torch.float16, torch.float32, torch.float64)

# Small enough for a processor's own memory.
_TOUCHED = memoryview(bytearray(2**18))

# Called with (bytes read, bytes in all).
OnRead = Callable[[int, int], None]


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
    config, tokenizer = read_all_but_weights(folder, weights_file, tokenizer_file)
    with torch.device("meta"):
        network = Network(config)
    tensors = _read(network, folder / weights_file, device, dtype, on_read)
    network.load_state_dict(dict(tensors), assign=True)
    network.text.rotary = rotary_table(config.text, device)
    return network.eval().requires_grad_(False), tokenizer


def read_all_but_weights(
    folder: Path, weights_file: str, tokenizer_file: Path | str
) -> tuple[Config, Tokenizer]:
    """Read config.json and tokenizer.json; the weights are there. Raises one of UNUSABLE."""
    tokenizer_path = folder / tokenizer_file
    check_files(folder, folder / weights_file, tokenizer_path)
    config = Config.from_file(folder / CONFIG_FILE)
    tokenizer = Tokenizer.from_file(tokenizer_path)
    tokenizer.check(config, tokenizer_path)
    return config, tokenizer


def _read(
    network: Network,
    path: Path,
    device: torch.device,
    dtype: torch.dtype,
    on_read: OnRead,
) -> Iterator[tuple[str, Tensor]]:
    """Yield every parameter (…) of the network once, by its name, on its device."""
    expected, places = dict(network.named_parameters()), read_header(path)
    n_bytes_total, n_bytes_read = path.stat().st_size, 0
    for name, stored_name in stored_names(path, places.keys(), expected.keys()).items():
        tensor = read_weight(path, stored_name, places, device)
        check_weight(name, tensor, expected[name], path)
        n_bytes_read += tensor.nbytes
        # A tensor that needs no other dtype is still a view of the mapped file.
        yield name, tensor.to(dtype, copy=device.type == "cpu")
        on_read(n_bytes_read, n_bytes_total)


def stored_names(path: Path, stored: Set[str], expected: Set[str]) -> dict[str, str]:
    """Names in the file by the network's own, in the file's order, without the caches."""
    published = {name: published_name(name) for name in stored}
    if "text.wte" not in published.values():
        # Of two names for the same numbers, one may have been saved.
        published |= {n: "text.wte" for n, name in published.items() if name == COPY_OF_WTE}
    kept = {name: own for name, own in published.items() if not CACHES.fullmatch(own)}
    names = {own: name for name, own in kept.items()}
    problems = {
        "missing": expected - names.keys(),
        "unknown": {name for name, own in kept.items() if own not in expected},
        "twice": {own for name, own in kept.items() if names[own] != name},
    }
    told = "; ".join(_listed(kind, which) for kind, which in problems.items() if which)
    if told:
        check_kind(path, set(kept))
        raise CheckpointRejected(f"{path} does not fit config.json: {told}.")
    return names


def _listed(kind: str, names: set[str], n_shown: int = 5) -> str:
    shown = ", ".join(sorted(names)[:n_shown])
    return f"{kind} {shown}" + (f" and {len(names) - n_shown} more" if len(names) > n_shown else "")


def published_name(stored_name: str) -> str:
    """A tensor's name in the published layout, without its prefix, from either layout."""
    name = stored_name.removeprefix("_orig_mod.").replace("._orig_mod", "").removeprefix("model.")
    for pattern, replacement in OLDER_NAMES:
        if pattern.match(name):
            return pattern.sub(replacement, name)
    return name


def read_types(path: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The type, as the format calls it ("F16"), and shape of each tensor, by its name there."""
    with safe_open(path, framework="pt") as file:
        # No dict: it cannot be iterated over.
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        return {name: (each.get_dtype(), tuple(each.get_shape())) for name, each in slices.items()}


def read_weight(
    path: Path, name: str, places: dict[str, tuple[int, int]], device: torch.device
) -> Tensor:
    """One tensor (…) by its name in the file, as the network has it.

    Raises CheckpointRejected for a file that is damaged or cannot be read.
    """
    try:
        _touch(path, *places[name])
        # The file is mapped anew for each tensor: a mapping that lives on keeps every page it
        # showed.
        with safe_open(path, framework="pt", device=str(device)) as file:
            tensor = file.get_tensor(name)
            return tensor.T.contiguous() if TURNED.search(name) else tensor
    except OSError as error:
        raise CheckpointRejected(why_unreadable(path, error)) from error
    except SafetensorError as error:
        raise CheckpointRejected(f"{path} is damaged or cut short: {error}.") from error


def _touch(path: Path, begin: int, end: int) -> None:
    """Read a part of a file and drop it: a disk's fault is an OSError here.

    In a mapped file it would end the process.
    """
    with path.open("rb", buffering=0) as file:
        file.seek(begin)
        while (left := end - file.tell()) > 0 and file.readinto(_TOUCHED[:left]):
            pass


def check_weight(name: str, tensor: Tensor, expected: Tensor, path: Path) -> None:
    """Refuse a tensor (…) of another shape than expected (…), or one without finite numbers.

    Raises CheckpointRejected.
    """
    if tensor.shape != expected.shape:
        raise CheckpointRejected(
            f"{path}: {name} has shape {tuple(tensor.shape)}; config.json asks for"
            f" {tuple(expected.shape)}."
        )
    if tensor.dtype not in READABLE:
        raise CheckpointRejected(
            f"{path}: {name} holds {tensor.dtype}, not floating point of 16 bits or more."
        )
    # A NaN anywhere becomes both extremes, an infinity one of them; no copy is made to find it.
    if not all(extreme.isfinite() for extreme in tensor.aminmax()):
        raise CheckpointRejected(f"{path}: {name} holds numbers that are not finite (NaN).")
