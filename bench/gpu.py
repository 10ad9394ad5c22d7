"""Everything there is to know of our network on a GPU: `python -m bench.gpu --out FILE`.

Writes random weights in the published sizes (or takes --checkpoint), measures the device's two
numbers, then our network step by step: both prices of a frame, the first word, a follow-up
question, and the decode step for 1, 8 and 32 rows, without and with CUDA graphs, each as a multiple
of its floor. Graphs that fail cost their own rows only, and the reason is told. At the end, which
operations one step consists of. Takes a few minutes. `--device cpu --config tiny` tries the script
out: there the same steps in fixed shapes stand in for graphs.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

import click
import torch
from PIL import Image

from bench.figures import machine
from bench.floor import BATCH_SIZES, FRAME_SIZES, Cost, Costs, Limits, measure_limits, synchronise
from bench.make_checkpoint import DTYPES, write_checkpoint
from bench.operations import Operation, operations
from bench.ours import Ours
from bench.sides import QUESTION, make_picture
from moondream2.config import Config, RegionConfig, TextConfig, VisionConfig
from moondream2.device import DeviceMissing, choose_device
from moondream2.graphs import Capture, CudaCapture, StepGraphs
from moondream2.kv_cache import KVCache
from settings import Settings

N_REPEATS, N_STEPS = 5, 64
# How many steps are taken apart, and how many of their operations are shown.
N_PROFILED_STEPS, N_SHOWN = 16, 12
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

    floor_ms is None for work of the host. is_reading: whether bytes make that floor.
    """

    variant: str
    name: str
    ms: float
    floor_ms: float | None = None
    is_reading: bool = False

    @property
    def over_floor(self) -> float | None:
        return self.ms / self.floor_ms if self.floor_ms else None

    @property
    def of_bandwidth(self) -> float | None:
        """The share of the device's bandwidth that was reached, where there is most to read."""
        return self.floor_ms / self.ms if self.floor_ms and self.is_reading else None

    def as_json(self) -> dict:
        return {**asdict(self), "over_floor": self.over_floor, "of_bandwidth": self.of_bandwidth}


