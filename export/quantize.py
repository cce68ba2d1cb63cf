"""The same network in int8: smaller, and faster on a CPU.

The file is in QDQ form: DequantizeLinear -> Gemm -> QuantizeLinear, standard operators that every
runtime for quantized networks knows. ONNX Runtime fuses each layer into one integer kernel. All
scales are fixed, one for each tensor, so that a row of a batch never depends on its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper, numpy_helper

from export.convert import INPUT, OUTPUT, as_model
from export.errors import ExportError
from export.parity import onnx_probabilities

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]

MAX_WEIGHT = 64
"""Two products of uint8 and such a weight fit into int16, where CPUs without VNNI add them."""
MAX_BIAS = 2**30
"""In units of the int32 sums, which it is added to."""
SATURATED_SHARE = 1e-5
"""The share of a hidden layer's values that is cut off at the top of their uint8 range."""
DAMPING = 0.05
"""Added to the diagonal of the inputs' moments, as a share of its mean: they stay invertible."""
HELD_OUT_IMAGES = 5000
"""The last ones: the strength of the equalization is chosen on them and on nothing else."""
CALIBRATION_IMAGES = 10_000
"""Those that weights and scales are fitted to."""
EXPONENTS = (0.0, 0.25, 0.5, 0.75)
"""Strengths of equalization: 0 leaves the units as they are, 1 gives all of them one range."""
CLIPPINGS = (1.0, 0.85, 0.7, 0.55)
"""Shares of the largest weight that may become the largest integer: larger ones are cut off."""
MIN_RANGE = 1e-3
"""Of a unit, as a share of the largest: what hardly has weights is not blown up."""
PIXEL_SCALE = np.float32(1 / 255)


@dataclass(frozen=True, eq=False)
class _Dense:
    kernel: Floats
    """`(inputs, outputs)`, for pixels from 0 to 1."""
    bias: Floats


@dataclass(frozen=True, eq=False)
class _QuantizedDense:
    input_scale: np.float32
    """What an integer input of 1 stands for."""
    weights: NDArray[np.int8]
    weight_scale: np.float32
    bias: NDArray[np.int32]
    bias_scale: np.float32


