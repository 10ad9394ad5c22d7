"""Why a GPU that is there cannot be used, and what helps: from what was seen to one sentence.

Pure: `gpu.py` sees the cards, `device.py` asks torch. A cause is named only where it was seen.
"""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from moondream2.gpu import CUDA_DRIVERS, Card, Nvidia

# As requirements.txt asks for it: what is installed by this command stays.
TORCH = "torch>=2.6,<=2.13.0"
INDEX_URL = "https://download.pytorch.org/whl"

# Builds of torch, the newest first: major version of CUDA, and which capabilities each has code
# for, from the first and below the second.
BUILDS = (
    ("cu130", 13, (7, 5), (99, 0)),
    ("cu128", 12, (10, 0), (99, 0)),
    ("cu126", 12, (5, 0), (10, 0)),
    ("cu118", 11, (5, 0), (10, 0)),
)
# Where the driver does not tell: what every build has code for.
COMMON_CAPABILITY = (7, 5)

MAX_HOLDERS = 4
ARCHITECTURE = re.compile(r"(sm|compute)_(\d+)(\d)([af]?)")


@dataclass(frozen=True)
class TorchBuild:
    """What torch tells of itself and of the card it would use.

    cuda, hip: which version of NVIDIA's or AMD's platform it was built for. architectures: which
    cards it has code for. words: what it says about a device that does not start.
    """

    version: str
    cuda: str | None = None
    hip: str | None = None
    is_available: bool = False
    architectures: tuple[str, ...] = ()
    capability: tuple[int, int] | None = None
    words: str | None = None

    @property
    def is_usable(self) -> bool:
        """Whether torch has a device by the name of cuda, and code for it."""
        return self.is_available and (self.hip is not None or self.has_code)

    @property
    def has_code(self) -> bool:
        """Whether there is code for the card, as far as it is known."""
        if not self.architectures or self.capability is None:
            return True
        return any(_runs(each, self.capability) for each in self.architectures)


@dataclass(frozen=True)
class GpuFault:
    """cause: a sentence. remedy: what helps, from a verb on; None where nothing does."""

    cause: str
    remedy: str | None

    @property
    def help(self) -> str:
        """The remedy as a sentence. One that ends with a command ends without a full stop."""
        if self.remedy is None:
            return ""
        return f"To use the card, {self.remedy}{'' if INDEX_URL in self.remedy else '.'}"

    def __str__(self) -> str:
        return f"{self.cause} {self.help}".rstrip()


def why_unused(seen: Nvidia, build: TorchBuild, hidden_by: str | None = None) -> GpuFault | None:
    """Say why a card that was seen is of no use; None where none was seen, or torch can use it.

    hidden_by: what CUDA_VISIBLE_DEVICES says, None where it is not set.
    """
    if build.is_usable or not seen.is_here:
        return None
    return _no_driver(seen) or _no_build(seen, build) or _no_start(seen, build, hidden_by)


def _no_driver(seen: Nvidia) -> GpuFault | None:
    """The card cannot be reached by any program."""
    if seen.cards:
        return None
    said = seen.complaint or ""
    if seen.is_wsl and not seen.has_dxg:
        return GpuFault(
            "Windows has an NVIDIA card, and this WSL does not pass it through.",
            "run wsl --update and wsl --shutdown in Windows, with this system as WSL 2",
        )
    if seen.is_wsl:
        return GpuFault(
            f"Windows has an NVIDIA card, and its driver does not reach this WSL{_quoted(said)}.",
            "install NVIDIA's newest driver in Windows (none in WSL), then run wsl --shutdown",
        )
    if seen.is_container and not seen.has_device:
        return GpuFault(
            "The NVIDIA card of this computer is not passed into this container.",
            "start the container with --gpus all",
        )
    if "version mismatch" in said:
        return GpuFault(
            "The NVIDIA card is not used: its driver was updated, and the old one still runs.",
            "restart the computer",
        )
    if seen.complaint:
        return GpuFault(
            f"The NVIDIA card is not used: its driver does not work{_quoted(said)}.",
            "restart the computer, or install NVIDIA's driver again",
        )
    if seen.driver is None:
        return GpuFault(
            "The NVIDIA card of this computer is not used: NVIDIA's driver is not installed.",
            "install the driver and restart the computer",
        )
    return None


def _no_build(seen: Nvidia, build: TorchBuild) -> GpuFault | None:
    """torch was built for other cards or drivers."""
    card = _best_card(seen)
    not_used = f"The {card.name} is not used: torch {build.version}"
    if card.capability is not None and fitting_build(None, card.capability) is None:
        told = "{}.{}".format(*card.capability)
        cause = f"The {card.name} is not used: no build of {TORCH} has code for its compute"
        return GpuFault(f"{cause} capability {told}.", None)
    install = _install(seen.cuda, card.capability)
    if build.cuda is None:
        what = "AMD's cards (ROCm)" if build.hip else "the CPU alone, without CUDA"
        return GpuFault(f"{not_used} is built for {what}.", install or _update(seen, card))
    needed = int(build.cuda.partition(".")[0])
    if seen.cuda is not None and seen.cuda < needed:
        cause = (
            f"{not_used} is built for CUDA {build.cuda}, for which the driver {seen.driver} is too"
            " old."
        )
        remedies = [_update(seen, card, needed), install]
        return GpuFault(cause, ", or ".join(each for each in remedies if each) or None)
    if build.is_available and not build.has_code:
        major, minor = build.capability or (0, 0)
        cause = (
            f"{not_used} has no code for its compute capability {major}.{minor}, only for"
            f" {', '.join(build.architectures)}."
        )
        return GpuFault(cause, _install(seen.cuda, build.capability))
    return None


