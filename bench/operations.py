"""Where a device's time goes: its operations while something runs, the longest first."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.profiler import ProfilerActivity, profile

from bench.floor import synchronise


@dataclass(frozen=True)
class Operation:
    """One kernel of a GPU, or one operation of a processor, as often as one run needs it."""

    name: str
    microseconds: float
    count: float


def operations(work: Callable[[int], object], n_runs: int, device: torch.device) -> list[Operation]:
    """What a device does in `n_runs` equal runs of `work(n_runs)`; figures are of one of them."""
    is_cuda = device.type == "cuda"
    synchronise(device)
    with profile(activities=[ProfilerActivity.CUDA if is_cuda else ProfilerActivity.CPU]) as seen:
        work(n_runs)
        synchronise(device)
    time = "self_device_time_total" if is_cuda else "self_cpu_time_total"
    found = [
        Operation(each.key, getattr(each, time) / n_runs, each.count / n_runs)
        for each in seen.key_averages()
        if getattr(each, time) > 0
    ]
    return sorted(found, key=lambda each: each.microseconds, reverse=True)
