"""Where a network runs, and in which number format."""

import os
import re
from pathlib import Path

import torch
from torch import Tensor

# What is both exact enough and fast there.
BEST_DTYPES = {"cuda": "bfloat16", "mps": "float16", "cpu": "float32"}

# Only CUDA has an error of its own for this; the others say it in words.
NO_MEMORY = re.compile(r"(can't|cannot) allocate memory|(out of|not enough) memory", re.IGNORECASE)

# Linux only: sizes of this process in pages, the second one what it holds in memory.
STATM = Path("/proc/self/statm")
# What programs may still take, in a line of its own, in kB.
MEMINFO, AVAILABLE = Path("/proc/meminfo"), "MemAvailable:"


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


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Bring a tensor (…) of the host to a device; a GPU fetches it and is not waited for."""
    if device.type != "cuda":
        return tensor.to(device)
    # From pageable memory the host would stand still until all earlier work is done.
    return tensor.pin_memory().to(device, non_blocking=True)


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that the device or this computer has no memory left."""
    if isinstance(error, RuntimeError):
        return isinstance(error, torch.OutOfMemoryError) or bool(NO_MEMORY.search(str(error)))
    return isinstance(error, MemoryError)


def leave_a_core() -> None:
    """Keep torch's threads off one core, which the web tier needs.

    With none to spare, torch's threads wait for each other in every layer. torch itself starts one
    for each core: two that share a core share its arithmetic, too.
    """
    n_free = (os.cpu_count() or 2) - 1
    torch.set_num_threads(max(1, min(torch.get_num_threads(), n_free)))


def used_bytes(device: torch.device) -> int | None:
    """Memory that torch holds on a device; on a CPU all that this process holds, None if untold."""
    if device.type == "cuda":
        return torch.cuda.memory_reserved(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    if not STATM.is_file():
        return None
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def free_bytes(device: torch.device) -> int | None:
    """Memory that is free there; None if untold."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    if not MEMINFO.is_file():
        return None
    lines = MEMINFO.read_text().splitlines()
    available = (line.split()[1] for line in lines if line.startswith(AVAILABLE))
    return next((int(kilobytes) * 1024 for kilobytes in available), None)