def _no_start(seen: Nvidia, build: TorchBuild, hidden_by: str | None) -> GpuFault:
    """Driver and torch fit, and still there is no device."""
    name = _best_card(seen).name
    if hidden_by is not None and not build.words:
        return GpuFault(
            f'The {name} is not used: CUDA_VISIBLE_DEVICES is "{hidden_by}", which hides it.',
            "start without that variable",
        )
    said = f", and says: {build.words.rstrip('.')}" if build.words else ""
    return GpuFault(
        f"The {name} is not used: torch {build.version}, built for CUDA {build.cuda}, finds no"
        f" device{said}.",
        "restart the computer, or update NVIDIA's driver",
    )


def _best_card(seen: Nvidia) -> Card:
    """The card that CUDA, too, would count as the first, for all that is known."""
    cards = seen.cards or (Card("", "NVIDIA card"),)
    return max(cards, key=lambda each: each.capability or (0, 0))


def _install(cuda: int | None, capability: tuple[int, int] | None) -> str | None:
    """How a build that fits is installed into this Python; None where there is none."""
    build = fitting_build(cuda, capability)
    if build is None:
        return None
    # Forced, because pip is content with a version that is there, whatever it was built for.
    return (
        f"install a build of torch that fits: {this_python()} -m pip install --force-reinstall"
        f' "{TORCH}" --index-url {INDEX_URL}/{build}'
    )


def fitting_build(cuda: int | None, capability: tuple[int, int] | None) -> str | None:
    """The newest build of torch for a driver's CUDA and a card; None where there is none."""
    able = capability or COMMON_CAPABILITY
    most = max(CUDA_DRIVERS) if cuda is None else cuda
    fits = (name for name, major, low, high in BUILDS if major <= most and low <= able < high)
    return next(fits, None)


def _update(seen: Nvidia, card: Card, needed: int | None = None) -> str | None:
    """Which driver helps, where one can: torch must have a build for this card and that driver."""
    majors = [needed] if needed else sorted(CUDA_DRIVERS, reverse=True)
    for major in majors:
        build = fitting_build(major, card.capability)
        is_for_it = build is not None and build.startswith(f"cu{major}")
        if is_for_it and major in CUDA_DRIVERS and major > (seen.cuda or 0):
            return f"update NVIDIA's driver to {CUDA_DRIVERS[major]} or newer"
    return None


def tell_holders(seen: Nvidia, uuid: str, own_pid: int) -> str:
    """Say which other programs hold memory of the card `uuid`, the largest first; "" for none."""
    others = [each for each in seen.holders if each.uuid == uuid and each.pid != own_pid]
    others.sort(key=lambda each: each.n_bytes or 0, reverse=True)
    told = [
        each.program + (f" ({each.n_bytes / 1e9:.1f} GB)" if each.n_bytes else "")
        for each in others[:MAX_HOLDERS]
    ]
    return f"Other programs that hold memory there: {', '.join(told)}." if told else ""


def _runs(architecture: str, capability: tuple[int, int]) -> bool:
    """Whether code for an architecture, such as sm_86 or compute_90, runs on a card."""
    read = ARCHITECTURE.fullmatch(architecture)
    if read is None:
        return False
    kind, built_for = read[1], (int(read[2]), int(read[3]))
    if read[4] == "a":
        return built_for == capability
    # Code that is finished runs within its generation, code that is not on all later ones, too.
    return built_for <= capability and (kind == "compute" or built_for[0] == capability[0])


def tell_broken(error: ImportError | OSError) -> str:
    """Say that a package, mostly torch, is installed and cannot be loaded."""
    package = (getattr(error, "name", None) or "torch").partition(".")[0]
    said = (str(error).strip() or type(error).__name__).splitlines()[-1].rstrip(".")
    return (
        f"{package} cannot be loaded: {said}. Install the packages again: {this_python()} -m pip"
        " install --force-reinstall -r requirements.txt"
    )


def _quoted(said: str) -> str:
    return f' (nvidia-smi says "{said}")' if said else ""


def this_python() -> str:
    """How the running Python is called from where it was started, without the user's name."""
    path = Path(sys.executable)
    if path.is_relative_to(Path.cwd()):
        return str(path.relative_to(Path.cwd()))
    if path.is_relative_to(Path.home()):
        return os.path.join("~", path.relative_to(Path.home()))
    return str(path)
