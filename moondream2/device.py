"""Where a network runs, and in which number format."""

import os
import re
from pathlib import Path
from time import monotonic

import torch

from moondream2.config import TextConfig

# What is both exact enough and fast there.
BEST_DTYPES = {"cuda": "bfloat16", "mps": "float16", "cpu": "float32"}

# Only CUDA has an error of its own for this; the others say it in words.
NO_MEMORY = re.compile(r"(can't|cannot) allocate memory|(out of|not enough) memory", re.IGNORECASE)

# What is measured to choose a CPU's number format: an answer of ordinary length about a picture.
N_PICTURE_ROWS, N_ANSWER_STEPS = 730, 20
MIN_MEASURED_WEIGHTS = 2**21

# Linux only: sizes of this process in pages, the second one what it holds in memory.
STATM = Path("/proc/self/statm")


class DeviceMissing(ValueError):
    """This computer has no such device."""


def choose_device(device: str, dtype: str) -> tuple[torch.device, torch.dtype]:
    """Turn the names of a device and a dtype into torch's; "auto" picks the best there is.

    Raises DeviceMissing when a device was asked for that torch cannot use here.
    """
    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    usable = [name for name, is_usable in has.items() if is_usable]
    name = usable[0] if device == "auto" else device
    if name not in usable:
        raise DeviceMissing(
            f"This computer offers torch no {name} device. Start with --device"
            f" {' or '.join(usable)}."
        )
    return torch.device(name), getattr(torch, BEST_DTYPES[name] if dtype == "auto" else dtype)


def fastest_cpu_dtype(config: TextConfig) -> torch.dtype:
    """Measure which number format answers sooner on this CPU; takes about a second.

    Some CPUs multiply bfloat16 several times faster than float32, others several times slower. A
    network that fits the caches is not worth measuring: float32 is the exacter one.
    """
    if config.dim * config.ff_dim < MIN_MEASURED_WEIGHTS:
        return torch.float32
    return min((torch.float32, torch.bfloat16), key=lambda dtype: _answer_s(config, dtype))


def _answer_s(config: TextConfig, dtype: torch.dtype) -> float:
    """Seconds that one layer takes for the rows of a picture and the steps of an answer."""
    weight = torch.ones(config.ff_dim, config.dim, dtype=dtype)
    total_s = 0.0
    for n_rows, n_times in ((N_PICTURE_ROWS, 1), (1, N_ANSWER_STEPS)):
        x = torch.ones(n_rows, config.dim, dtype=dtype)
        # The first product of a kind packs weights and wakes threads.
        torch.nn.functional.linear(x, weight)
        began = monotonic()
        for _ in range(n_times):
            torch.nn.functional.linear(x, weight)
        total_s += monotonic() - began
    return total_s


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that the device or this computer has no memory left."""
    if isinstance(error, RuntimeError):
        return isinstance(error, torch.OutOfMemoryError) or bool(NO_MEMORY.search(str(error)))
    return isinstance(error, MemoryError)


def leave_a_core() -> None:
    """Keep torch's threads off one core, which the web tier needs.

    With none to spare, torch's threads wait for each other in every layer.
    """
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))


def used_bytes(device: torch.device) -> int | None:
    """Memory that torch holds on a device; on a CPU all that this process holds, None if untold."""
    if device.type == "cuda":
        return torch.cuda.memory_reserved(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    if not STATM.is_file():
        return None
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
