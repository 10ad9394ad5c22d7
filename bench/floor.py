"""What the hardware allows: `python -m bench.floor [--device cpu] [--dtype bfloat16]`.

A stage costs operations and bytes, both counted from a config; a device has two numbers, both
measured on the spot. No stage can take less time than its operations at the device's fastest
product, or its bytes at its fastest reading. Weights, keys and values count as bytes; what passes
between two layers does not, because it may stay in the device's caches. So this is a lower bound
that nobody reaches, and a timing is worth being told as a multiple of it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import monotonic

import click
import torch
from torch import nn

from bench.make_checkpoint import DTYPES
from moondream2.config import Config
from moondream2.cpu import PackedLinear, can_pack
from moondream2.crops import select_tiling
from moondream2.device import choose_device
from moondream2.weights import CONFIG_FILE

# Large enough to leave the caches, small enough for a slow device: a side of the product, a buffer.
PRODUCT_SIDE = {"cpu": 2048, "mps": 4096, "cuda": 8192}
BUFFER_BYTES = {"cpu": 2**28, "mps": 2**29, "cuda": 2**32}
MEASURE_S, MIN_RUNS = 1.0, 3

# A frame that fits one tile, and one that does not.
FRAME_SIZES = ((640, 360), (640, 480))
PROMPT_LENGTH = 12
BATCH_SIZES = (1, 8, 32)


@dataclass(frozen=True)
class Cost:
    """Floating-point operations, a multiply and an add being two, and bytes moved."""

    n_operations: float = 0
    n_bytes: float = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.n_operations + other.n_operations, self.n_bytes + other.n_bytes)


@dataclass(frozen=True)
class Limits:
    """The two numbers of a device."""

    operations_per_s: float
    bytes_per_s: float

    def better(self, other: "Limits") -> "Limits":
        """The higher of each number of two measurements of one device."""
        return Limits(
            max(self.operations_per_s, other.operations_per_s),
            max(self.bytes_per_s, other.bytes_per_s),
        )

    def floor_ms(self, *costs: Cost) -> float:
        """The least time that stages can take one after the other, in milliseconds."""
        return 1000 * sum(
            max(each.n_operations / self.operations_per_s, each.n_bytes / self.bytes_per_s)
            for each in costs
        )

    def is_computing(self, *costs: Cost) -> bool:
        """Whether operations bound these stages, and not bytes."""
        return self.floor_ms(*costs) > self.floor_ms(*(Cost(0, each.n_bytes) for each in costs))


@dataclass(frozen=True)
class Costs:
    """What each stage of a network costs.

    number_bytes: of one key, value or activation. weight_bytes: of one weight.
    """

    config: Config
    number_bytes: float
    weight_bytes: float

    def encode_crops(self, n_crops: int) -> Cost:
        """Crops to patch features."""
        vision = self.config.vision
        n, dim = vision.n_image_tokens, vision.enc_dim
        block = Cost(4 * n**2 * dim * n_crops) + self._linear(
            n * n_crops, (dim, 3 * dim), (dim, dim), (dim, vision.enc_ff_dim, dim)
        )
        patches = self._linear(n * n_crops, (vision.patch_dim, dim))
        return _times(block, vision.enc_n_layers) + patches

    def project(self) -> Cost:
        """Patch features to image tokens."""
        vision = self.config.vision
        sizes = (2 * vision.enc_dim, vision.proj_inner_dim, vision.proj_out_dim)
        return self._linear(vision.n_image_tokens, sizes)

    def prefill_image(self) -> Cost:
        """BOS and image tokens through the decoder; each of them sees all of them."""
        n = self.config.prefix_length
        return self._blocks(n) + self._attention(n * n) + self._cached(n)

    def prefill_prompt(self, n_tokens: int, n_before: int) -> Cost:
        """A prompt after `n_before` positions, up to the scores of the first token."""
        n_pairs = n_tokens * n_before + n_tokens * (n_tokens + 1) / 2
        through = self._blocks(n_tokens) + self._attention(n_pairs)
        return through + self._cached(n_before + n_tokens) + self._head(1)

    def decode_step(self, n_positions: int, n_rows: int = 1) -> Cost:
        """One more token in each row, each row then `n_positions` long."""
        pairs = self._attention(n_rows * n_positions) + self._cached(n_rows * n_positions)
        return self._blocks(n_rows) + pairs + self._head(n_rows)

    def decode_coordinate(self) -> Cost:
        region = self.config.region
        return self._linear(1, (region.dim, region.inner_dim, region.coord_out_dim))

    def decode_size(self) -> Cost:
        region = self.config.region
        return self._linear(1, (region.dim, region.inner_dim, region.size_out_dim))

    def encode_frame(self, width_px: int, height_px: int) -> tuple[Cost, ...]:
        """A frame of this size to image tokens, stage by stage."""
        return self.encode_crops(self.n_crops(width_px, height_px)), self.project()

    def first_word(self, width_px: int, height_px: int, n_tokens: int) -> tuple[Cost, ...]:
        """A frame that nobody asked about before, up to the first token's scores."""
        prompt = self.prefill_prompt(n_tokens, self.config.prefix_length)
        return *self.encode_frame(width_px, height_px), self.prefill_image(), prompt

    def n_crops(self, width_px: int, height_px: int) -> int:
        """How many different crops are made of a frame: a single tile is the whole frame again."""
        vision = self.config.vision
        height, width = (side - 2 * vision.margin_px for side in (height_px, width_px))
        rows, cols = select_tiling(height, width, vision.window_px, vision.max_crops)
        return 1 if rows * cols == 1 else 1 + rows * cols

    def _blocks(self, n_tokens: int) -> Cost:
        text = self.config.text
        attention = (text.dim, (text.n_heads + 2 * text.n_kv_heads) * text.head_dim)
        block = self._linear(
            n_tokens, attention, (text.dim, text.dim), (text.dim, text.ff_dim, text.dim)
        )
        return _times(block + self._norm(), text.n_layers)

    def _head(self, n_tokens: int) -> Cost:
        text = self.config.text
        return self._linear(n_tokens, (text.dim, text.vocab_size)) + self._norm()

    def _attention(self, n_pairs: float) -> Cost:
        """Scores and mixing, for so many pairs of a query and a key in each layer."""
        return Cost(4 * n_pairs * self.config.text.dim * self.config.text.n_layers)

    def _cached(self, n_positions: int) -> Cost:
        """Keys and values of so many positions, written or read once in each layer."""
        text = self.config.text
        numbers = 2 * text.n_kv_heads * text.head_dim * text.n_layers
        return Cost(0, n_positions * numbers * self.number_bytes)

    def _norm(self) -> Cost:
        return Cost(0, 2 * self.config.text.dim * self.weight_bytes)

    def _linear(self, n_tokens: int, *chains: tuple[int, ...]) -> Cost:
        """Linear layers with bias; a chain (a, b, c) is one from a to b and one from b to c."""
        pairs = [pair for chain in chains for pair in pairwise(chain)]
        weights = sum(n_in * n_out for n_in, n_out in pairs)
        biases = sum(n_out for _, n_out in pairs)
        return Cost(2 * n_tokens * weights, (weights + biases) * self.weight_bytes)


