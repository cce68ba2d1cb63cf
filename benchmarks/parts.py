"""What one image's time in ONNX Runtime consists of: the call, the integer products, the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from benchmarks.graphs import Arrays, model_of, open_session
from mnist_infer import Recognizer

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
    takes, gives = {"rows": rows}, {"same": rows.copy()}
    return {
        CALL: _bound(model_of([nothing], {}, takes, gives), takes, gives),
        PRODUCTS: _products(model.graph, image),
        WHOLE: _bound(model, {"image": image}, {"probabilities": rows.copy()}),
    }


def _products(graph: onnx.GraphProto, image: NDArray[np.uint8]) -> Callable[[], object]:
    """Every product of a graph beside the others, each with an input of its own."""
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    nodes = [node for node in graph.node if node.op_type == "MatMulInteger"]
    weights = {node.input[1]: constants[node.input[1]] for node in nodes}
    takes: dict[str, NDArray[Any]] = {}
    gives: dict[str, NDArray[Any]] = {}
    for node in nodes:
        inputs, outputs = weights[node.input[1]].shape
        takes[node.input[0]] = np.resize(image, (1, inputs))
        gives[node.output[0]] = np.zeros((1, outputs), np.int32)
    return _bound(model_of(nodes, weights, takes, gives), takes, gives)


def _bound(model: onnx.ModelProto, takes: Arrays, gives: Arrays) -> Callable[[], object]:
    session = open_session(model, threads=1)
    binding = session.io_binding()
    for bind, arrays in ((binding.bind_input, takes), (binding.bind_output, gives)):
        for name, array in arrays.items():
            bind(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)

    def call(_: object = (takes, gives)) -> object:  # It keeps the arrays alive.
        return session.run_with_iobinding(binding)

    return call
