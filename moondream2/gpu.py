"""Which NVIDIA cards this computer shows, and who holds their memory.

Found without torch, which may be what is at fault: from NVIDIA's own `nvidia-smi`, and from what
the system tells where that is silent. AMD's and Intel's cards are torch's business alone.
"""

import re
import shutil
import subprocess
from bisect import bisect
from dataclasses import dataclass
from pathlib import Path

SMI = "nvidia-smi"
SMI_TIMEOUT_S = 5.0
CARD_FIELDS = "uuid,name,driver_version,memory.total,memory.free"
HOLDER_FIELDS = "gpu_uuid,pid,used_memory,process_name"
CUDA_VERSION = re.compile(r"CUDA (?:UMD )?Version *: *(\d+)\.")
DRIVER_VERSION = re.compile(r"(?:Module(?: for \S+)?) +(\d+(?:\.\d+)+)")
MEBIBYTE = 2**20

# From which driver on each major version of CUDA runs, all its minor ones included.
CUDA_DRIVERS = {11: 450, 12: 525, 13: 580}

# PCI's numbers for NVIDIA and for everything that displays or computes like it.
NVIDIA_VENDOR, DISPLAY_CLASS = "0x10de", "0x03"


@dataclass(frozen=True)
class Card:
    """One card. capability: NVIDIA's number for what it can compute, None where untold."""

    uuid: str
    name: str
    total_bytes: int | None = None
    free_bytes: int | None = None
    capability: tuple[int, int] | None = None


@dataclass(frozen=True)
class Holder:
    """A program that holds memory of a card. n_bytes: None where the driver does not tell."""

    uuid: str
    pid: int
    program: str
    n_bytes: int | None = None


@dataclass(frozen=True)
class Nvidia:
    """All that can be seen of NVIDIA's cards.

    cuda: the newest major version of CUDA that the driver runs. complaint: what nvidia-smi says
    when it fails. is_on_bus: a card is plugged in. has_device: programs can open it.
    has_windows_driver, has_dxg: Windows around this WSL has a driver, and passes GPUs through.
    """

    cards: tuple[Card, ...] = ()
    holders: tuple[Holder, ...] = ()
    driver: str | None = None
    cuda: int | None = None
    complaint: str | None = None
    is_on_bus: bool = False
    has_device: bool = False
    is_container: bool = False
    is_wsl: bool = False
    has_windows_driver: bool = False
    has_dxg: bool = False

    @property
    def is_here(self) -> bool:
        """Whether this computer has such a card at all."""
        signs = (self.cards, self.driver, self.is_on_bus, self.has_device, self.has_windows_driver)
        return any(signs)


def look(root: Path = Path("/")) -> Nvidia:
    """See what is there; takes a moment where there is a card. root: of the file system."""
    smi = shutil.which(SMI) or _file(root / "usr/lib/wsl/lib" / SMI)
    listed, complaint = _ask(smi, f"--query-gpu={CARD_FIELDS}") if smi else ([], None)
    abilities = dict(_pairs(_ask(smi, "--query-gpu=uuid,compute_cap")[0])) if smi and listed else {}
    holders = _ask(smi, f"--query-compute-apps={HOLDER_FIELDS}")[0] if smi and listed else []
    driver = listed[0][2] if listed and len(listed[0]) > 2 else _loaded_driver(root)
    release = _text(root / "proc/sys/kernel/osrelease").lower()
    return Nvidia(
        cards=tuple(_card(row, abilities) for row in listed if len(row) == 5),
        holders=tuple(_holder(row) for row in holders if len(row) == 4 and row[1].isdigit()),
        driver=driver,
        cuda=_cuda(smi if listed else None, driver),
        complaint=complaint,
        is_on_bus=any(map(_is_nvidia, (root / "sys/bus/pci/devices").glob("*"))),
        has_device=(root / "dev/nvidia0").exists(),
        is_container=any((root / each).exists() for each in (".dockerenv", "run/.containerenv")),
        is_wsl="microsoft" in release,
        has_windows_driver=(root / "mnt/c/Windows/System32/nvidia-smi.exe").exists(),
        has_dxg=(root / "dev/dxg").exists(),
    )


def _ask(smi: str, query: str) -> tuple[list[list[str]], str | None]:
    """Rows that nvidia-smi answers with, or its complaint."""
    text, complaint = _run(smi, query, "--format=csv,noheader,nounits")
    n_splits = query.count(",")
    # A program's name stands last, and may have commas of its own.
    rows = [[each.strip() for each in line.split(",", n_splits)] for line in text.splitlines()]
    return [row for row in rows if len(row) == n_splits + 1], complaint


def _run(smi: str, *arguments: str) -> tuple[str, str | None]:
    """What nvidia-smi prints, or "" and its complaint."""
    try:
        done = subprocess.run(
            [smi, *arguments], capture_output=True, timeout=SMI_TIMEOUT_S, errors="replace"
        )
    except subprocess.TimeoutExpired:
        return "", f"nothing for {SMI_TIMEOUT_S:.0f} s"
    except OSError as error:
        return "", error.strerror
    if done.returncode == 0:
        return done.stdout, None
    lines = [*done.stdout.split("\n"), *done.stderr.split("\n")]
    said = next((line.strip() for line in lines if line.strip()), f"code {done.returncode}")
    return "", said.rstrip(".")


def _card(row: list[str], abilities: dict[str, str]) -> Card:
    uuid, name, _, total, free = row
    capability = re.fullmatch(r"(\d+)\.(\d+)", abilities.get(uuid, ""))
    return Card(
        uuid,
        name,
        _bytes(total),
        _bytes(free),
        (int(capability[1]), int(capability[2])) if capability else None,
    )


def _holder(row: list[str]) -> Holder:
    uuid, pid, used, name = row
    # A path may hold its user's name.
    return Holder(uuid, int(pid), re.split(r"[/\\]", name)[-1], _bytes(used))


def _bytes(mebibytes: str) -> int | None:
    return int(mebibytes) * MEBIBYTE if mebibytes.isdigit() else None


def _pairs(rows: list[list[str]]) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in rows]


def _cuda(smi: str | None, driver: str | None) -> int | None:
    """CUDA's major version as nvidia-smi's table tells it; otherwise it follows from the driver."""
    if smi and (told := CUDA_VERSION.search(_run(smi)[0])):
        return int(told[1])
    branch = (driver or "").partition(".")[0]
    if not branch.isdigit():
        return None
    place = bisect(list(CUDA_DRIVERS.values()), int(branch))
    return list(CUDA_DRIVERS)[place - 1] if place else 0


def _loaded_driver(root: Path) -> str | None:
    told = DRIVER_VERSION.search(_text(root / "proc/driver/nvidia/version"))
    return told[1] if told else None


def _is_nvidia(device: Path) -> bool:
    is_display = _text(device / "class").startswith(DISPLAY_CLASS)
    return is_display and _text(device / "vendor").strip() == NVIDIA_VENDOR


def _text(path: Path) -> str:
    """A file of the system's, "" where there is none."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _file(path: Path) -> str | None:
    return str(path) if path.is_file() else None
