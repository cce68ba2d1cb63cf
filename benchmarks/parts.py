"""What one image's time in ONNX Runtime consists of: the call, the integer products, the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, helper, numpy_helper

from mnist_infer import Recognizer
from mnist_infer.devices import CPU, import_onnxruntime

CALL = "a call that does nothing"
PRODUCTS = "a call of its integer products alone"
WHOLE = "a call of the whole network"

PARTS = (CALL, PRODUCTS, WHOLE)


def calls(recognizer: Recognizer, image: NDArray[np.uint8]) -> dict[str, Callable[[], object]]:
    """Each part as ONNX Runtime's cheapest call: arrays that are bound once, one thread.

    Args:
        recognizer: A bundled model in integers.
        image: uint8 (1, 28, 28).
    """
    model = onnx.load(recognizer.model.path)
    rows = np.zeros((1, 10), np.float32)
    nothing = helper.make_node("Identity", ["rows"], ["same"])
    return {
        CALL: _bound(_graph([nothing], {}, {"rows": rows}, {"same": rows.copy()})),
        PRODUCTS: _bound(_products(model.graph, image)),
        WHOLE: _bound((model, {"image": image}, {"probabilities": rows.copy()})),
    }


_Arrays = dict[str, NDArray[Any]]
_Bound = tuple[onnx.ModelProto, _Arrays, _Arrays]
"""A model, and the arrays that it takes and gives."""


def _products(graph: onnx.GraphProto, image: NDArray[np.uint8]) -> _Bound:
    """Every product of a graph beside the others, each with an input of its own."""
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    nodes = [node for node in graph.node if node.op_type == "MatMulInteger"]
    weights = {node.input[1]: constants[node.input[1]] for node in nodes}
    takes: _Arrays = {}
    gives: _Arrays = {}
    for node in nodes:
        inputs, outputs = weights[node.input[1]].shape
        takes[node.input[0]] = np.resize(image, (1, inputs))
        gives[node.output[0]] = np.zeros((1, outputs), np.int32)
    return _graph(nodes, weights, takes, gives)


def _graph(nodes: list[NodeProto], weights: _Arrays, takes: _Arrays, gives: _Arrays) -> _Bound:
    inputs, outputs = (
        [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
            )
            for name, array in arrays.items()
        ]
        for arrays in (takes, gives)
    )
    initializers = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "part", inputs, outputs, initializers)
    opset = helper.make_opsetid("", 13)
    return helper.make_model(graph, ir_version=7, opset_imports=[opset]), takes, gives


def _bound(part: _Bound) -> Callable[[], object]:
    model, takes, gives = part
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, [CPU])
    binding = session.io_binding()
    for bind, arrays in ((binding.bind_input, takes), (binding.bind_output, gives)):
        for name, array in arrays.items():
            bind(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)

    def call(_: object = part) -> object:  # It keeps the arrays alive.
        return session.run_with_iobinding(binding)

    return call
