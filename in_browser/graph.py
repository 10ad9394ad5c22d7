"""Collects the nodes of one ONNX graph; each method returns the name of what it computes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

# What ONNX itself lacks, or has without a kernel for WebGPU.
CONTRIBUTED = ("MatMulNBits", "MultiHeadAttention", "RotaryEmbedding")
OPSETS = (helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1))
IR_VERSION = 10
NORM_EPSILON = 1e-5

# A size that is known when the graph runs, by its name in the graph.
Size = int | str


class Graph:
    """One graph in the making."""

    def __init__(self) -> None:
        self._nodes: list = []
        self._initializers: list[TensorProto] = []
        self._names: set[str] = set()

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """One operation with one output; "" stands for an input that is left out."""
        return self.nodes(kind, *inputs, n_outputs=1, **attributes)[0]

    def nodes(self, kind: str, *inputs: str, n_outputs: int, **attributes: Any) -> list[str]:
        """One operation with several outputs."""
        outputs = [f"{kind}_{len(self._nodes)}_{number}" for number in range(n_outputs)]
        domain = "com.microsoft" if kind in CONTRIBUTED else ""
        made = helper.make_node(kind, list(inputs), outputs, domain=domain, **attributes)
        self._nodes.append(made)
        return outputs

    def constant(self, values: np.ndarray | Sequence[int] | float) -> str:
        """Numbers in the graph itself; whole ones as int64, others as float32."""
        array = np.asarray(values)
        array = array.astype(np.int64 if array.dtype.kind in "iu" else np.float32)
        name = f"constant_{len(self._initializers)}"
        self._initializers.append(numpy_helper.from_array(array, name))
        return name

    def stored(self, tensor: TensorProto) -> str:
        """Numbers that lie in a file of their own; the same name is taken once."""
        if tensor.name not in self._names:
            self._names.add(tensor.name)
            self._initializers.append(tensor)
        return tensor.name

    def reshape(self, x: str, *shape: int) -> str:
        """As `onnx.Reshape`: 0 keeps a size, -1 takes the rest."""
        return self.node("Reshape", x, self.constant(shape))

    def transpose(self, x: str, *order: int) -> str:
        return self.node("Transpose", x, perm=order)

    def norm(self, x: str, weight: str, bias: str) -> str:
        return self.node("LayerNormalization", x, weight, bias, axis=-1, epsilon=NORM_EPSILON)

    def finish(
        self,
        name: str,
        inputs: Mapping[str, tuple[int, Sequence[Size]]],
        outputs: Mapping[str, tuple[str, Sequence[Size]]],
    ) -> ModelProto:
        """The graph as it is written.

        inputs: type and shape by name. outputs: by the name that they are to have, what they are
        called so far and their shape; all float32.
        """
        for told, (made, _) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [made], [told]))
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(each, *told) for each, told in inputs.items()],
            [
                helper.make_tensor_value_info(each, TensorProto.FLOAT, shape)
                for each, (_, shape) in outputs.items()
            ],
            initializer=self._initializers,
        )
        return helper.make_model(graph, opset_imports=OPSETS, ir_version=IR_VERSION)
