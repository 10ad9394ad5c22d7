"""How the weights lie in files: as the checkpoint has them, or rewritten in fewer bits."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from onnx import TensorProto
from torch import Tensor

from in_browser.graph import Graph

# How many numbers share one scale.
BLOCK = 32
ROWS_AT_ONCE = 256
# What every host takes as one file, and a broken download loses at most.
SHARD_BYTES = 64 * 2**20
# A file's parts begin at multiples of this, as readers of mapped files ask for.
ALIGNED = 64

FORMATS = ("float16", "int8", "int4")
TYPES = {"F16": TensorProto.FLOAT16, "F32": TensorProto.FLOAT}

# A tensor of the checkpoint (…) by the network's own name, in the numbers it is stored in. What is
# made of it is made in parts: the largest takes hundreds of megabytes.
Read = Callable[[str], Tensor]
# Of each tensor by that name: its type, shape, first byte and number of bytes.
Header = dict[str, tuple[str, tuple[int, ...], int, int]]


@dataclass(frozen=True)
class Place:
    """Where a tensor lies: a file, from which byte, how many."""

    path: str
    offset: int
    length: int


class Weights(ABC):
    """Puts weights into graphs."""

    def __init__(self, read: Read, format: str) -> None:
        self._read, self.format = read, format

    def seen(self, name: str) -> Tensor:
        """A weight (…) as graphs compute with it, float32."""
        return self._read(name).float()

    @abstractmethod
    def tensor(self, graph: Graph, name: str) -> str:
        """A weight as float32."""

    @abstractmethod
    def table(self, name: str) -> tuple[list[Place], str]:
        """A weight that is read without a graph, part by part; and its type: "F16" or "F32"."""

    @abstractmethod
    def end_file(self) -> None:
        """What follows lies in other files, where that can be, to be read by itself."""

    def linear(self, graph: Graph, x: str, name: str) -> str:
        """x (…, in) through a linear layer (…, out)."""
        weight = graph.transpose(self.tensor(graph, f"{name}.weight"), 1, 0)
        bias = self.tensor(graph, f"{name}.bias")
        return graph.node("Add", graph.node("MatMul", x, weight), bias)

    def norm(self, graph: Graph, x: str, name: str) -> str:
        weight, bias = (self.tensor(graph, f"{name}.{each}") for each in ("weight", "bias"))
        return graph.norm(x, weight, bias)


class AsStored(Weights):
    """The checkpoint's own file is what is served: graphs name their places in it."""

    def __init__(self, path: str, header: Header, read: Read) -> None:
        super().__init__(read, "as stored")
        self._path, self._header = path, header

    def tensor(self, graph: Graph, name: str) -> str:
        kind, shape, offset, length = self._header[name]
        place = Place(self._path, offset, length)
        return as_float32(graph, graph.stored(external(name, TYPES[kind], shape, place)), kind)

    def table(self, name: str) -> tuple[list[Place], str]:
        kind, _, offset, length = self._header[name]
        return [Place(self._path, offset, length)], kind

    def end_file(self) -> None:
        """All lies in the one file that is there."""