def quantize(model: onnx.ModelProto, images: NDArray[np.uint8]) -> onnx.ModelProto:
    """Return an exported network with int8 weights and uint8 activations.

    Of several strengths of equalization the one is taken whose probabilities on the held-out images
    are nearest to those in float32, by their mean Kullback-Leibler divergence.

    Args:
        model: What ``to_onnx`` made of a stack of dense layers with ReLU.
        images: uint8 (N, 28, 28), training images. Weights and scales are fitted to the first
            ones; the last 5,000, at most a quarter, are held out.

    Raises:
        ExportError: The network has any other layer.
    """
    layers = _dense_layers(model)
    held_out = images[-min(HELD_OUT_IMAGES, len(images) // 4) :]
    others = images[: len(images) - len(held_out)]
    calibration = others[:: max(1, len(others) // CALIBRATION_IMAGES)].reshape(-1, 784)
    expected = onnx_probabilities(model.SerializeToString())(held_out)
    candidates = [
        _qdq_model(_quantize_layers(_equalized(layers, exponent), calibration), model.graph)
        for exponent in EXPONENTS
    ]

    def divergence(candidate: onnx.ModelProto) -> float:
        found = onnx_probabilities(candidate.SerializeToString())(held_out)
        return _divergence(expected, found)

    return min(candidates, key=divergence)


def _divergence(expected: Floats, found: Floats) -> float:
    """Return the mean Kullback-Leibler divergence of rows of probabilities, in nats."""
    exact, approximate = (rows.astype(np.float64) + 1e-12 for rows in (expected, found))
    return float((exact * np.log(exact / approximate)).sum(axis=1).mean())


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
    return [_Dense(*arrays) for arrays in zip(kernels, biases, strict=True)]


def _equalized(layers: Sequence[_Dense], exponent: float) -> list[_Dense]:
    """Bring the ranges of a layer's units nearer to one another, as they share one scale.

    A positive factor passes through ReLU: what a unit's weights are divided by, the next layer's
    weights for it are multiplied by (Nagel et al. 2019, arXiv 1906.04721).
    """
    equalized = [*layers]
    for place, (layer, after) in enumerate(zip(equalized, layers[1:], strict=False)):
        ranges = np.abs(layer.kernel).max(axis=0)
        shares = np.maximum(ranges / max(ranges.max(), np.float32(1e-12)), MIN_RANGE)
        factors = shares ** np.float32(exponent)
        equalized[place] = _Dense(layer.kernel / factors, layer.bias / factors)
        equalized[place + 1] = _Dense(after.kernel * factors[:, np.newaxis], after.bias)
    return equalized


def _quantize_layers(
    layers: Sequence[_Dense], pixels: NDArray[np.uint8]
) -> list[tuple[_QuantizedDense, np.float32 | None]]:
    """Return each layer with the scale of its outputs, which the last one has none of.

    Each layer is fitted to what the quantized ones before it give for `pixels`, uint8 (N, 784).
    """
    quantized: list[tuple[_QuantizedDense, np.float32 | None]] = []
    inputs, scale = pixels.astype(np.float32), PIXEL_SCALE
    for layer in layers[:-1]:
        dense = _quantize_dense(layer, inputs, scale)
        sums = inputs @ dense.weights.astype(np.float32) + dense.bias.astype(np.float32)
        hidden = np.maximum(sums, 0) * dense.bias_scale
        scale = np.float32(np.maximum(np.quantile(hidden, 1 - SATURATED_SHARE), 1e-12) / 255)
        inputs = np.clip(np.rint(hidden / scale), 0, 255)
        quantized.append((dense, scale))
    return [*quantized, (_quantize_dense(layers[-1], inputs, scale), None)]


def _quantize_dense(layer: _Dense, inputs: Floats, input_scale: np.float32) -> _QuantizedDense:
    """Quantize a layer for the integer `inputs`, (images, inputs), that it will see."""
    moments = (inputs.T @ inputs / np.float32(len(inputs))).astype(np.float64)
    # In sums of tiny weights a bias may be too large a number for int32.
    least = np.abs(layer.bias).max() / (input_scale * MAX_BIAS)
    largest = max(np.abs(layer.kernel).max() / MAX_WEIGHT, least, 1e-12)
    scales = [np.float32(max(largest * clipping, least)) for clipping in CLIPPINGS]
    weights, scale = round_weights(layer.kernel.astype(np.float64), moments, scales)
    bias_scale = np.float32(input_scale * scale)
    bias = np.rint(layer.bias.astype(np.float64) / bias_scale).astype(np.int32)
    return _QuantizedDense(input_scale, weights, scale, bias, bias_scale)


def round_weights(
    kernel: Doubles, moments: Doubles, scales: Sequence[np.float32]
) -> tuple[NDArray[np.int8], np.float32]:
    """Return int8 weights and that of `scales` which changes the layer's outputs least.

    Args:
        kernel: What is rounded, (inputs, outputs). Zeros stay zeros: a unit with a receptive
            field sees no other pixels.
        moments: The mean products of the inputs, (inputs, inputs).
        scales: What an integer weight of 1 may stand for.
    """
    rounded = [np.zeros(kernel.shape) for _ in scales]
    damping = DAMPING * moments.diagonal().mean() + 1e-12
    for rows, columns in _receptive_fields(kernel):
        order = rows[np.argsort(-moments[rows, rows], kind="stable")]
        damped = moments[np.ix_(order, order)] + damping * np.eye(len(order))
        compensation = np.linalg.cholesky(np.linalg.inv(damped)).T
        block = np.ix_(order, columns)
        for weights, scale in zip(rounded, scales, strict=True):
            weights[block] = _gptq(kernel[block] / scale, compensation)

    def error(choice: tuple[Doubles, np.float32]) -> float:
        difference = choice[0] * choice[1] - kernel
        return float((difference * (moments @ difference)).sum())

    weights, scale = min(zip(rounded, scales, strict=True), key=error)
    return weights.astype(np.int8), scale


def _receptive_fields(
    kernel: Doubles,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield inputs and units: the units are all that see these inputs and no others."""
    fields, unit_field = np.unique(kernel != 0, axis=1, return_inverse=True)
    for number, field in enumerate(fields.T):
        if field.any():
            yield np.flatnonzero(field), np.flatnonzero(unit_field == number)


def _gptq(exact: Doubles, compensation: Doubles) -> Doubles:
    """Round weights, (inputs, outputs), to integers.

    GPTQ (Frantar et al. 2022, arXiv 2210.17323): input by input, what rounding took from a weight
    is made up for by the weights that are not rounded yet, as far as their inputs go together.
    """
    left, rounded = exact.copy(), np.empty_like(exact)
    for place, factors in enumerate(compensation):
        rounded[place] = np.clip(np.rint(left[place]), -MAX_WEIGHT, MAX_WEIGHT)
        missed = (left[place] - rounded[place]) / factors[place]
        left[place + 1 :] -= np.outer(factors[place + 1 :], missed)
    return rounded


def _qdq_model(
    layers: Sequence[tuple[_QuantizedDense, np.float32 | None]], exported: onnx.GraphProto
) -> onnx.ModelProto:
    """Return the graph of quantized layers, with the inputs and outputs of the exported one."""
    nodes = [helper.make_node("Reshape", [INPUT, "shape"], ["values_0"])]
    constants: dict[str, object] = {"shape": np.array([-1, 784]), "zero": np.uint8(0)}
    for place, (layer, output_scale) in enumerate(layers):
        constants |= {
            f"scale_{place}": layer.input_scale,
            f"weights_{place}": layer.weights,
            f"weight_scale_{place}": layer.weight_scale,
            "weight_zero": np.int8(0),
            f"bias_{place}": layer.bias,
            f"bias_scale_{place}": layer.bias_scale,
        }
        for integers, scale, zero in (
            (f"values_{place}", f"scale_{place}", ["zero"]),
            (f"weights_{place}", f"weight_scale_{place}", ["weight_zero"]),
            (f"bias_{place}", f"bias_scale_{place}", []),
        ):
            nodes.append(
                helper.make_node("DequantizeLinear", [integers, scale, *zero], [f"{integers}_real"])
            )
        operands = [f"{name}_{place}_real" for name in ("values", "weights", "bias")]
        nodes.append(helper.make_node("Gemm", operands, [f"sums_{place}"]))
        if output_scale is not None:
            # Negative sums become 0, the least uint8: that is ReLU.
            nodes.append(
                helper.make_node(
                    "QuantizeLinear",
                    [f"sums_{place}", f"scale_{place + 1}", "zero"],
                    [f"values_{place + 1}"],
                )
            )
    nodes.append(helper.make_node("Softmax", [f"sums_{len(layers) - 1}"], [OUTPUT], axis=1))
    graph = helper.make_graph(
        nodes,
        "mnist-infer",
        list(exported.input),
        list(exported.output),
        [numpy_helper.from_array(np.asarray(each), name) for name, each in constants.items()],
    )
    return as_model(graph)
