"""Other ways to run the same network: each takes uint8 images and gives probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from benchmarks.contenders import (
    KERAS,
    KERAS_CALL,
    LITERT,
    LITERT_INT8,
    NUMPY,
    OPENCV,
    OPENVINO,
    TF_FUNCTION,
)
from benchmarks.litert import to_litert
from export.convert import to_onnx
from export.network import Network
from mnist_infer.inference.softmax import softmax

Call: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""uint8 `(N, 28, 28)` -> float32 `(N, 10)`; a fixed N where the peer's file fixes it."""

BareCall: TypeAlias = Callable[[], object]
"""The runtime's own call alone: its inputs are those of the `Call` before it, and wait there."""


@dataclass(frozen=True)
class Peers:
    """Who is here, and who is not."""

    calls: dict[str, Call]
    bare: dict[str, BareCall]
    """Of the runtimes that take their inputs in one call and run in another."""
    missing: dict[str, str]
    """Why, by name."""


def find_peers(network: Network, representative: NDArray[np.uint8], threads: int = 1) -> Peers:
    """All peers with the weights of a network of flat images.

    Args:
        network: Takes float32 `(N, 784)` from 0 to 1.
        representative: uint8 `(N, 28, 28)`, what LiteRT's int8 is scaled by.
        threads: Of one call, where the peer has a say.
    """
    peers = Peers({}, {}, {})
    for name, make in _MAKERS.items():
        try:
            peers.calls[name], bare = make(network, representative, threads)
        except ModuleNotFoundError as error:
            peers.missing[name] = f'{error.name} is not installed: pip install ".[peers]"'
        else:
            if bare:
                peers.bare[name] = bare
    return peers


def flat(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 `(N, 28, 28)` -> float32 `(N, 784)` from 0 to 1."""
    return images.reshape(-1, 784).astype(np.float32) / np.float32(255)


def _keras_predict(network: Network, *_: Any) -> tuple[Call, None]:
    return lambda images: np.asarray(network.model.predict(flat(images), verbose=0)), None


def _keras_call(network: Network, *_: Any) -> tuple[Call, None]:
    return lambda images: np.asarray(network.model(flat(images), training=False)), None


def _tf_function(network: Network, *_: Any) -> tuple[Call, None]:
    @tf.function(input_signature=(tf.TensorSpec([None, 28, 28], tf.uint8),))  # type: ignore[untyped-decorator]
    def infer(images: tf.Tensor) -> tf.Tensor:
        pixels = tf.reshape(tf.cast(images, tf.float32) / 255, [-1, 784])
        return network.model(pixels, training=False)

    return lambda images: np.asarray(infer(tf.constant(images))), None


def _numpy(network: Network, *_: Any) -> tuple[Call, None]:
    layers = [layer for layer in network.model.layers if isinstance(layer, keras.layers.Dense)]
    weights = [tuple(map(np.asarray, layer.get_weights())) for layer in layers]
    # The scale of the pixels costs nothing inside the first layer.
    weights[0] = (weights[0][0] / np.float32(255), weights[0][1])

    def infer(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows = images.reshape(-1, 784).astype(np.float32)
        for kernel, bias in weights[:-1]:
            rows = np.maximum(rows @ kernel + bias, 0)
        kernel, bias = weights[-1]
        return softmax(rows @ kernel + bias)

    return infer, None


def _litert(
    network: Network, representative: NDArray[np.uint8] | None, threads: int
) -> tuple[Call, BareCall]:
    from ai_edge_litert.interpreter import Interpreter

    content = to_litert(network, representative)
    interpreter = Interpreter(model_content=content, num_threads=threads)
    takes, gives = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    is_quantized = takes["dtype"] is np.uint8
    scale, zero = gives["quantization"]
    batch = 0

    def infer(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        nonlocal batch
        if len(images) != batch:
            batch = len(images)
            interpreter.resize_tensor_input(takes["index"], [batch, 784])
            interpreter.allocate_tensors()
        rows = images.reshape(-1, 784) if is_quantized else flat(images)
        interpreter.set_tensor(takes["index"], rows)
        interpreter.invoke()
        found: NDArray[Any] = interpreter.get_tensor(gives["index"])
        return (found - np.float32(zero)) * np.float32(scale) if is_quantized else found

    return infer, interpreter.invoke


def _opencv(network: Network, _: Any, threads: int) -> tuple[Call, BareCall]:
    import cv2

    cv2.setNumThreads(threads)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(_flat_onnx(network), np.uint8))

    def infer(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        net.setInput(flat(images))
        return np.asarray(net.forward())

    return infer, net.forward


def _openvino(network: Network, _: Any, threads: int) -> tuple[Call, BareCall]:
    import openvino

    core = openvino.Core()
    options = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
    # Its default on some processors is bfloat16, which is another network.
    options["INFERENCE_PRECISION_HINT"] = "f32"
    model = core.read_model(to_onnx(network).SerializeToString())
    request = core.compile_model(model, "CPU", options).create_infer_request()

    def infer(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        request.infer([images], share_inputs=True)
        return np.array(request.get_output_tensor(0).data)

    return infer, request.infer


def _flat_onnx(network: Network) -> bytes:
    """The network alone, float32 `(N, 784)` in: OpenCV's ONNX reader takes no uint8."""
    import tf2onnx

    signature = (tf.TensorSpec([None, 784], tf.float32, name="pixels"),)

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def infer(pixels: tf.Tensor) -> tf.Tensor:
        return network.model(pixels, training=False)

    model, _ = tf2onnx.convert.from_function(infer, input_signature=signature, opset=13)
    return bytes(model.SerializeToString())


_MAKERS: dict[str, Callable[[Network, NDArray[np.uint8], int], tuple[Call, BareCall | None]]] = {
    KERAS: _keras_predict,
    KERAS_CALL: _keras_call,
    TF_FUNCTION: _tf_function,
    NUMPY: _numpy,
    LITERT: lambda network, _, threads: _litert(network, None, threads),
    LITERT_INT8: _litert,
    OPENCV: _opencv,
    OPENVINO: _openvino,
}
