"""Graphs in the making, run by ONNX's own reference."""

import numpy as np
import onnx
from onnx import TensorProto
from onnx.reference import ReferenceEvaluator

from in_browser.graph import Graph


def test_graph_computes_what_was_collected():
    graph = Graph()
    sum_ = graph.node("Add", "x", graph.constant(np.array([1.0, 2.0])))
    made = graph.finish("sum", {"x": (TensorProto.FLOAT, (1, 2))}, {"y": (sum_, (1, 2))})
    onnx.checker.check_model(made)
    (y,) = ReferenceEvaluator(made).run(None, {"x": np.array([[10.0, 20.0]], np.float32)})
    assert y.tolist() == [[11.0, 22.0]]


def test_operation_may_have_several_outputs():
    graph = Graph()
    first, second = graph.nodes("Split", "x", n_outputs=2, axis=-1, num_outputs=2)
    swapped = graph.node("Concat", second, first, axis=-1)
    made = graph.finish("swap", {"x": (TensorProto.FLOAT, (4,))}, {"y": (swapped, (4,))})
    (y,) = ReferenceEvaluator(made).run(None, {"x": np.arange(4, dtype=np.float32)})
    assert y.tolist() == [2, 3, 0, 1]
