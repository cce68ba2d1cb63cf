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
LARGEST_BIAS = 2**23
"""In the unit of the sums, which then are exact in float32 with it."""


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
        weights, scales = _quantized(layer, values, scale)
        values = np.maximum(values @ layer.kernel + layer.bias, 0)
        constants[f"weights_{place}"] = weights
        sums = f"sums_{place}"
        nodes.append(helper.make_node("MatMulInteger", [value, f"weights_{place}"], [sums]))
        value = f"hidden_{place}"
        if layer is hidden[-1]:
            last, floor = _after_relu(layer.bias, scales * scale, last)
            constants["floor"] = floor
            nodes += [
                helper.make_node("Max", [sums, "floor"], ["above"]),
                helper.make_node("Cast", ["above"], [value], to=TensorProto.FLOAT),
            ]
        else:
            step = np.float32(np.quantile(values, 1 - SATURATED) / 255)
            constants |= {
                f"scale_{place}": scale,
                f"scales_{place}": scales,
                f"bias_{place}": layer.bias,
                f"scale_{place + 1}": step,
                "one": np.uint8(1),
                "zero": np.uint8(0),
            }
            nodes += _requantize(place, sums, value)
            scale = step
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


def _requantize(place: int, sums: str, integers: str) -> list[onnx.NodeProto]:
    """Return the nodes from a layer's sums to the next one's uint8; ReLU comes free at its 0.

    ONNX Runtime makes one kernel of a product and all that follows up to its bias, where the scale
    is itself a product of two. Two constants it would multiply too early; what DequantizeLinear
    gives is none in its eyes.
    """
    return [
        helper.make_node("DequantizeLinear", ["one", f"scale_{place}"], [f"unit_{place}"]),
        helper.make_node("Mul", [f"unit_{place}", f"scales_{place}"], [f"units_{place}"]),
        helper.make_node("Cast", [sums], [f"cast_{place}"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"cast_{place}", f"units_{place}"], [f"scaled_{place}"]),
        helper.make_node("Add", [f"scaled_{place}", f"bias_{place}"], [f"biased_{place}"]),
        helper.make_node(
            "QuantizeLinear", [f"biased_{place}", f"scale_{place + 1}", "zero"], [integers]
        ),
    ]


def _after_relu(bias: Floats, units: Floats, layer: _Dense) -> tuple[_Dense, NDArray[np.int32]]:
    """Return the layer that takes `max(sums, floor)`, and that floor, int32 (inputs,).

    `relu(units * sums + bias)` is `units * max(sums, -bias / units) + bias`: the units go into the
    next weights and the bias into the next bias, which leaves one node of three.

    Args:
        bias: What is added before ReLU.
        units: What a sum of 1 stands for.
        layer: What takes ReLU's values.
    """
    floor = np.rint(-bias / units).astype(np.int32)
    kernel = layer.kernel * units[:, np.newaxis]
    taken = floor @ kernel.astype(np.float64)
    return _Dense(kernel, (layer.bias - taken).astype(np.float32)), floor


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


def _quantized(layer: _Dense, inputs: Floats, scale: np.float32) -> tuple[NDArray[np.int8], Floats]:
    """Return int8 weights and the scale of each output, float32 (outputs,).

    GPTQ (Frantar et al. 2022, arXiv 2210.17323): input by input, what rounding took from a weight
    is made up for by the weights that are not rounded yet, as far as their inputs go together.

    Args:
        layer: What is rounded.
        inputs: What it sees, (images, inputs), before they are integers themselves.
        scale: What an integer input of 1 stands for.
    """
    kernel = layer.kernel
    scales = np.maximum(np.abs(kernel).max(axis=0), 1e-12) / np.float32(LARGEST_WEIGHT)
    # The bias counts in sums too, which it must not make huge where the weights are tiny.
    scales = np.maximum(scales, np.abs(layer.bias) / (scale * np.float32(LARGEST_BIAS)))
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