class Shards(Weights):
    """Rewritten tensor by tensor into files of SHARD_BYTES, one more where a tensor has no room.

    format: one of FORMATS; of whole numbers only matrices are made, in blocks with a scale each.
    At any time at most one tensor is in memory.
    """

    def __init__(self, folder: Path, read: Read, format: str) -> None:
        super().__init__(read, format)
        self._folder = folder
        self._kept: dict[str, TensorProto] = {}
        self._n_in: dict[str, int] = {}
        self._n_files, self._n_bytes = 0, SHARD_BYTES

    def seen(self, name: str) -> Tensor:
        weight = self._read(name)
        if f"{name}.scales" not in self._kept:
            return weight.half().float()
        return dequantised(*quantised(weight, self._bits), weight.shape[1], self._bits)

    def tensor(self, graph: Graph, name: str) -> str:
        return as_float32(graph, graph.stored(self._half(name)), "F16")

    def linear(self, graph: Graph, x: str, name: str) -> str:
        if self.format == "float16":
            return super().linear(graph, x, name)
        weight, bias = f"{name}.weight", self.tensor(graph, f"{name}.bias")
        if f"{weight}.scales" not in self._kept:
            matrix = self._read(weight)
            numbers, scales = quantised(matrix, self._bits)
            self._keep(f"{weight}.numbers", TensorProto.UINT8, numbers)
            self._keep(f"{weight}.scales", TensorProto.FLOAT, scales)
            self._n_in[weight] = matrix.shape[1]
        numbers_, scales_ = (self._kept[f"{weight}.{each}"] for each in ("numbers", "scales"))
        return graph.node(
            "MatMulNBits",
            x,
            graph.stored(numbers_),
            graph.stored(scales_),
            "",
            "",
            bias,
            K=self._n_in[weight],
            N=numbers_.dims[0],
            bits=self._bits,
            block_size=BLOCK,
        )

    def table(self, name: str) -> tuple[list[Place], str]:
        # No graph needs it whole.
        numbers = self._read(name).half().numpy().reshape(-1)
        n_at_once = SHARD_BYTES // numbers.itemsize
        parts = range(0, len(numbers), n_at_once)
        return [self._write(numbers[first : first + n_at_once]) for first in parts], "F16"

    def end_file(self) -> None:
        self._n_bytes = SHARD_BYTES

    @property
    def _bits(self) -> int:
        return 4 if self.format == "int4" else 8

    def _half(self, name: str) -> TensorProto:
        if name not in self._kept:
            self._keep(name, TensorProto.FLOAT16, self._read(name).half().numpy())
        return self._kept[name]

    def _keep(self, name: str, kind: int, values: np.ndarray) -> None:
        self._kept[name] = external(name, kind, values.shape, self._write(values))

    def _write(self, values: np.ndarray) -> Place:
        """Append numbers to the shard that is being written, or begin another."""
        if self._n_bytes + values.nbytes > SHARD_BYTES and self._n_bytes:
            self._n_files, self._n_bytes = self._n_files + 1, 0
        path = f"weights-{self._n_files:03}.bin"
        with (self._folder / path).open("ab") as file:
            file.write(bytes(-self._n_bytes % ALIGNED))
            place = Place(path, file.tell(), values.nbytes)
            file.write(np.ascontiguousarray(values).data)
            self._n_bytes = file.tell()
        return place


def external(name: str, kind: int, shape: Sequence[int], place: Place) -> TensorProto:
    """A tensor whose numbers lie in another file."""
    tensor = TensorProto(name=name, data_type=kind, dims=shape)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": place.path, **asdict(place)}.items():
        if key != "path":
            tensor.external_data.add(key=key, value=str(value))
    return tensor


def as_float32(graph: Graph, name: str, kind: str) -> str:
    """Half numbers become whole ones once, when the graph is loaded."""
    return name if kind == "F32" else graph.node("Cast", name, to=TensorProto.FLOAT)


def quantised(matrix: Tensor, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """A matrix (out, in) as `MatMulNBits` reads it: whole numbers around a middle, and scales.

    Returns numbers (out, blocks, BLOCK * bits / 8), uint8, two of 4 bits in a byte, the first the
    lower; and scales (out, blocks), float32. The number of largest size in a block is exact: with 4
    bits there is one more below the middle than above, and it takes that.
    """
    parts = [_quantised(rows, bits) for rows in matrix.split(ROWS_AT_ONCE)]
    numbers, scales = zip(*parts, strict=True)
    return np.concatenate(numbers), np.concatenate(scales)


def _quantised(rows: Tensor, bits: int) -> tuple[np.ndarray, np.ndarray]:
    n_out, n_in = rows.shape
    n_blocks = -(-n_in // BLOCK)
    padded = torch.nn.functional.pad(rows.float(), (0, n_blocks * BLOCK - n_in))
    blocks = padded.view(n_out, n_blocks, BLOCK)
    middle = 1 << bits - 1
    largest = blocks.gather(-1, blocks.abs().argmax(dim=-1, keepdim=True))
    scales = largest / -middle
    steps = torch.where(scales == 0, 0.0, blocks / scales)
    numbers = (steps.round() + middle).clamp_(0, 2 * middle - 1).byte().numpy()
    if bits == 4:
        numbers = numbers[..., ::2] | numbers[..., 1::2] << 4
    return numbers, scales[..., 0].numpy()


def dequantised(numbers: np.ndarray, scales: np.ndarray, n_in: int, bits: int) -> Tensor:
    """The matrix (out, in) that `quantised` left, as float32."""
    matrix = torch.empty(len(numbers), n_in)
    for first in range(0, len(numbers), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        matrix[rows] = _dequantised(numbers[rows], scales[rows], bits)[:, :n_in]
    return matrix


def _dequantised(numbers: np.ndarray, scales: np.ndarray, bits: int) -> Tensor:
    if bits == 4:
        numbers = np.stack([numbers & 15, numbers >> 4], axis=-1).reshape(*numbers.shape[:2], BLOCK)
    steps = torch.from_numpy(numbers.astype(np.float32)) - (1 << bits - 1)
    return (steps * torch.from_numpy(scales)[..., None]).flatten(1)
