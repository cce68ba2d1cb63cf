"""Keras to ONNX under the contract of the package: uint8 ``image`` in, ``probabilities`` out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnx
import tensorflow as tf
import tf2onnx
from onnx import TensorProto, helper

from export.errors import ExportError

if TYPE_CHECKING:
    from export.network import Network

OPSET = 13
IR_VERSION = 7
INPUT = "image"
OUTPUT = "probabilities"


def to_onnx(network: Network) -> onnx.ModelProto:
    """Return the network as ONNX: ``image`` uint8 [batch, 28, 28] to float32 [batch, 10].

    Scaling by 1/255 and softmax are inside. The same weights give the same bytes.

    Raises:
        ExportError: The network needs an operator that opset 13 does not have.
    """
    signature = (tf.TensorSpec([None, 28, 28], tf.uint8, name=INPUT),)

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def infer(image: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = tf.cast(image, tf.float32) / 255
        rows = network.model(tf.reshape(pixels, [-1, *network.image_shape]), training=False)
        return {OUTPUT: tf.cast(rows, tf.float32)}

    return convert(
        infer,
        signature,
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["batch", 28, 28])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", 10])],
    )


def convert(
    infer: Any,
    signature: tuple[tf.TensorSpec, ...],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
) -> onnx.ModelProto:
    """Return a `tf.function` as ONNX, with inputs and outputs as they are given.

    Raises:
        ExportError: It needs an operator that standard opset 13 does not have.
    """
    try:
        # from_keras of tf2onnx 1.17 breaks with Keras 3 (tensorflow-onnx #2448)
        converted, _ = tf2onnx.convert.from_function(infer, input_signature=signature, opset=OPSET)
    except Exception as error:  # tf2onnx raises bare kinds of many libraries
        raise ExportError(
            f"tf2onnx cannot convert the network: {error}; use layers that ONNX opset {OPSET} has"
        ) from error

    foreign = {node.domain for node in converted.graph.node} - {""}
    if foreign:
        raise ExportError(
            f"the network needs operators of {', '.join(sorted(foreign))}: use layers that "
            f"standard ONNX opset {OPSET} has"
        )
    graph = helper.make_graph(
        converted.graph.node,
        "mnist-infer",
        inputs,
        outputs,
        converted.graph.initializer,
    )
    _rename(graph)
    return as_model(graph)


def as_model(graph: onnx.GraphProto) -> onnx.ModelProto:
    """Return a checked model of a graph, in the versions of the contract."""
    # tf2onnx imports ai.onnx.ml too, unused, which small runtimes do not know
    model = helper.make_model(
        graph,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="mnist-infer",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _rename(graph: onnx.GraphProto) -> None:
    """Name every value after its operator and place: ``MatMul_0``, its weights ``MatMul_0.B``.

    tf2onnx counts names through the life of a process, and Keras names layers so: the bytes of
    one network would depend on what was built before it.
    """
    constants = {constant.name: constant for constant in graph.initializer}
    names = {value.name: value.name for value in (*graph.input, *graph.output)} | {"": ""}
    counts: dict[str, int] = {}
    for node in graph.node:
        if any(attribute.HasField("g") for attribute in node.attribute):
            raise ExportError(
                f"the network needs the control flow of {node.op_type}: use layers without loops"
            )
        place = counts.get(node.op_type, 0)
        counts[node.op_type] = place + 1
        node.name = f"{node.op_type}_{place}"
        formal = onnx.defs.get_schema(node.op_type, OPSET).inputs
        for index, value in enumerate(node.input):
            role = formal[min(index, len(formal) - 1)].name
            suffix = "" if index < len(formal) else f"_{index}"
            names.setdefault(value, f"{node.name}.{role}{suffix}")
            node.input[index] = names[value]
        for index, value in enumerate(node.output):
            names.setdefault(value, node.name if index == 0 else f"{node.name}.{index}")
            node.output[index] = names[value]

    used = [constants[name] for name in names if name in constants]
    for constant in used:
        constant.name = names[constant.name]
    del graph.initializer[:]
    graph.initializer.extend(used)
