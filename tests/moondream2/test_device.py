"""A device is there or refused by name, and memory that ran out is told from other errors."""

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from moondream2 import device
from moondream2.device import (
    BEST_DTYPES,
    DeviceMissing,
    choose_device,
    choose_dtype,
    describe_memory,
    describe_torch,
    find_gpu_fault,
    free_bytes,
    is_out_of_memory,
    leave_a_core,
    memory_holders,
    to_device,
    torch_build,
    used_bytes,
)
from moondream2.gpu_faults import TorchBuild
from tests.fake_smi import FakeSmi

CPU = torch.device("cpu")
IS_THERE = {
    "cuda": torch.cuda.is_available(),
    "mps": torch.backends.mps.is_available(),
    "cpu": True,
}
USABLE = [name for name, is_there in IS_THERE.items() if is_there]
ABSENT = [name for name, is_there in IS_THERE.items() if not is_there]


@pytest.mark.parametrize("name", USABLE)
def test_device_that_is_there_is_taken_with_the_dtype_that_suits_it(name: str):
    has_bfloat16 = name != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
    suited = getattr(torch, BEST_DTYPES[name] if has_bfloat16 else "float16")
    assert choose_device(name, "auto") == (torch.device(name), suited)


@pytest.mark.parametrize(
    ("device", "asked", "has_bfloat16", "taken"),
    [
        ("cuda", "auto", True, "bfloat16"),
        ("cuda", "auto", False, "float16"),
        ("cuda", "float16", True, "float16"),
        ("cuda", "float32", False, "float32"),
        ("cuda", "bfloat16", True, "bfloat16"),
        ("mps", "auto", True, "float16"),
        ("cpu", "auto", True, "float32"),
    ],
)
def test_dtype_is_the_best_that_the_card_knows(device, asked, has_bfloat16, taken):
    assert choose_dtype(device, asked, has_bfloat16=has_bfloat16) == taken


def test_bfloat16_is_refused_on_a_card_without_it():
    with pytest.raises(DeviceMissing, match="Start with --dtype float16"):
        choose_dtype("cuda", "bfloat16", has_bfloat16=False)


no_cuda = pytest.mark.skipif(IS_THERE["cuda"], reason="there is a card that works")


@no_cuda
def test_computer_without_a_card_has_no_fault_whatever_torch_is_built_for():
    assert find_gpu_fault(TorchBuild("2.13.0", cuda="13.0")) is None
    assert find_gpu_fault() is None


@no_cuda
def test_card_that_torch_cannot_use_is_why_cuda_is_refused(tmp_path: Path, monkeypatch):
    """It was said that the computer has no such device, to people who had bought one."""
    for name, value in FakeSmi().write(tmp_path).items():
        monkeypatch.setenv(name, value)
    assert "RTX 3090 is not used: torch 2" in find_gpu_fault().cause
    with pytest.raises(DeviceMissing) as refusal:
        choose_device("cuda", "auto")
    assert str(refusal.value).startswith(f"{find_gpu_fault().cause} Start with --device")
    assert str(refusal.value).endswith(find_gpu_fault().help)
    assert choose_device("auto", "auto")[0].type == USABLE[0]


def test_torch_tells_what_it_is_without_a_warning():
    build = torch_build()
    assert build.version == torch.__version__
    assert build.is_usable is IS_THERE["cuda"]
    assert describe_torch().startswith(f"{torch.__version__}, built for ")


def test_warning_of_a_driver_that_does_not_start_is_kept_as_torchs_words(monkeypatch):
    """torch says so once, on stderr, in four lines; then it is silent about it."""

    def is_available() -> bool:
        warnings.warn("CUDA initialization: unknown error.\nMore.", stacklevel=1)
        return False

    monkeypatch.setattr("torch.cuda.is_available", is_available)
    assert torch_build().words == "CUDA initialization: unknown error."


def test_device_that_breaks_at_the_first_call_is_not_usable(monkeypatch):
    """Cards in exclusive mode are counted, and refuse everybody but one program."""

    def refuse() -> None:
        raise RuntimeError("CUDA-capable device(s) is/are busy or unavailable\nMore.")

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_arch_list", refuse)
    build = torch_build()
    assert (build.is_usable, build.words) == (
        *(False, "CUDA-capable device(s) is/are busy or unavailable"),
    )


def test_nobody_is_named_for_the_memory_of_a_cpu():
    assert memory_holders(CPU) == ""


