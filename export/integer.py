"""The same network in integers: smaller, and faster on a CPU.

Pixels are uint8 already, so a hidden layer multiplies them with int8 weights exactly, in int32.
Every scale is fixed: a row of a batch never depends on its neighbours. Standard operators only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from export.convert import INPUT, OUTPUT, as_model
from export.errors import ExportError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

LARGEST_WEIGHT = 64
"""Two products of uint8 and such a weight fit into int16, where CPUs without VNNI add them."""
SATURATED = 1e-5
"""The share of a hidden layer's values that is cut off at the top of their uint8 range."""
DAMPING = 0.05


@dataclass(frozen=True, eq=False)
class _Dense:
    kernel: Floats
    """`(inputs, outputs)`; pixels count from 0 to 255."""
    bias: Floats


def to_integer(model: onnx.ModelProto, images: NDArray[np.uint8]) -> onnx.ModelProto:
    """Return an exported network with int8 weights in its hidden layers.

    Args:
        model: What ``to_onnx`` made of a stack of dense layers with ReLU.
        images: uint8 (N, 28, 28) that the network was fitted on; scales come from them.

    Raises ExportError where the network has any other layer.
    """
    *hidden, last = _dense_layers(model)
    nodes = [helper.make_node("Reshape", [INPUT, "shape"], ["pixels"])]
    constants: dict[str, Any] = {"shape": np.array([-1, 784])}
    value, values, scale = "pixels", images.reshape(-1, 784).astype(np.float32), np.float32(1)
    for place, layer in enumerate(hidden):
        weights, weight_scales = _quantized(layer.kernel, values)
        values = np.maximum(values @ layer.kernel + layer.bias, 0)
        constants |= {
            f"weights_{place}": weights,
            f"scales_{place}": weight_scales * scale,
            f"bias_{place}": layer.bias,
        }
        nodes += [
            helper.make_node("MatMulInteger", [value, f"weights_{place}"], [f"sums_{place}"]),
            helper.make_node("Cast", [f"sums_{place}"], [f"cast_{place}"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"cast_{place}", f"scales_{place}"], [f"scaled_{place}"]),
            helper.make_node("Add", [f"scaled_{place}", f"bias_{place}"], [f"biased_{place}"]),
        ]
        value = f"hidden_{place}"
        if layer is hidden[-1]:
            nodes.append(helper.make_node("Relu", [f"biased_{place}"], [value]))
        else:  # from the float value below 0 to the integer 0: ReLU comes free
            scale = np.float32(np.quantile(values, 1 - SATURATED) / 255)
            constants |= {f"range_{place}": scale, "zero": np.uint8(0)}
            nodes.append(
                helper.make_node(
                    "QuantizeLinear", [f"biased_{place}", f"range_{place}", "zero"], [value]
                )
            )
    constants |= {"weights": last.kernel, "bias": last.bias}
    nodes += [
        helper.make_node("MatMul", [value, "weights"], ["products"]),
        helper.make_node("Add", ["products", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], [OUTPUT], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "mnist-infer",
        list(model.graph.input),
        list(model.graph.output),
        [numpy_helper.from_array(np.asarray(each), name) for name, each in constants.items()],
    )
    return as_model(graph)


def _dense_layers(model: onnx.ModelProto) -> list[_Dense]:
    constants = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    operators = [node.op_type for node in model.graph.node]
    depth = operators.count("MatMul")
    stack = ["MatMul", "Add", "Relu"] * (depth - 1) + ["MatMul", "Add", "Softmax"]
    if depth < 2 or operators != ["Cast", "Mul", "Reshape", *stack]:
        raise ExportError(
            f"int8 is made of dense layers with ReLU, and this network has {', '.join(operators)}: "
            "export it without --int8"
        )
    kernels, biases = (
        [
            next(constants[name] for name in node.input if name in constants)
            for node in model.graph.node
            if node.op_type == operator
        ]
        for operator in ("MatMul", "Add")
    )
    layers = [_Dense(*arrays) for arrays in zip(kernels, biases, strict=True)]
    return [_Dense(layers[0].kernel / np.float32(255), layers[0].bias), *layers[1:]]


def _quantized(kernel: Floats, inputs: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return int8 weights and the scale of each output, float32 (outputs,).

    GPTQ (Frantar et al. 2022, arXiv 2210.17323): input by input, what rounding took from a weight
    is made up for by the weights that are not rounded yet, as far as their inputs go together.
    """
    scales = np.maximum(np.abs(kernel).max(axis=0), 1e-12) / np.float32(LARGEST_WEIGHT)
    together = (inputs.T @ inputs / np.float32(len(inputs))).astype(np.float64)
    energy = together.diagonal()
    together += np.eye(len(together)) * DAMPING * energy.mean()
    order = np.argsort(-energy, kind="stable")
    passed_on = np.linalg.cholesky(np.linalg.inv(together[np.ix_(order, order)])).T
    left = kernel[order].astype(np.float64)
    rounded = np.empty_like(left)
    for place in range(len(left)):
        exact = left[place] / scales
        rounded[place] = np.clip(np.rint(exact), -LARGEST_WEIGHT, LARGEST_WEIGHT)
        missed = (exact - rounded[place]) * scales / passed_on[place, place]
        left[place + 1 :] -= np.outer(passed_on[place, place + 1 :], missed)
    weights = np.empty(kernel.shape, np.int8)
    weights[order] = rounded
    return weights, scales
