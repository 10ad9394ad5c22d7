"""Linear layers as a CPU multiplies them fastest; the numbers stay the same.

torch hands a plain layer to a library that reads the weights as they lie. oneDNN, which comes with
torch, reads them in blocks of its own order, and takes the GELU along: on some CPUs two to three
times as fast, on others a little slower. What the processor says of itself decides: a measurement
would choose by what else the computer does.
"""

import platform
import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moondream2.config import TextConfig
from moondream2.layers import MLP, AttentionWeights, mix_values
from moondream2.network import Network

# A smaller layer stays in the caches: there, few rows are faster unpacked, and float32 is exacter.
SMALL_WEIGHT = 2**20
MIN_PACKED_ROWS = 16
# Steps of answers are quantised, prompts and pictures are not: there rounding would cost more.
MAX_INT8_ROWS = 32
LARGEST_INT8, MIDDLE = 127, 128
# Fewer queries than this are mixed as soon in torch's own way.
MIN_QUERIES = 128
# The largest products there are, so many of them; exact ones are off by less than a rounding.
N_PROBED, MAX_PROBE_ERROR = 64, 0.01
# Linux only.
CPU_INFO = Path("/proc/cpuinfo")
SMALLEST_SCALE = torch.finfo(torch.float32).tiny


@dataclass(frozen=True)
class Arithmetic:
    """How a CPU computes: number format, layers packed for oneDNN or not, torch's threads."""

    dtype: torch.dtype
    is_packed: bool
    n_threads: int = 1


class PackedLinear(nn.Module):
    """A linear layer in oneDNN's order; a small one keeps its plain weights for few rows.

    With `is_quantised` few rows, the steps of answers, are multiplied in whole numbers of 8 bits,
    which halves what is read.
    """

    def __init__(self, linear: nn.Linear, *, is_quantised: bool = False) -> None:
        super().__init__()
        weight, self._bias = linear.weight.detach(), linear.bias.detach()
        self._packed = torch.ops.mkldnn._reorder_linear_weight(weight, None)
        self._plain = weight if weight.numel() < SMALL_WEIGHT else None
        self._int8 = _quantised(weight) if is_quantised else None

    def forward(self, x: Tensor, *, with_gelu: bool = False) -> Tensor:
        """Multiply x (…, in) and add the bias; returns (…, out)."""
        n_rows = x.numel() // x.shape[-1]
        if self._int8 is not None and n_rows <= MAX_INT8_ROWS:
            y = self._int8.multiply(x) + self._bias
        elif self._plain is not None and n_rows < MIN_PACKED_ROWS:
            y = F.linear(x, self._plain, self._bias)
        else:
            then, how = ("gelu", "tanh") if with_gelu else ("none", "")
            return torch.ops.mkldnn._linear_pointwise(x, self._packed, self._bias, then, [], how)
        return F.gelu(y, approximate="tanh") if with_gelu else y


class CannotQuantise(RuntimeError):
    """Nothing here multiplies 8-bit numbers rightly."""


class Int8Weight(ABC):
    """A matrix of 8 bits with a scale for each output; rows of x get one each, too.

    weight: (out, in). What a row gives does not depend on the rows beside it. Raises RuntimeError
    where this build of torch lacks the kernel.
    """

    def __init__(self, weight: Tensor) -> None:
        values = weight.float()
        scale = _scale(values)
        self._pack((values / scale).round_().to(torch.int8), scale.flatten())

    def multiply(self, x: Tensor) -> Tensor:
        """Multiply x (…, in) with the transposed matrix; returns (…, out) in x's dtype."""
        values = x.reshape(-1, x.shape[-1]).float()
        scale = _scale(values)
        y = self._multiply(values / scale) * scale
        return y.to(x.dtype).reshape(*x.shape[:-1], -1)

    @abstractmethod
    def _pack(self, rounded: Tensor, scales: Tensor) -> None:
        """Keep a matrix of whole numbers (out, in); each row is multiplied by its scale, (out,)."""

    @abstractmethod
    def _multiply(self, rows: Tensor) -> Tensor:
        """Multiply rows (T, in) from -127 to 127; returns (T, out) in float32."""