@dataclass
class Figures:
    """What one run of the bench found.

    graphs: of each number of rows, how many graphs were captured and verified, how long that took,
    and the largest difference from the step without them. operations: of one step of one row.
    faults: what could not be measured, and why.
    """

    rows: list[Row] = field(default_factory=list)
    graphs: list[dict[str, Any]] = field(default_factory=list)
    operations: dict[str, list[Operation]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class Measuring:
    """Measures one loaded network against the floors of its device."""

    def __init__(self, ours: Ours, costs: Costs, limits: Limits) -> None:
        self._ours, self._costs, self._limits = ours, costs, limits
        self._n_prompt = ours.n_prompt_tokens(QUESTION)
        self._is_cuda = ours.network.device.type == "cuda"
        self._variant = "eager"
        self.figures = Figures()

    def run(self) -> None:
        """Every figure, each after a run that does not count."""
        for width, height in FRAME_SIZES:
            self.figures.rows += self._frame(width, height)
        self.figures.rows.append(self._follow_up())
        for n_rows in BATCH_SIZES:
            self._decode(n_rows)
        self._variant = "graphs" if self._is_cuda else "static"
        for n_rows in BATCH_SIZES:
            with self._or_fault(f"{self._variant}, {n_rows} rows"):
                self._decode(n_rows, self._captured)

    def _frame(self, width: int, height: int) -> Iterator[Row]:
        ours, picture, size = self._ours, make_picture((width, height)), f"{width}x{height}"
        yield Row(self._variant, f"crops {size}", _median_s(lambda: self._cut(picture)) * 1000)
        parts = self._costs.encode_frame(width, height)
        yield self._row(f"encode {size}", _median_s(lambda: ours.encode(picture)), *parts)
        first_word_s = _median_of(lambda: ours.ask(picture, QUESTION, 1).first_word_s)
        parts = self._costs.first_word(width, height, self._n_prompt)
        yield self._row(f"first word {size}", first_word_s, *parts)

    def _cut(self, picture: Image.Image) -> None:
        self._ours.network.cut(picture)
        synchronise(self._ours.network.device)

    def _follow_up(self) -> Row:
        first_word_s = _median_of(lambda: self._ours.ask_again(QUESTION, 1).first_word_s)
        prefix = self._costs.config.prefix_length
        cost = self._costs.prefill_prompt(self._n_prompt, prefix)
        return self._row("follow-up, first word", first_word_s, cost)

    def _decode(self, n_rows: int, capture: Callable[[KVCache], StepGraphs] | None = None) -> None:
        picture, n_steps = make_picture(FRAME_SIZES[0]), N_STEPS + N_PROFILED_STEPS
        take = self._ours.stepping(picture, QUESTION, n_rows, n_steps, capture)
        began = monotonic()
        take(N_STEPS)
        step_s = (monotonic() - began) / N_STEPS
        n_positions = self._costs.config.prefix_length + self._n_prompt + N_STEPS // 2
        cost = self._costs.decode_step(n_positions, n_rows)
        self.figures.rows.append(self._row(f"decode step, {n_rows} rows", step_s, cost))
        if n_rows == 1:
            with self._or_fault(f"{self._variant}, operations of a step"):
                found = operations(take, N_PROFILED_STEPS, self._ours.network.device)
                self.figures.operations[self._variant] = found

    def _captured(self, cache: KVCache) -> StepGraphs:
        capture: Capture = CudaCapture() if self._is_cuda else lambda work: work
        began = monotonic()
        graphs = StepGraphs(self._ours.network.text, cache, capture)
        self.figures.graphs.append(
            {
                "rows": len(cache.lengths),
                "verified": len(graphs.differences),
                "capture_s": monotonic() - began,
                "largest_difference": max(graphs.differences.values()),
            }
        )
        return graphs

    @contextmanager
    def _or_fault(self, what: str) -> Iterator[None]:
        """Around what may fail without taking the other figures along."""
        try:
            yield
        except Exception as error:  # noqa: BLE001
            self.figures.faults.append(f"{what}: {type(error).__name__}: {error}")

    def _row(self, name: str, seconds: float, *parts: Cost) -> Row:
        floor_ms, is_reading = self._limits.floor_ms(*parts), not self._limits.is_computing(*parts)
        return Row(self._variant, name, seconds * 1000, floor_ms, is_reading)


def _median_s(work: Callable[[], object]) -> float:
    def seconds() -> float:
        began = monotonic()
        work()
        return monotonic() - began

    return _median_of(seconds)


def _median_of(seconds: Callable[[], float]) -> float:
    seconds()
    return median(seconds() for _ in range(N_REPEATS))


def measure_network(folder: Path, settings: Settings, limits: Limits) -> Figures:
    """Measure the network as the app runs it."""
    ours = Ours(folder, settings)
    n_bytes = ours.network.dtype.itemsize
    measuring = Measuring(ours, Costs(ours.network.config, n_bytes, n_bytes), limits)
    measuring.run()
    return measuring.figures


def show(figures: Figures) -> None:
    """Print the tables for people."""
    print(f"{'':10}{'':28}{'ms':>12}{'floor ms':>12}{'x floor':>10}{'bandwidth':>11}")
    for row in figures.rows:
        floor = "–" if row.floor_ms is None else f"{row.floor_ms:,.3f}"
        over = "–" if row.over_floor is None else f"{row.over_floor:.2f}"
        share = "–" if row.of_bandwidth is None else f"{row.of_bandwidth:.0%}"
        print(f"{row.variant:10}{row.name:28}{row.ms:12,.3f}{floor:>12}{over:>10}{share:>11}")
    for graphs in figures.graphs:
        print(
            f"{graphs['rows']} rows: {graphs['verified']} graphs captured and verified in"
            f" {graphs['capture_s']:.1f} s, largest difference {graphs['largest_difference']:.2g}"
        )
    for variant, found in figures.operations.items():
        total_us, count = (
            sum(each.microseconds for each in found),
            sum(each.count for each in found),
        )
        print(f"{variant}, one step of one row: {count:,.0f} operations, {total_us:,.0f} us")
        for each in found[:N_SHOWN]:
            print(f"{each.microseconds:12,.1f} us{each.count:8,.1f} x  {each.name[:76]}")
    for fault in figures.faults:
        print(f"failed: {fault}")


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
        figures = measure_network(folder, settings, limits)
    document = _document(figures, device, dtype, limits)
    print(
        f"{document['machine']['device']}, {document['dtype']}:"
        f" {limits.operations_per_s / 1e12:,.2f} TFLOP/s, {limits.bytes_per_s / 1e9:,.0f} GB/s"
    )
    show(figures)
    if out is not None:
        out.write_text(json.dumps(document, indent=1) + "\n")
    print(json.dumps(document))


def _document(
    figures: Figures, device: torch.device, dtype: torch.dtype, limits: Limits
) -> dict[str, Any]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {
        "bench": "gpu",
        "date": date.today().isoformat(),
        "machine": {**machine(), "device": name},
        "dtype": str(dtype).removeprefix("torch."),
        "limits": asdict(limits),
        "rows": [row.as_json() for row in figures.rows],
        "graphs": figures.graphs,
        "operations": {
            variant: [asdict(each) for each in found[:N_SHOWN]]
            for variant, found in figures.operations.items()
        },
        "faults": figures.faults,
    }


if __name__ == "__main__":
    main()