def _times(cost: Cost, count: int) -> Cost:
    return Cost(cost.n_operations * count, cost.n_bytes * count)


def measure_limits(device: torch.device, dtype: torch.dtype) -> Limits:
    """Measure a device, in about three seconds.

    Products may be made in float32, too, where that is faster: weights can be stored in one dtype
    and multiplied in another. On a CPU a packed layer often is the fastest product there is.
    """
    side = PRODUCT_SIDE[device.type]
    product_s = min(
        _fastest_s(product, device)
        for each in dict.fromkeys((dtype, torch.float32))
        for product in _products(side, device, each)
    )
    source = torch.ones(BUFFER_BYTES[device.type] // 4, device=device)
    target = torch.empty_like(source)
    rates = (
        source.nbytes / _fastest_s(source.amax, device),
        # A copy reads all of it and writes all of it.
        2 * source.nbytes / _fastest_s(lambda: target.copy_(source), device),
    )
    return Limits(2 * side**3 / product_s, max(rates))


def _products(
    side: int, device: torch.device, dtype: torch.dtype
) -> Iterator[Callable[[], object]]:
    """Each way to multiply two square matrices there."""
    x = torch.randn(side, side, device=device).to(dtype)
    yield lambda: x @ x
    if device.type == "cpu" and can_pack(dtype):
        layer = PackedLinear(nn.Linear(side, side, dtype=dtype))
        yield lambda: layer(x)


def _fastest_s(work: Callable[[], object], device: torch.device) -> float:
    times: list[float] = []
    while len(times) < MIN_RUNS or sum(times) < MEASURE_S:
        synchronise(device)
        began = monotonic()
        work()
        synchronise(device)
        times.append(monotonic() - began)
    return min(times)


def synchronise(device: torch.device) -> None:
    """Wait until a device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def stages(costs: Costs) -> dict[str, tuple[Cost, ...]]:
    """What is worth a line of its own."""
    prefix, full = costs.config.prefix_length, costs.config.text.max_context
    after_prompt = prefix + PROMPT_LENGTH
    prompt = costs.prefill_prompt(PROMPT_LENGTH, prefix)
    return {
        "encode one crop": (costs.encode_crops(1),),
        "projection": (costs.project(),),
        **{f"encode {w}x{h}": costs.encode_frame(w, h) for w, h in FRAME_SIZES},
        f"image prefix, {prefix} positions": (costs.prefill_image(),),
        f"prompt, {PROMPT_LENGTH} tokens": (prompt,),
        **{f"first word {w}x{h}": costs.first_word(w, h, PROMPT_LENGTH) for w, h in FRAME_SIZES},
        **{
            f"decode step, {n_rows} x {after_prompt} positions": (
                costs.decode_step(after_prompt, n_rows),
            )
            for n_rows in BATCH_SIZES
        },
        f"decode step, 1 x {full} positions": (costs.decode_step(full),),
        "coordinate": (costs.decode_coordinate(),),
        "size": (costs.decode_size(),),
    }


@click.command()
@click.option("--device", "device_name", default="auto", show_default=True)
@click.option("--dtype", "dtype_name", default="auto", type=click.Choice(["auto", *DTYPES]))
@click.option("--config", "folder", type=click.Path(exists=True, path_type=Path), help="Its sizes.")
def main(device_name: str, dtype_name: str, folder: Path | None) -> None:
    """Print the floor of each stage on this device, for the published sizes or FOLDER's."""
    config = Config.from_file(folder / CONFIG_FILE) if folder else Config()
    device, dtype = choose_device(device_name, dtype_name)
    limits = measure_limits(device, dtype)
    print(
        f"{device.type}, {str(dtype).removeprefix('torch.')}:"
        f" {limits.operations_per_s / 1e9:,.0f} GFLOP/s, {limits.bytes_per_s / 1e9:,.1f} GB/s"
    )
    print(f"{'stage':36}{'GFLOP':>12}{'MB':>12}{'floor ms':>12}  bound by")
    for name, parts in stages(Costs(config, dtype.itemsize, dtype.itemsize)).items():
        n_operations = sum(each.n_operations for each in parts)
        n_bytes = sum(each.n_bytes for each in parts)
        print(
            f"{name:36}{n_operations / 1e9:12,.2f}{n_bytes / 1e6:12,.1f}"
            f"{limits.floor_ms(*parts):12,.3f}"
            f"  {'operations' if limits.is_computing(*parts) else 'bytes'}"
        )


if __name__ == "__main__":
    main()