class OneDnnInt8(Int8Weight):
    """By oneDNN: exact and fast where the processor has VNNI."""

    def _pack(self, rounded: Tensor, scales: Tensor) -> None:
        """See Int8Weight: (out, in) and (out,)."""
        self._packed = torch.ops.onednn.qlinear_prepack(rounded, None)
        self._scales, self._zeros = scales, torch.zeros(len(rounded), dtype=torch.long)

    def _multiply(self, rows: Tensor) -> Tensor:
        """Turn rows (T, in) into (T, out)."""
        # Unsigned around a middle: that is what the CPU's own products of 8 bits read.
        unsigned = rows.round_().add_(MIDDLE).to(torch.uint8)
        return torch.ops.onednn.qlinear_pointwise(
            *(unsigned, 1.0, MIDDLE, self._packed, self._scales, self._zeros),
            *(None, 1.0, 0, torch.float32, "none", [], ""),
        )


class ReducedInt8(Int8Weight):
    """By torch's own quantised layer, x in 7 bits: two products added up never overflow 16 bits.

    Without VNNI that is FBGEMM, there several times as fast as oneDNN.
    """

    def _pack(self, rounded: Tensor, scales: Tensor) -> None:
        """See Int8Weight: (out, in) and (out,)."""
        zeros = torch.zeros(len(rounded), dtype=torch.long)
        # torch would rather have another library do this, which has no kernel for old CPUs.
        with warnings.catch_warnings(action="ignore"):
            weight = torch._make_per_channel_quantized_tensor(rounded, scales, zeros, 0)
        self._packed = torch.ops.quantized.linear_prepack(weight, None)
        # All rows are scaled by the least and the largest number among them. One more row has
        # them always, so that no row depends on others: 63 steps up, 64 down.
        self._limits = torch.zeros(1, rounded.shape[1])
        self._limits[0, :2] = torch.tensor([LARGEST_INT8, -LARGEST_INT8 * 64 / 63])

    def _multiply(self, rows: Tensor) -> Tensor:
        """Turn rows (T, in) into (T, out)."""
        rows = torch.cat([rows, self._limits])
        return torch.ops.quantized.linear_dynamic(rows, self._packed, reduce_range=True)[:-1]


@cache
def choose_int8() -> type[Int8Weight] | None:
    """Choose what multiplies 8-bit numbers rightly on this processor, None if nothing does.

    Without VNNI oneDNN adds up two products in 16 bits, which large ones overflow: a row of ones
    times a row of ones was 0.5 instead of 64.
    """
    return next((kind for kind in (OneDnnInt8, ReducedInt8) if _is_exact(kind)), None)


def _is_exact(kind: type[Int8Weight]) -> bool:
    ones = torch.ones(1, N_PROBED)
    try:
        product = kind(ones).multiply(ones).item()
    except RuntimeError:
        return False
    return abs(product / N_PROBED - 1) < MAX_PROBE_ERROR


def _quantised(weight: Tensor) -> Int8Weight:
    """Quantise a matrix (out, in). Raises CannotQuantise."""
    kind = choose_int8()
    if kind is None:
        raise CannotQuantise("Nothing here multiplies 8-bit numbers rightly.")
    return kind(weight)


def _scale(rows: Tensor) -> Tensor:
    """What makes each row (…, in) fit 8 bits, (…, 1); a row of zeros may have any."""
    return (rows.abs().amax(dim=-1, keepdim=True) / LARGEST_INT8).clamp(min=SMALLEST_SCALE)


class PackedMLP(nn.Module):
    """An MLP of packed layers, the GELU within the first."""

    def __init__(self, mlp: MLP, *, is_quantised: bool = False) -> None:
        super().__init__()
        self.fc1 = PackedLinear(mlp.fc1, is_quantised=is_quantised)
        self.fc2 = PackedLinear(mlp.fc2, is_quantised=is_quantised)

    def forward(self, x: Tensor) -> Tensor:
        """Turn x (…, in) into (…, out)."""
        return self.fc2(self.fc1(x, with_gelu=True))


