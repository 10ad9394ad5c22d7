"""Number formats are chosen by what this computer does, not by its name."""

import pytest
import torch

from moondream2 import device
from moondream2.config import Config, TextConfig
from moondream2.device import DeviceMissing, choose_device, fastest_cpu_dtype


def test_faster_number_format_is_taken_and_it_was_measured(monkeypatch):
    seconds = {torch.float32: 2.0, torch.bfloat16: 1.0}
    monkeypatch.setattr(device, "_answer_s", lambda config, dtype: seconds[dtype])
    assert fastest_cpu_dtype(TextConfig()) is torch.bfloat16
    seconds[torch.bfloat16] = 3.0
    assert fastest_cpu_dtype(TextConfig()) is torch.float32


def test_real_measurement_ends_with_one_of_the_two():
    half = Config().text.dim // 2
    assert fastest_cpu_dtype(TextConfig(dim=half, ff_dim=2 * half)) in (
        torch.float32,
        torch.bfloat16,
    )


def test_small_network_is_not_measured(monkeypatch):
    monkeypatch.delattr(device, "_answer_s")
    assert fastest_cpu_dtype(TextConfig(dim=128, ff_dim=512)) is torch.float32


def test_missing_device_is_refused_with_those_there_are():
    if torch.cuda.is_available():
        pytest.skip("this computer has the device that the test misses")
    with pytest.raises(DeviceMissing, match="no cuda device"):
        choose_device("cuda", "auto")
