"""What this computer is, as far as it can be told without torch."""

import os
import platform
import re
import sys
from pathlib import Path

from doctor.packages import required, version_of
from doctor.report import Report
from moondream2.gpu import Card, Nvidia, look

# There where Linux has a driver for AMD's cards.
KFD = Path("/dev/kfd")
CPUINFO = Path("/proc/cpuinfo")
PROCESSOR = re.compile(r"^model name\s*: *(.+)$", re.MULTILINE)


def tell_computer(report: Report, seen: Nvidia | None = None) -> None:
    """Tell Python, the packages, the processor and NVIDIA's cards, one by one."""
    tell_programs(report)
    report.tell("Processor", f"{_processor()}, {os.cpu_count()} cores")
    seen = seen or look()
    for line in _cards(seen):
        report.tell("GPU", line)


def tell_programs(report: Report) -> None:
    """Tell Python and the packages."""
    system = f"{platform.system()} {platform.release()} ({platform.machine()})"
    report.tell("Python", f"{platform.python_version()} on {system}")
    report.tell("Packages", ", ".join(f"{name} {version_of(name)}" for name in required()))


def _cards(seen: Nvidia) -> list[str]:
    if not seen.cards:
        # Whether it matters is said once torch was asked.
        if seen.is_here:
            said = f": nvidia-smi says {seen.complaint}" if seen.complaint else ""
            return [f"an NVIDIA card that cannot be asked{said}"]
        amd = ", an AMD one: torch's ROCm build may use it, which nobody tried here yet"
        return ["no NVIDIA card" + (amd if KFD.exists() else "")]
    return [_card(each, seen) for each in seen.cards]


def _card(card: Card, seen: Nvidia) -> str:
    parts = [card.name]
    if card.total_bytes and card.free_bytes is not None:
        parts.append(f"{card.free_bytes / 1e9:.1f} of {card.total_bytes / 1e9:.1f} GB free")
    if card.capability:
        parts.append("compute capability {}.{}".format(*card.capability))
    parts.append(f"driver {seen.driver} for CUDA {seen.cuda}")
    held = [
        f"{each.program} {each.n_bytes / 1e9:.1f} GB" if each.n_bytes else each.program
        for each in seen.holders
        if each.uuid == card.uuid
    ]
    return ", ".join(parts) + (f"; its memory is held by {', '.join(held)}" if held else "")


def _processor() -> str:
    told = PROCESSOR.search(CPUINFO.read_text()) if CPUINFO.is_file() else None
    return told[1] if told else platform.processor() or f"{platform.machine()}, {sys.platform}"
