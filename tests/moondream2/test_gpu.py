"""NVIDIA's cards are seen as its tool and the system tell them, in WSL and in containers, too."""

from collections.abc import Callable
from pathlib import Path

import pytest

from moondream2.gpu import MEBIBYTE, Card, Holder, Nvidia, look
from tests.fake_smi import UUID, FakeSmi

OTHER = "GPU-11111111-2222-3333-4444-555555555555"
MODULE = (
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n"
    "GCC version:  gcc version 12.3.0\n"
)
OPEN_MODULE = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (dvs)\n"
)

See = Callable[..., Nvidia]


@pytest.fixture
def see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> See:
    """Look at a computer that consists of these files, and of this nvidia-smi if there is one."""

    def see(smi: FakeSmi | None = None, **files: str) -> Nvidia:
        root = tmp_path / "root"
        for path, text in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        if smi is not None:
            for name, value in smi.write(tmp_path / "bin").items():
                monkeypatch.setenv(name, value)
        else:
            # This computer's own tool would tell of its own card.
            monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        if "usr/lib/wsl/lib/nvidia-smi" in files:
            (root / "usr/lib/wsl/lib/nvidia-smi").chmod(0o755)
        return look(root)

    return see


def on_bus(vendor: str = "0x10de", kind: str = "0x030000") -> dict[str, str]:
    device = "sys/bus/pci/devices/0000:01:00.0"
    return {f"{device}/vendor": f"{vendor}\n", f"{device}/class": f"{kind}\n"}


def test_computer_without_a_card_shows_none(see: See):
    assert see() == Nvidia()
    assert not see().is_here


def test_card_is_seen_with_its_driver_its_memory_and_what_it_can_compute(see: See):
    seen = see(FakeSmi())
    name, total, free = "NVIDIA GeForce RTX 3090", 24576 * MEBIBYTE, 23011 * MEBIBYTE
    assert seen.cards == (Card(UUID, name, total, free, (8, 6)),)
    assert (seen.driver, seen.cuda, seen.complaint) == ("550.54.14", 12, None)
    assert seen.is_here


def test_card_of_a_driver_that_does_not_know_every_field_is_seen_all_the_same(see: See):
    seen = see(FakeSmi(f"{UUID}, Tesla K80, 418.87.01, 11441, 11430", None, cuda="10.1"))
    assert [(each.name, each.capability) for each in seen.cards] == [("Tesla K80", None)]
    assert (seen.driver, seen.cuda) == ("418.87.01", 10)


def test_what_a_driver_does_not_tell_is_left_open(see: See):
    seen = see(FakeSmi(f"{UUID}, NVIDIA GB10, 580.95.05, [N/A], [N/A]", "12.1", cuda="13.0"))
    assert seen.cards == (Card(UUID, "NVIDIA GB10", None, None, (12, 1)),)


def test_programs_that_hold_memory_are_told_by_their_names_alone(see: See):
    """A program's path may hold the name of its user, and commas."""
    rows = (
        f"{UUID}, 4242, 6210, /home/ann/my, own/blender\n"
        f"{UUID}, 77, [N/A], C:\\Users\\ann\\game.exe\n"
        f"{OTHER}, 78, 512, python\n"
        "[Insufficient Permissions], , ,\n"
    )
    assert see(FakeSmi(holders=rows)).holders == (
        Holder(UUID, 4242, "blender", 6210 * MEBIBYTE),
        Holder(UUID, 77, "game.exe", None),
        Holder(OTHER, 78, "python", 512 * MEBIBYTE),
    )


def test_newest_cuda_of_a_driver_is_read_from_either_header(see: See, tmp_path: Path):
    smi = FakeSmi(f"{UUID}, NVIDIA RTX A2000, 590.44.01, 12288, 11000")
    smi.write(tmp_path / "bin")
    assert see(smi).cuda == 12
    path = tmp_path / "bin" / "nvidia-smi"
    renamed = path.read_text().replace("CUDA Version: 12.4", "CUDA UMD Version: 13.1")
    path.write_text(renamed)
    assert look(tmp_path).cuda == 13


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make"),
        (18, "Failed to initialize NVML: Driver/library version mismatch"),
        (6, "No devices were found"),
    ],
)
def test_complaint_of_the_tool_is_kept_in_its_own_words(see: See, code: int, words: str):
    seen = see(FakeSmi(failure=(code, words)))
    assert (seen.complaint, seen.cards, seen.is_here) == (words, (), False)


def test_tool_that_says_nothing_is_not_waited_for(see: See, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("moondream2.gpu.SMI_TIMEOUT_S", 0.2)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/nvidia-smi").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "bin/nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert look(tmp_path).complaint == "nothing for 0 s"


def test_tool_that_cannot_run_is_a_complaint(see: See, tmp_path: Path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/nvidia-smi").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "bin/nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert look(tmp_path).complaint == "Exec format error"


@pytest.mark.parametrize(
    ("text", "driver", "cuda"), [(MODULE, "535.183.01", 12), (OPEN_MODULE, "580.65.06", 13)]
)
def test_driver_is_seen_without_its_tool(see: See, text: str, driver: str, cuda: int):
    seen = see(**on_bus(), **{"proc/driver/nvidia/version": text, "dev/nvidia0": ""})
    assert (seen.driver, seen.cuda, seen.has_device, seen.is_on_bus) == (driver, cuda, True, True)


@pytest.mark.parametrize(
    ("vendor", "kind", "is_card"),
    [
        ("0x10de", "0x030000", True),
        ("0x10de", "0x030200", True),
        ("0x10de", "0x040300", False),
        ("0x1002", "0x030000", False),
        ("0x8086", "0x030000", False),
    ],
    ids=["display", "3D", "its sound", "AMD", "Intel"],
)
def test_card_is_seen_on_the_bus_without_any_driver(see: See, vendor, kind, is_card):
    assert see(**on_bus(vendor, kind)).is_here is is_card


def test_wsl_is_known_with_what_windows_passes_through(see: See):
    release = {"proc/sys/kernel/osrelease": "5.15.153.1-microsoft-standard-WSL2\n"}
    driver = {"mnt/c/Windows/System32/nvidia-smi.exe": ""}
    seen = see(**release, **driver)
    assert (seen.is_wsl, seen.has_windows_driver, seen.has_dxg, seen.is_here) == (
        *(True, True, False, True),
    )
    assert see(**release, **driver, **{"dev/dxg": ""}).has_dxg


def test_tool_is_found_where_wsl_keeps_it(see: See):
    seen = see(**{"usr/lib/wsl/lib/nvidia-smi": FakeSmi()._script()})
    assert [each.name for each in seen.cards] == ["NVIDIA GeForce RTX 3090"]


@pytest.mark.parametrize("sign", [".dockerenv", "run/.containerenv"])
def test_container_is_known_by_its_sign(see: See, sign: str):
    assert see(**{sign: ""}).is_container
