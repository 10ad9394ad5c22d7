"""Everything there is to know of our network on a GPU: `python -m bench.gpu --out FILE`.

Writes random weights in the published sizes (or takes --checkpoint), measures the device's two
numbers, then our network step by step: both prices of a frame, the first word, a follow-up
question, and the decode step for 1, 8 and 32 rows, each as a multiple of its floor. Takes a few
minutes. `--device cpu --config tiny` tries the script out.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

import click
import torch

from bench.figures import machine
from bench.floor import (
    BATCH_SIZES,
    FRAME_SIZES,
    Cost,
    Costs,
    Limits,
    measure_limits,
)
from bench.make_checkpoint import DTYPES, write_checkpoint
from bench.ours import Ours
from bench.sides import QUESTION, make_picture
from moondream2.config import Config, RegionConfig, TextConfig, VisionConfig
from moondream2.crops import make_crops
from moondream2.device import DeviceMissing, choose_device
from settings import Settings

N_REPEATS, N_STEPS = 5, 64
CONFIGS = {
    "published": Config(),
    "tiny": Config(
        TextConfig(dim=64, ff_dim=128, n_layers=2, n_heads=2, n_kv_heads=2, vocab_size=32_768),
        VisionConfig(
            enc_dim=32,
            enc_n_layers=2,
            enc_ff_dim=64,
            enc_n_heads=2,
            proj_out_dim=64,
            crop_size=140,
            overlap_margin=1,
            proj_inner_dim=64,
        ),
        RegionConfig(
            dim=64,
            coord_feat_dim=8,
            coord_out_dim=16,
            size_feat_dim=8,
            size_out_dim=32,
            inner_dim=64,
        ),
    ),
}


@dataclass(frozen=True)
class Row:
    """One figure of one variant: milliseconds, and the least that this device could need.

    floor_ms is None for work of the host.
    """

    variant: str
    name: str
    ms: float
    floor_ms: float | None = None

    @property
    def over_floor(self) -> float | None:
        return self.ms / self.floor_ms if self.floor_ms else None

    def as_json(self) -> dict:
        return {**asdict(self), "over_floor": self.over_floor}


class Measuring:
    """Measures one loaded network against the floors of its device."""

    def __init__(self, variant: str, ours: Ours, costs: Costs, limits: Limits) -> None:
        self._variant, self._ours = variant, ours
        self._costs, self._limits = costs, limits
        self._n_prompt = ours.n_prompt_tokens(QUESTION)

    def rows(self) -> Iterator[Row]:
        """Every figure, each after a run that does not count."""
        for width, height in FRAME_SIZES:
            yield from self._frame(width, height)
        yield self._follow_up()
        for n_rows in BATCH_SIZES:
            yield self._decode(n_rows)

    def _frame(self, width: int, height: int) -> Iterator[Row]:
        ours, picture, size = self._ours, make_picture((width, height)), f"{width}x{height}"
        cut_s = _median_s(lambda: make_crops(picture, self._costs.config.vision))
        yield Row(self._variant, f"crops {size}, on the host", cut_s * 1000)
        parts = self._costs.encode_frame(width, height)
        yield self._row(f"encode {size}", _median_s(lambda: ours.encode(picture)), *parts)
        first_word_s = _median_of(lambda: ours.ask(picture, QUESTION, 1).first_word_s)
        parts = self._costs.first_word(width, height, self._n_prompt)
        yield self._row(f"first word {size}", first_word_s, *parts)

    def _follow_up(self) -> Row:
        first_word_s = _median_of(lambda: self._ours.ask_again(QUESTION, 1).first_word_s)
        prefix = self._costs.config.prefix_length
        cost = self._costs.prefill_prompt(self._n_prompt, prefix)
        return self._row("follow-up, first word", first_word_s, cost)

    def _decode(self, n_rows: int) -> Row:
        picture = make_picture(FRAME_SIZES[0])
        step_s = self._ours.step_s(picture, QUESTION, n_rows, N_STEPS)
        n_positions = self._costs.config.prefix_length + self._n_prompt + N_STEPS // 2
        cost = self._costs.decode_step(n_positions, n_rows)
        return self._row(f"decode step, {n_rows} rows", step_s, cost)

    def _row(self, name: str, seconds: float, *parts: Cost) -> Row:
        return Row(self._variant, name, seconds * 1000, self._limits.floor_ms(*parts))


def _median_s(work: Callable[[], object]) -> float:
    def seconds() -> float:
        began = monotonic()
        work()
        return monotonic() - began

    return _median_of(seconds)


def _median_of(seconds: Callable[[], float]) -> float:
    seconds()
    return median(seconds() for _ in range(N_REPEATS))


def measure_network(folder: Path, settings: Settings, limits: Limits) -> Iterator[Row]:
    """Measure the network as the app runs it."""
    ours = Ours(folder, settings)
    n_bytes = ours.network.dtype.itemsize
    yield from Measuring("eager", ours, Costs(ours.network.config, n_bytes, n_bytes), limits).rows()


def show(rows: list[Row]) -> None:
    """Print the table for people."""
    print(f"{'':10}{'':28}{'ms':>12}{'floor ms':>12}{'x floor':>10}")
    for row in rows:
        floor = "–" if row.floor_ms is None else f"{row.floor_ms:,.3f}"
        over = "–" if row.over_floor is None else f"{row.over_floor:.2f}"
        print(f"{row.variant:10}{row.name:28}{row.ms:12,.3f}{floor:>12}{over:>10}")


@contextmanager
def _checkpoint(folder: Path | None, config: Config, dtype: torch.dtype) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory() as temporary:
        write_checkpoint(Path(temporary), config, dtype)
        yield Path(temporary)


@click.command()
@click.option("--checkpoint", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--config", "sizes", type=click.Choice(list(CONFIGS)), default="published")
@click.option("--device", "device_name", default="cuda", show_default=True)
@click.option("--dtype", "dtype_name", default="auto", type=click.Choice(["auto", *DTYPES]))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the JSON goes.")
def main(
    checkpoint: Path | None, sizes: str, device_name: str, dtype_name: str, out: Path | None
) -> None:
    """Measure our network on a GPU and print each figure as a multiple of its floor."""
    try:
        device, dtype = choose_device(device_name, dtype_name)
    except DeviceMissing as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    limits = measure_limits(device, dtype)
    settings = Settings(device=device.type, dtype=str(dtype).removeprefix("torch."))
    with _checkpoint(checkpoint, CONFIGS[sizes], dtype) as folder:
        rows = list(measure_network(folder, settings, limits))
    document = _document(rows, device, dtype, limits)
    print(
        f"{document['machine']['device']}, {document['dtype']}:"
        f" {limits.operations_per_s / 1e12:,.2f} TFLOP/s, {limits.bytes_per_s / 1e9:,.0f} GB/s"
    )
    show(rows)
    if out is not None:
        out.write_text(json.dumps(document, indent=1) + "\n")
    print(json.dumps(document))


def _document(
    rows: list[Row], device: torch.device, dtype: torch.dtype, limits: Limits
) -> dict[str, Any]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {
        "bench": "gpu",
        "date": date.today().isoformat(),
        "machine": {**machine(), "device": name},
        "dtype": str(dtype).removeprefix("torch."),
        "limits": asdict(limits),
        "rows": [row.as_json() for row in rows],
    }


if __name__ == "__main__":
    main()
