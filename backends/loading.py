"""From settings to a runner that answers.

torch takes seconds to import, and the port must be open before that: so this module, and torch with
it, is imported by `resident.py` on the engine's thread, where everything here runs.
"""

import gc
from collections.abc import Callable

import torch

from checkpoints.checkpoint import Checkpoint, Wanted
from engine.runner import Runner
from moondream2.config import CONFIG_FILE, Config
from moondream2.cpu import choose_arithmetic, pack
from moondream2.device import (
    DeviceMissing,
    choose_device,
    find_gpu_fault,
    free_bytes,
    is_out_of_memory,
    leave_a_core,
    memory_holders,
    used_bytes,
)
from moondream2.graphs import plan_no_attention
from moondream2.kv_cache import KVCache
from moondream2.network import Network
from moondream2.tokenizer import Tokenizer
from moondream2.weights import UNUSABLE, load_checkpoint
from protocol.errors import ModelFailed, StartRefused
from protocol.status import LoadStage, ModelState, OnProgress, Progress
from settings import Settings

# Rows of keys and values take a quarter of what is free: frames, the work itself and other programs
# need the rest. With more of them a CPU only computes longer; a GPU computes 32 as soon as one.
ROWS_SHARE, MAX_ROWS, MAX_GPU_ROWS = 4, 8, 32
# Where the system does not tell what is free.
DEFAULT_ROWS = 4

# Takes the fields of Status that changed.
Tell = Callable[..., None]


def load_runner(settings: Settings, wanted: Wanted, on_progress: OnProgress, tell: Tell) -> Runner:
    """Find the checkpoint, read it, warm up.

    Raises StartRefused for what cannot be used and ModelFailed when memory does not suffice.
    """
    leave_a_core()
    try:
        device, dtype = choose_device(settings.device, settings.dtype)
        is_fallback = settings.device == "auto" and device.type == "cpu"
        fault = find_gpu_fault() if is_fallback else None
        tell(device=device.type, gpu_fault=None if fault is None else str(fault))
        found = wanted.find(on_progress)
        tell(model=found.name, revision=found.revision, is_demo=found.is_demo, notice=found.notice)
        network, tokenizer = read_network(settings, found, device, dtype, on_progress)
        tell(dtype=str(network.dtype).removeprefix("torch."), progress=Progress(LoadStage.WARMING))
        runner = Runner(
            network,
            tokenizer,
            n_rows=settings.max_running or count_rows(network),
            max_prefix_bytes=settings.max_prefix_bytes,
        )
        runner.warm_up()
    except (*UNUSABLE, DeviceMissing) as error:
        raise StartRefused(str(error)) from error
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise _too_little_memory(device) from error
    # What is loaded stays. Walking it again would stop every thread for a tenth of a second.
    gc.collect()
    gc.freeze()
    row_bytes = KVCache.row_bytes(network.config.text, network.dtype)
    tell(
        state=ModelState.READY,
        progress=None,
        memory_bytes=used_bytes(device),
        cache_bytes=runner.n_rows * row_bytes + settings.max_prefix_bytes,
        max_running=runner.n_rows,
    )
    return runner


def _too_little_memory(device: torch.device) -> ModelFailed:
    on_cpu = device.type == "cpu"
    remedy = "--dtype bfloat16 or --model demo" if on_cpu else "--device cpu"
    held = memory_holders(device)
    return ModelFailed(
        f"There is too little free memory for this model on the {device.type}."
        f" {held}{' ' if held else ''}Close other programs, or start with {remedy}."
    )


def count_rows(network: Network) -> int:
    """How many answers fit side by side into what memory a loaded network left free."""
    row_bytes = KVCache.row_bytes(network.config.text, network.dtype)
    max_rows = MAX_GPU_ROWS if network.device.type == "cuda" else MAX_ROWS
    free = free_bytes(network.device)
    return DEFAULT_ROWS if free is None else min(max(1, free // ROWS_SHARE // row_bytes), max_rows)


def read_network(
    settings: Settings,
    found: Checkpoint,
    device: torch.device,
    dtype: torch.dtype,
    on_progress: OnProgress = lambda progress: None,
) -> tuple[Network, Tokenizer]:
    """Read a checkpoint as it computes fastest on a device.

    On a CPU the dtype, unless it was asked for, and the threads follow from the processor.
    Raises one of UNUSABLE, and StartRefused for weights that cannot be quantised there.
    """
    arithmetic = None
    is_quantised = settings.quantize == "int8"
    if device.type == "cpu":
        asked = None if settings.dtype == "auto" else dtype
        config = Config.from_file(found.folder / CONFIG_FILE).text
        arithmetic = choose_arithmetic(config, asked, is_quantised=is_quantised)
        dtype = arithmetic.dtype
        torch.set_num_threads(arithmetic.n_threads)
    if device.type == "cuda":
        plan_no_attention()
    if is_quantised and (arithmetic is None or not arithmetic.is_packed):
        raise StartRefused(
            "--quantize int8 needs a CPU that multiplies 8-bit numbers, and float32 or bfloat16"
            f" there; this is {dtype} on the {device.type}. Start without it."
        )
    network, tokenizer = load_checkpoint(
        found.folder,
        device=device,
        dtype=dtype,
        tokenizer_file=found.tokenizer,
        on_read=lambda done, total: on_progress(Progress(LoadStage.READING, done, total)),
    )
    if arithmetic is not None and arithmetic.is_packed:
        pack(network, is_quantised=is_quantised)
    return network, tokenizer
