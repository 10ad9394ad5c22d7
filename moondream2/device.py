"""Where a network runs, and in which number format."""

import os
import re
import warnings
from pathlib import Path

import torch
from torch import Tensor

from moondream2.gpu import look
from moondream2.gpu_faults import GpuFault, TorchBuild, tell_holders, why_unused

# What is both exact enough and fast there. Numbers stay below 1000: float16, too, holds them.
BEST_DTYPES = {"cuda": "bfloat16", "mps": "float16", "cpu": "float32"}
OLD_CARD_DTYPE = "float16"

# Only CUDA has an error of its own for this; the others say it in words.
NO_MEMORY = re.compile(r"(can't|cannot) allocate memory|(out of|not enough) memory", re.IGNORECASE)

# Linux only: sizes of this process in pages, the second one what it holds in memory.
STATM = Path("/proc/self/statm")
# What programs may still take, in a line of its own, in kB.
MEMINFO, AVAILABLE = Path("/proc/meminfo"), "MemAvailable:"


class DeviceMissing(ValueError):
    """This computer has no such device, or none that computes in such numbers."""


def choose_device(device: str, dtype: str) -> tuple[torch.device, torch.dtype]:
    """Turn the names of a device and a dtype into torch's; "auto" picks the best there is.

    Raises DeviceMissing when a device was asked for that torch cannot use here.
    """
    build = torch_build()
    has = {"cuda": build.is_usable, "mps": torch.backends.mps.is_available(), "cpu": True}
    usable = [name for name, is_usable in has.items() if is_usable]
    name = usable[0] if device == "auto" else device
    if name not in usable:
        fault = find_gpu_fault(build) if name == "cuda" else None
        cause = fault.cause if fault else f"This computer offers torch no {name} device."
        remedy = f" {fault.help}" if fault and fault.remedy else ""
        raise DeviceMissing(f"{cause} Start with --device {' or '.join(usable)}.{remedy}")
    has_bfloat16 = name != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.device(name), getattr(torch, choose_dtype(name, dtype, has_bfloat16=has_bfloat16))


def choose_dtype(device: str, dtype: str, *, has_bfloat16: bool) -> str:
    """Name the dtype that a device computes in; "auto" takes the best.

    has_bfloat16: whether its circuits know this format; a library that imitates it is slow.
    Raises DeviceMissing for one that the device does not know.
    """
    if dtype == "auto":
        return BEST_DTYPES[device] if has_bfloat16 else OLD_CARD_DTYPE
    if dtype == "bfloat16" and not has_bfloat16:
        raise DeviceMissing(
            f"This card does not compute in bfloat16. Start with --dtype {OLD_CARD_DTYPE}."
        )
    return dtype


def torch_build() -> TorchBuild:
    """Ask torch what it was built for, and whether its CUDA device starts."""
    words, is_available = None, False
    architectures: list[str] = []
    capability = None
    # What is wrong with a driver comes as a warning, or as the error of the first call.
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            is_available = torch.cuda.is_available()
            if is_available:
                architectures = torch.cuda.get_arch_list()
                capability = torch.cuda.get_device_capability()
        except RuntimeError as error:
            is_available, words = False, str(error)
    if warned and words is None:
        words = str(warned[-1].message)
    return TorchBuild(
        torch.__version__,
        torch.version.cuda,
        torch.version.hip,
        is_available,
        tuple(architectures),
        capability,
        words and words.strip().splitlines()[0],
    )


def find_gpu_fault(build: TorchBuild | None = None) -> GpuFault | None:
    """Say why a GPU that is there cannot be used; None where there is none, or it can.

    build: what torch tells of itself, if it was asked already.
    """
    build = build or torch_build()
    if build.is_usable:
        return None
    return why_unused(look(), build, os.environ.get("CUDA_VISIBLE_DEVICES"))


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


def memory_holders(device: torch.device) -> str:
    """Say which other programs hold memory of a card; "" where the driver does not tell."""
    if device.type != "cuda" or torch.version.hip is not None:
        return ""
    # Older versions of torch do not know it.
    uuid = getattr(torch.cuda.get_device_properties(device), "uuid", None)
    return tell_holders(look(), f"GPU-{uuid}", os.getpid())


def describe_torch() -> str:
    """Say what torch was built for, and what it computes with here, in a line."""
    build = torch_build()
    platforms = {"CUDA": build.cuda, "ROCm": build.hip}
    named = [f"{name} {version}" for name, version in platforms.items() if version]
    parts = [f"{build.version}, built for {named[0] if named else 'no NVIDIA or AMD card'}"]
    if build.is_available:
        parts.append(f"uses {torch.cuda.get_device_name()}")
    if torch.backends.mps.is_available():
        parts.append("uses Metal")
    # Said, because nobody tried it: such a card is there, and the CPU answers.
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        parts.append("has an Intel GPU (XPU), which Moonsight does not use")
    return ", ".join([*parts, f"CPU code for {torch.backends.cpu.get_cpu_capability()}"])


def describe_memory() -> str:
    """Say how much memory programs may still take."""
    free = free_bytes(torch.device("cpu"))
    return "not told by this system" if free is None else f"{free / 1e9:.1f} GB free"
