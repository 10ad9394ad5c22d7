"""The computer's facts, each in a line."""

import platform
from io import StringIO

from doctor import computer
from doctor.computer import tell_computer
from doctor.report import Report
from moondream2.gpu import Card, Holder, Nvidia


def told(seen: Nvidia) -> list[str]:
    out = StringIO()
    tell_computer(Report(out), seen)
    return [line.strip() for line in out.getvalue().splitlines()]


def cards(seen: Nvidia) -> list[str]:
    return [line.removeprefix("GPU").strip() for line in told(seen) if line.startswith("GPU")]


def test_python_packages_and_processor_are_told():
    lines = told(Nvidia())
    assert [line.split()[0] for line in lines] == ["Python", "Packages", "Processor", "GPU"]
    assert platform.python_version() in lines[0]
    assert "torch 2." in lines[1]
    assert "cores" in lines[2]


def test_each_card_is_told_with_what_is_known_of_it():
    big = Card("GPU-1", "RTX 3090", 24 * 10**9, 20 * 10**9, (8, 6))
    seen = Nvidia(
        (big, Card("GPU-2", "GB10")),
        (Holder("GPU-1", 7, "blender", 4 * 10**9), Holder("GPU-1", 8, "game.exe")),
        driver="580.65.06",
        cuda=13,
    )
    assert cards(seen) == [
        "RTX 3090, 20.0 of 24.0 GB free, compute capability 8.6, driver 580.65.06 for CUDA 13;"
        " its memory is held by blender 4.0 GB, game.exe",
        "GB10, driver 580.65.06 for CUDA 13",
    ]


def test_card_of_amds_is_told_with_what_is_known_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(computer, "KFD", tmp_path)
    assert cards(Nvidia())[0].startswith("no NVIDIA card, an AMD one: torch's ROCm build may")


def test_card_that_cannot_be_asked_is_told_apart_from_none():
    assert cards(Nvidia()) == ["no NVIDIA card"]
    assert cards(Nvidia(complaint="No devices were found")) == ["no NVIDIA card"]
    broken = Nvidia(is_on_bus=True, complaint="No devices were found")
    assert cards(broken) == [
        "an NVIDIA card that cannot be asked: nvidia-smi says No devices were found"
    ]
