"""How fast the machine's matrix units are, as ONNX Runtime uses them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from mnist_infer.inference.devices import CPU
from mnist_infer.inference.open_session import create_session

SIDE = 512
SECONDS = 2.0

Arrays: TypeAlias = Mapping[str, NDArray[Any]]


def matrix_peaks(threads: int) -> dict[str, float]:
    """Operations per second of a large product in ONNX Runtime, by type of the numbers."""
    return {
        "float32": _operations_per_second("MatMul", np.float32, np.float32, threads),
        "int8": _operations_per_second("MatMulInteger", np.uint8, np.int8, threads),
    }


def _operations_per_second(operator: str, left: type[Any], right: type[Any], threads: int) -> float:
    generator = np.random.default_rng(0)
    weights: NDArray[Any] = generator.integers(-50, 50, (SIDE, SIDE)).astype(right)
    images: NDArray[Any] = generator.integers(0, 100, (SIDE, SIDE)).astype(left)
    products = np.empty((SIDE, SIDE), np.float32 if left is np.float32 else np.int32)
    node = helper.make_node(operator, ["x", "w"], ["y"])
    model = _model_of([node], {"w": weights}, {"x": images}, {"y": products})
    session = create_session(model.SerializeToString(), threads, [CPU])
    return 2 * SIDE**3 / _best_seconds(lambda: session.run(None, {"x": images}))


def _best_seconds(call: Callable[[], object]) -> float:
    """The shortest of all calls: a peak is what the machine can do when it is left alone."""
    best = float("inf")
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def _model_of(
    nodes: Sequence[onnx.NodeProto], weights: Arrays, takes: Arrays, gives: Arrays
) -> onnx.ModelProto:
    """A model of these nodes; `takes` and `gives` are arrays like its inputs and outputs."""
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
    return helper.make_model(graph, ir_version=7, opset_imports=[helper.make_opsetid("", 13)])
