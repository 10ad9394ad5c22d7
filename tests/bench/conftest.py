"""What the benches print is tested, not how fast anything is: so little is measured."""

import pytest


@pytest.fixture(autouse=True)
def small_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device's limits are measured in milliseconds instead of seconds, and little is repeated."""
    monkeypatch.setattr("bench.floor.PRODUCT_SIDE", {"cpu": 128})
    monkeypatch.setattr("bench.floor.BUFFER_BYTES", {"cpu": 2**20})
    monkeypatch.setattr("bench.floor.MEASURE_S", 0.01)
    monkeypatch.setattr("bench.gpu.N_REPEATS", 1)
    monkeypatch.setattr("bench.gpu.N_STEPS", 4)
