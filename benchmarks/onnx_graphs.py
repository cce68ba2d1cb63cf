"""Small ONNX graphs that ONNX Runtime is timed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from mnist_infer.inference.devices import CPU, import_onnxruntime

Arrays: TypeAlias = Mapping[str, NDArray[Any]]


def model_of(
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


def open_session(model: onnx.ModelProto, threads: int) -> Any:
    """ONNX Runtime's session of a model, on the CPU."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model.SerializeToString(), options, [CPU])
