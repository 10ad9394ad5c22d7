"""A GPU that cannot be used is told with the cause that was seen and the remedy that fits it."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moondream2 import gpu_faults
from moondream2.gpu import Card, Holder, Nvidia
from moondream2.gpu_faults import (
    BUILDS,
    TORCH,
    GpuFault,
    TorchBuild,
    fitting_build,
    tell_broken,
    tell_holders,
    this_python,
    why_unused,
)

ROOT = Path(__file__).parents[2]
CPU_BUILD = TorchBuild("2.13.0+cpu")
CUDA_13 = TorchBuild("2.13.0", cuda="13.0")
CUDA_12 = TorchBuild("2.13.0+cu126", cuda="12.6")
ROCM = TorchBuild("2.13.0+rocm6.4", hip="6.4")
STARTED = {"is_available": True, "architectures": ("sm_75", "sm_80", "sm_86", "sm_90", "sm_120")}


def computer(name: str, capability: tuple[int, int], driver: str, cuda: int) -> Nvidia:
    card = Card("GPU-1", name, capability=capability)
    return Nvidia(cards=(card,), driver=driver, cuda=cuda, has_device=True, is_on_bus=True)


RTX_3090 = computer("RTX 3090", (8, 6), "580.65.06", 13)
OLDER_DRIVER = computer("RTX 3090", (8, 6), "535.183.01", 12)
GTX_1080 = computer("GTX 1080", (6, 1), "580.65.06", 13)
RTX_5090 = computer("RTX 5090", (12, 0), "570.86.10", 12)
K80 = computer("Tesla K80", (3, 7), "470.82.01", 11)
ANCIENT = computer("GTX 680", (3, 0), "390.157", 0)
WSL = Nvidia(is_wsl=True, has_windows_driver=True)
UNPLUGGED = Nvidia()
ON_BUS = Nvidia(is_on_bus=True)
BOXED = Nvidia(is_on_bus=True, is_container=True, driver="550.54.14", cuda=12)


def index(build: str) -> str:
    return f"--index-url https://download.pytorch.org/whl/{build}"


@pytest.mark.parametrize(
    ("seen", "build", "cause", "remedy"),
    [
        (RTX_3090, CPU_BUILD, "RTX 3090 .* built for the CPU alone", index("cu130")),
        (OLDER_DRIVER, CPU_BUILD, "built for the CPU alone", index("cu126")),
        (RTX_5090, CPU_BUILD, "built for the CPU alone", index("cu128")),
        (GTX_1080, CPU_BUILD, "built for the CPU alone", index("cu126")),
        (RTX_3090, ROCM, r"AMD's cards \(ROCm\)", index("cu130")),
        (
            OLDER_DRIVER,
            CUDA_13,
            r"CUDA 13\.0, for which the driver 535\.183\.01 is too old",
            "driver to 580 or newer, or install .* " + index("cu126"),
        ),
        (K80, CUDA_12, r"no build of torch.* has code for its compute capability 3\.7", None),
        (ANCIENT, CPU_BUILD, r"compute capability 3\.0", None),
        (replace(GTX_1080, cuda=0), CPU_BUILD, "built for the CPU", "driver to 525 or newer"),
        (replace(RTX_3090, cuda=0), CPU_BUILD, "built for the CPU", "driver to 580 or newer"),
        (WSL, CPU_BUILD, "does not pass it through", "wsl --update"),
        (replace(WSL, has_dxg=True), CPU_BUILD, "does not reach this WSL", "newest driver"),
        (BOXED, CUDA_12, "not passed into this container", "--gpus all"),
        (ON_BUS, CUDA_12, "driver is not installed", "install the driver"),
        (
            replace(BOXED, is_container=False, complaint="Driver/library version mismatch"),
            CUDA_12,
            "driver was updated, and the old one still runs",
            "restart the computer",
        ),
        (
            replace(ON_BUS, complaint="No devices were found"),
            CUDA_12,
            'nvidia-smi says "No devices were found"',
            "install NVIDIA's driver again",
        ),
        (
            GTX_1080,
            replace(CUDA_13, capability=(6, 1), **STARTED),
            r"no code for its compute capability 6\.1, only for sm_75, sm_80",
            index("cu126"),
        ),
        (
            RTX_3090,
            replace(CUDA_13, words="CUDA unknown error - this may be due to a broken setup."),
            "finds no device, and says: CUDA unknown error - this may be due to a broken setup",
            "restart",
        ),
    ],
)
def test_gpu_that_cannot_be_used_is_told_with_cause_and_remedy(seen, build, cause, remedy):
    fault = why_unused(seen, build)
    assert fault is not None
    assert re.search(cause, fault.cause)
    assert fault.cause.endswith(".")
    if remedy is None:
        assert fault.remedy is None
    else:
        assert re.search(remedy, fault.remedy)
    assert "\n" not in str(fault)


@pytest.mark.parametrize(
    ("seen", "build"),
    [
        (UNPLUGGED, CUDA_13),
        (UNPLUGGED, CPU_BUILD),
        (Nvidia(complaint="No devices were found"), CUDA_13),
        (Nvidia(is_container=True), CUDA_13),
        (Nvidia(is_wsl=True, has_dxg=True), CPU_BUILD),
        (RTX_3090, replace(CUDA_13, capability=(8, 6), **STARTED)),
        (UNPLUGGED, replace(ROCM, is_available=True)),
    ],
)
def test_no_card_and_a_card_that_works_are_no_fault(seen, build):
    """torch built for CUDA on a computer without any card was the ordinary first start."""
    assert why_unused(seen, build) is None


def test_card_that_can_do_most_is_the_one_that_is_told_of():
    """A small card for the screen stood first, and was all that was spoken of."""
    two = replace(RTX_3090, cards=(*K80.cards, *RTX_3090.cards))
    assert "RTX 3090" in why_unused(two, CPU_BUILD).cause


def test_card_that_a_variable_hides_is_told_so():
    fault = why_unused(RTX_3090, CUDA_13, hidden_by="-1")
    assert 'CUDA_VISIBLE_DEVICES is "-1"' in fault.cause


def test_driver_is_not_to_be_updated_for_a_build_without_code_for_the_card():
    """A GTX 1080 gained nothing from a driver for CUDA 13: that has no code for it."""
    old = computer("GTX 1080", (6, 1), "535.183.01", 12)
    fault = why_unused(old, CUDA_13)
    assert "update" not in fault.remedy
    assert index("cu126") in fault.remedy


@pytest.mark.parametrize(
    ("architectures", "capability", "has_code"),
    [
        (("sm_86",), (8, 6), True),
        (("sm_80",), (8, 9), True),
        (("sm_86",), (8, 0), False),
        (("sm_75", "sm_80"), (12, 0), False),
        (("sm_75", "compute_90"), (12, 0), True),
        (("compute_90",), (8, 6), False),
        (("sm_90a",), (9, 0), True),
        (("sm_90a",), (9, 1), False),
        (("sm_120", "sm_100f"), (10, 3), True),
        (("gfx90a",), (9, 0), False),
        ((), (5, 0), True),
    ],
)
def test_code_runs_on_later_cards_of_its_generation(architectures, capability, has_code):
    build = TorchBuild("2", "13.0", None, True, architectures, capability)
    assert build.has_code is build.is_usable is has_code


@given(st.none() | st.integers(0, 14), st.none() | st.tuples(st.integers(2, 13), st.integers(0, 9)))
def test_build_that_is_named_fits_driver_and_card(cuda, capability):
    name = fitting_build(cuda, capability)
    for each, major, low, high in BUILDS:
        if each == name:
            assert cuda is None or major <= cuda
            assert capability is None or low <= capability < high
    if cuda is not None and cuda >= 12 and capability is not None and capability >= (5, 0):
        assert name is not None


@given(
    cards=st.booleans(),
    driver=st.none() | st.sampled_from(["390.157", "470.82.01", "535.183.01", "580.65.06"]),
    cuda=st.none() | st.integers(0, 14),
    complaint=st.none() | st.text(),
    flags=st.tuples(*[st.booleans()] * 6),
    build=st.sampled_from([CPU_BUILD, CUDA_12, CUDA_13, ROCM]),
    hidden_by=st.none() | st.text(max_size=3),
)
def test_card_that_is_seen_and_not_usable_always_has_a_fault(
    cards, driver, cuda, complaint, flags, build, hidden_by
):
    names = ("is_on_bus", "has_device", "is_container", "is_wsl", "has_windows_driver", "has_dxg")
    seen = Nvidia(
        cards=(Card("GPU-1", "RTX 3090", capability=(8, 6)),) if cards else (),
        driver=driver,
        cuda=cuda,
        complaint=complaint,
        **dict(zip(names, flags, strict=True)),
    )
    assert (why_unused(seen, build, hidden_by) is not None) is seen.is_here


def test_command_that_is_to_be_pasted_ends_its_sentence_without_a_full_stop():
    assert str(why_unused(RTX_3090, CPU_BUILD)).endswith("/whl/cu130")
    assert str(why_unused(ON_BUS, CUDA_12)).endswith("computer.")
    assert str(GpuFault("It is too old.", None)) == "It is too old."


def test_build_that_is_named_is_one_that_the_requirements_keep():
    assert TORCH in (ROOT / "requirements.txt").read_text().splitlines()


def test_fault_in_the_readme_is_what_is_really_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gpu_faults, "this_python", lambda: ".venv/bin/python")
    seen = computer("NVIDIA GeForce RTX 3090", (8, 6), "535.183.01", 12)
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert f"FAULT GPU {why_unused(seen, CUDA_13)}" in readme


def test_python_is_named_as_it_is_called_from_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv/bin/python"))
    assert this_python() == ".venv/bin/python"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir("/")
    monkeypatch.setattr(Path, "cwd", lambda: Path("/nowhere"))
    assert this_python() == "~/.venv/bin/python"


HOLDERS = (
    Holder("GPU-1", 1, "Xorg", 300 * 10**6),
    Holder("GPU-1", 2, "blender", 6_200 * 10**6),
    Holder("GPU-1", 3, "python", 9_000 * 10**6),
    Holder("GPU-2", 4, "python", 9_000 * 10**6),
    Holder("GPU-1", 5, "game.exe"),
)


def test_programs_that_hold_memory_of_this_card_are_told_without_oneself():
    told = tell_holders(Nvidia(holders=HOLDERS), "GPU-1", own_pid=3)
    assert told.endswith(": blender (6.2 GB), Xorg (0.3 GB), game.exe.")
    assert tell_holders(Nvidia(), "GPU-1", own_pid=3) == ""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError("libcudart.so.13: cannot open shared object file"),
            "torch cannot be loaded: li",
        ),
        (ImportError("No module named 'torch'", name="torch"), "torch cannot be loaded: No module"),
        (
            ImportError("a\nDLL load failed.", name="tokenizers.x"),
            "tokenizers cannot be loaded: DLL",
        ),
        (OSError(), "torch cannot be loaded: OSError."),
    ],
)
def test_package_that_cannot_be_loaded_is_told_with_the_remedy(error, words):
    assert tell_broken(error).startswith(words)
    assert tell_broken(error).endswith("-m pip install --force-reinstall -r requirements.txt")
