"""Linear layers as a CPU multiplies them fastest, chosen by measuring; the numbers stay the same.

torch hands a plain layer to a library that reads the weights as they lie. oneDNN, which comes with
torch, reads them in blocks of its own order, and takes the GELU along: on some CPUs two to three
times as fast, on others no faster. So both are tried for a moment when a network is loaded.
"""

from dataclasses import dataclass
from time import monotonic

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moondream2.config import TextConfig
from moondream2.layers import MLP, AttentionWeights, mix_values
from moondream2.network import Network

# What is measured: an answer of ordinary length about a picture.
N_PICTURE_ROWS, N_ANSWER_STEPS = 730, 20
MEASURE_S = 0.02
# What packing wins besides: it takes the GELU along, and a picture's heads are mixed faster.
PACKED_SHARE = 0.85
# A smaller layer stays in the caches: there, few rows are faster unpacked, and float32 is exacter.
SMALL_WEIGHT = 2**20
MIN_PACKED_ROWS = 16
# Steps of answers are quantised, prompts and pictures are not: there rounding would cost more.
MAX_INT8_ROWS = 32
MIDDLE = 128
# Fewer queries than this are mixed as soon in torch's own way.
MIN_QUERIES = 128
# The largest products there are, so many of them; exact ones are off by less than a rounding.
N_PROBED, MAX_PROBE_ERROR = 64, 0.01
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
        self._int8 = Int8Weight(weight) if is_quantised else None

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


class Int8Weight:
    """A matrix of 8 bits with a scale for each output; rows of x get one each, too.

    weight: (out, in). What a row gives does not depend on the rows beside it.
    """

    def __init__(self, weight: Tensor) -> None:
        values = weight.float()
        self._scale = _scale(values)
        rounded = (values / self._scale).round_().to(torch.int8)
        self._packed = torch.ops.onednn.qlinear_prepack(rounded, None)
        self._scales = self._scale.flatten()
        self._zero_points = torch.zeros(len(values), dtype=torch.long)

    def multiply(self, x: Tensor) -> Tensor:
        """Multiply x (…, in) with the transposed matrix; returns (…, out) in x's dtype."""
        values = x.reshape(-1, x.shape[-1]).float()
        scale = _scale(values)
        # Unsigned around a middle: that is what the CPU's own products of 8 bits read.
        rounded = (values / scale).round_().add_(MIDDLE).to(torch.uint8)
        y = torch.ops.onednn.qlinear_pointwise(
            *(rounded, 1.0, MIDDLE, self._packed, self._scales, self._zero_points),
            *(None, 1.0, 0, torch.float32, "none", [], ""),
        )
        return (y * scale).to(x.dtype).reshape(*x.shape[:-1], -1)


def _scale(rows: Tensor) -> Tensor:
    """What makes each row (…, in) fit 8 bits, (…, 1); a row of zeros may have any."""
    return (rows.abs().amax(dim=-1, keepdim=True) / 127).clamp(min=SMALLEST_SCALE)


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
    """Measure what answers soonest on this CPU, in `dtype` if one is asked for; about a second.

    Some CPUs multiply bfloat16 several times faster than float32, others several times slower.
    Quantised layers are packed wherever they can be. No more threads are taken than torch takes
    now: a small network is often fastest on one, a large one where each core has one.
    """
    is_small = config.dim * config.ff_dim < SMALL_WEIGHT
    if dtype is None:
        dtypes = [torch.float32] if is_small else [torch.float32, torch.bfloat16]
    else:
        dtypes = [dtype]
    n_threads = torch.get_num_threads()
    # Asked for by few, so few starts pay for the probe.
    is_exact = not is_quantised or can_quantise()
    tried = [
        Arithmetic(each, is_packed, n)
        for each in dtypes
        for is_packed in ((True,) if is_quantised else (False, True))
        if not is_packed or (can_pack(each) and is_exact)
        # Two threads that share a core share its arithmetic, too.
        for n in sorted({1 if is_small else max(1, n_threads // 2), n_threads})
    ]
    plain = Arithmetic(dtypes[0], is_packed=False, n_threads=n_threads)
    try:
        return min(tried, key=lambda each: _answer_s(config, each), default=plain)
    finally:
        torch.set_num_threads(n_threads)


def can_pack(dtype: torch.dtype) -> bool:
    """Whether oneDNN is here and multiplies this dtype on this processor."""
    if not torch.backends.mkldnn.is_available():
        return False
    # Without AVX-512 or AVX-NE-CONVERT oneDNN refuses bfloat16, and a start would break off.
    can_multiply_bfloat16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return dtype is torch.float32 or (dtype is torch.bfloat16 and can_multiply_bfloat16)


def can_quantise() -> bool:
    """Whether products of 8-bit numbers are exact on this processor.

    Without VNNI two of them are added up in 16 bits, which large ones overflow: a row of ones times
    a row of ones was 0.5 instead of 64.
    """
    if not torch.backends.mkldnn.is_available():
        return False
    ones = torch.ones(1, N_PROBED)
    return abs(Int8Weight(ones).multiply(ones).item() / N_PROBED - 1) < MAX_PROBE_ERROR


@torch.inference_mode()
def _answer_s(config: TextConfig, arithmetic: Arithmetic) -> float:
    """Seconds that one layer takes for the rows of a picture and the steps of an answer."""
    linear = nn.Linear(config.dim, config.ff_dim, dtype=arithmetic.dtype)
    layer = PackedLinear(linear) if arithmetic.is_packed else linear
    torch.set_num_threads(arithmetic.n_threads)
    total_s = 0.0
    for n_rows, n_times in ((N_PICTURE_ROWS, 1), (1, N_ANSWER_STEPS)):
        x = torch.ones(n_rows, config.dim, dtype=arithmetic.dtype)
        # The first product of a kind wakes threads and compiles its code.
        layer(x)
        times: list[float] = []
        while sum(times) < MEASURE_S:
            began = monotonic()
            layer(x)
            times.append(monotonic() - began)
        # What takes longer was held up by other work.
        total_s += n_times * min(times)
    return total_s * PACKED_SHARE if arithmetic.is_packed else total_s