@torch.inference_mode()
def mix_by_head(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Do what `mix_values` does; of a picture, whose positions all see each other, head by head.

    q: (B, H, T, K). k and v: (B, kv heads, keys, K). Returns (B, H, T, K).
    torch's own way multiplies on a CPU at a seventh of oneDNN's speed. One head's scores, float32
    as there, stay in the caches, and so does the memory that all heads take in turns.
    """
    n_rows, n_heads, n_queries, head_dim = q.shape
    if mask is not None or n_queries < MIN_QUERIES:
        return mix_values(q, k, v, mask)
    n_sharing = n_heads // k.shape[1]
    mixed = q.new_empty(n_rows, n_queries, n_heads, head_dim)
    shares = torch.empty(n_queries, k.shape[2], dtype=torch.float32)
    for b in range(n_rows):
        for head in range(n_heads):
            keys, values = k[b, head // n_sharing], v[b, head // n_sharing]
            scores = _multiply(q[b, head].float() * head_dim**-0.5, keys.float())
            torch.softmax(scores, dim=-1, out=shares)
            mixed[b, :, head] = _multiply(shares.to(v.dtype), values.T)
    return mixed.transpose(1, 2)


def _multiply(x: Tensor, matrix: Tensor) -> Tensor:
    """Multiply x (T, in) with the transposed matrix (out, in); returns (T, out)."""
    # oneDNN takes other strides, too, and then a thousand times as long.
    x, matrix = x.contiguous(), matrix.contiguous()
    return torch.ops.mkldnn._linear_pointwise(x, matrix, None, "none", [], "")


@torch.inference_mode()
def pack(network: Network, *, is_quantised: bool = False) -> None:
    """Pack every linear layer of a network on the CPU, in place; it can only be asked from then on.

    is_quantised reaches the text decoder, whose weights are read for each word. Vision and region
    are read once per picture or object, and there rounding would move a box.
    """
    _pack(network.text, is_quantised)
    _pack(network, is_quantised=False)


def _pack(parent: nn.Module, is_quantised: bool) -> None:
    for name, child in list(parent.named_children()):
        if isinstance(child, MLP):
            setattr(parent, name, PackedMLP(child, is_quantised=is_quantised))
        elif isinstance(child, nn.Linear):
            setattr(parent, name, PackedLinear(child, is_quantised=is_quantised))
        elif isinstance(child, AttentionWeights):
            child.mix = mix_by_head
            _pack(child, is_quantised)
        elif not isinstance(child, PackedLinear | PackedMLP):
            _pack(child, is_quantised)


def choose_arithmetic(
    config: TextConfig, dtype: torch.dtype | None, *, is_quantised: bool = False
) -> Arithmetic:
    """Choose what answers soonest on this CPU, in `dtype` if one is asked for; the same every time.

    A small network is exact and as fast in float32, and threads would only wait for each other.
    """
    is_small = config.dim * config.ff_dim < SMALL_WEIGHT
    if dtype is None:
        dtype = torch.float32 if is_small or not has_bfloat16() else torch.bfloat16
    is_packed = can_pack(dtype)
    if is_packed and is_quantised:
        is_packed = choose_int8() is not None
    elif is_packed and dtype is torch.float32 and not is_small:
        is_packed = not has_fast_mkl()
    return Arithmetic(dtype, is_packed, 1 if is_small else torch.get_num_threads())


def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself; others take several times as long."""
    if not can_pack(torch.bfloat16):
        return False
    if platform.machine().lower() in ("aarch64", "arm64"):
        return True
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def can_pack(dtype: torch.dtype) -> bool:
    """Whether oneDNN is here and multiplies this dtype on this processor."""
    if not torch.backends.mkldnn.is_available():
        return False
    # Without AVX-512 or AVX-NE-CONVERT oneDNN refuses bfloat16, and a start would break off.
    can_multiply_bfloat16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return dtype is torch.float32 or (dtype is torch.bfloat16 and can_multiply_bfloat16)


def has_fast_mkl() -> bool:
    """Whether torch multiplies float32 by Intel's MKL on a processor of Intel's.

    There plain layers took 0.7 to 0.85 of the time of packed ones; on AMD's, twice to three times.
    """
    # Windows names the maker in the processor's name, Linux in a file.
    named = CPU_INFO.read_text() if CPU_INFO.is_file() else platform.processor()
    return torch.backends.mkl.is_available() and "GenuineIntel" in named
