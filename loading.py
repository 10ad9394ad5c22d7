"""From settings to a runner that answers.

torch takes seconds to import, and the port must be open before that: so this module, and torch with
it, is imported by `model.py` on the engine's thread, where everything here runs.
"""

import gc
from collections.abc import Callable

import torch

from checkpoint import Wanted
from engine.runner import Runner
from moondream2.config import CONFIG_FILE, Config
from moondream2.device import (
    DeviceMissing,
    choose_device,
    fastest_cpu_dtype,
    is_out_of_memory,
    leave_a_core,
    used_bytes,
)
from moondream2.quantise import quantise
from moondream2.weights import UNUSABLE, load_checkpoint
from protocol.errors import ModelFailed, StartRefused
from protocol.status import LoadStage, ModelState, Progress
from settings import Settings

# Takes the fields of Status that changed.
Tell = Callable[..., None]
OnProgress = Callable[[Progress], None]


def load_runner(settings: Settings, wanted: Wanted, on_progress: OnProgress, tell: Tell) -> Runner:
    """Find the checkpoint, read it, warm up.

    Raises StartRefused for what cannot be used and ModelFailed when memory does not suffice.
    """
    leave_a_core()
    try:
        device, dtype = choose_device(settings.device, settings.dtype)
        if settings.quantize != "none":
            _check_quantized(settings, device)
            dtype = torch.bfloat16
        tell(device=device.type)
        runner = _read(settings, wanted, device, dtype, on_progress, tell)
    except (*UNUSABLE, DeviceMissing) as error:
        raise StartRefused(str(error)) from error
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        on_cpu = device.type == "cpu"
        remedy = "--dtype bfloat16 or --model demo" if on_cpu else "--device cpu"
        raise ModelFailed(
            f"There is too little free memory for this model on the {device.type}. Close other"
            f" programs, or start with {remedy}."
        ) from error
    # What is loaded stays. Walking it again would stop every thread for a tenth of a second.
    gc.collect()
    gc.freeze()
    tell(state=ModelState.READY, progress=None, memory_bytes=used_bytes(device))
    return runner


def _read(
    settings: Settings,
    wanted: Wanted,
    device: torch.device,
    dtype: torch.dtype,
    on_progress: OnProgress,
    tell: Tell,
) -> Runner:
    found = wanted.find(on_progress)
    tell(model=found.name, revision=found.revision, is_demo=found.is_demo, notice=found.notice)
    if device.type == "cpu" and settings.dtype == "auto" and settings.quantize == "none":
        dtype = fastest_cpu_dtype(Config.from_file(found.folder / CONFIG_FILE).text)
    name = str(dtype).removeprefix("torch.")
    tell(dtype=name if settings.quantize == "none" else f"{settings.quantize}, {name}")
    network, tokenizer = load_checkpoint(
        found.folder,
        device=device,
        dtype=dtype,
        tokenizer_file=found.tokenizer,
        on_progress=lambda done, total: on_progress(Progress(LoadStage.READING, done, total)),
    )
    tell(progress=Progress(LoadStage.WARMING))
    if settings.quantize != "none":
        quantise(network)
    runner = Runner(
        network,
        tokenizer,
        n_rows=settings.max_running,
        max_prefix_bytes=settings.max_prefix_bytes,
    )
    runner.warm_up()
    return runner


def _check_quantized(settings: Settings, device: torch.device) -> None:
    """Quantized weights work where they were measured: in bfloat16 on the CPU."""
    if device.type != "cpu":
        raise StartRefused("--quantize is for the CPU. Start without it, or with --device cpu.")
    if settings.dtype not in ("auto", "bfloat16"):
        raise StartRefused("--quantize works with --dtype bfloat16. Leave --dtype out.")