def test_free_memory_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(device, "MEMINFO", tmp_path / "meminfo")
    assert describe_memory() == "not told by this system"
    (tmp_path / "meminfo").write_text("MemAvailable:    3000000 kB\n")
    assert describe_memory() == "3.1 GB free"


def test_best_device_that_is_there_is_taken_when_none_is_named():
    assert choose_device("auto", "auto") == choose_device(USABLE[0], "auto")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_dtype_that_is_named_is_taken(dtype: str):
    assert choose_device("cpu", dtype) == (CPU, getattr(torch, dtype))


@pytest.mark.parametrize("name", [*ABSENT, "toaster"])
def test_device_that_is_missing_is_refused_and_what_there_is_named(name: str):
    with pytest.raises(DeviceMissing) as refusal:
        choose_device(name, "auto")
    offers = f"offers torch no {name} device. Start with --device {' or '.join(USABLE)}."
    assert str(refusal.value).endswith(offers)


def error_of(work: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as raised:  # noqa: PT011
        work()
    return raised.value


@pytest.mark.parametrize(
    "work",
    [
        lambda: bytearray(2**60),
        lambda: np.empty(2**60, np.uint8),
        lambda: torch.empty(2**50),
    ],
    ids=["Python", "numpy", "torch"],
)
def test_memory_that_ran_out_here_is_known_by_the_error(work: Callable[[], object]):
    assert is_out_of_memory(error_of(work))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB)."),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
    ],
    ids=["CUDA", "MPS", "Windows"],
)
def test_memory_that_ran_out_elsewhere_is_known_by_the_error(error: Exception):
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "work",
    [
        lambda: torch.zeros(3) @ torch.zeros(4),
        lambda: torch.zeros(3)[5],
        lambda: torch.empty(-1),
        lambda: Path("no such file").read_text(),
        lambda: int("out of memory"),
    ],
    ids=["shapes", "index", "size", "file", "a value that says so"],
)
def test_other_errors_are_not_taken_for_memory_that_ran_out(work: Callable[[], object]):
    assert not is_out_of_memory(error_of(work))


@pytest.mark.skipif(used_bytes(CPU) is None, reason="this system does not tell its memory")
def test_memory_is_used_once_it_is_written():
    n_bytes = 2**26
    before = used_bytes(CPU)
    held = np.zeros(n_bytes, np.uint8)
    unwritten = used_bytes(CPU)
    held[:] = 1
    assert unwritten - before < n_bytes / 4
    assert used_bytes(CPU) - unwritten == pytest.approx(n_bytes, rel=0.25)


@pytest.mark.parametrize(
    ("name", "tell"), [("STATM", used_bytes), ("MEMINFO", free_bytes)], ids=["used", "free"]
)
def test_memory_is_untold_where_the_system_says_nothing(
    name: str, tell: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(device, name, tmp_path / "none")
    assert tell(CPU) is None


def test_free_memory_is_what_programs_may_still_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    told = tmp_path / "meminfo"
    monkeypatch.setattr(device, "MEMINFO", told)
    told.write_text("MemTotal: 8000 kB\nMemFree: 100 kB\nMemAvailable:    3000 kB\n")
    assert free_bytes(CPU) == 3000 * 1024
    # Kernels before 3.14 have no such line.
    told.write_text("MemTotal: 8000 kB\nMemFree: 100 kB\n")
    assert free_bytes(CPU) is None


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="this system does not tell its memory")
def test_free_memory_is_some_of_what_there_is():
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    free = free_bytes(CPU)
    assert free is None or 0 < free < total


@pytest.fixture
def threads() -> Iterator[None]:
    """torch's threads are the whole process's."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize(
    ("n_before", "n_cores", "n_threads"),
    [(2, None, 1), (1, 1, 1), (2, 2, 1), (3, 3, 2), (8, 8, 7), (4, 8, 4)],
)
def test_one_core_is_left_to_the_web_tier(
    n_before: int, n_cores: int | None, n_threads: int, monkeypatch: pytest.MonkeyPatch
):
    """torch takes no second thread of a core by itself: more of them were slower."""
    monkeypatch.setattr("os.cpu_count", lambda: n_cores)
    torch.set_num_threads(n_before)
    leave_a_core()
    assert torch.get_num_threads() == n_threads


@pytest.mark.parametrize("name", USABLE)
def test_tensor_of_the_host_arrives_whole(name: str):
    tensor = torch.arange(6).view(2, 3)
    arrived = to_device(tensor, torch.device(name))
    assert arrived.device.type == name
    assert torch.equal(arrived.cpu(), tensor)
