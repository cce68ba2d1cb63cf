"""What the contenders are called, and the floor of all of ours: a bare session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_infer import Recognizer
from mnist_infer.config import Device, Precision
from mnist_infer.inference.devices import CPU, CUDA, import_onnxruntime
from mnist_infer.inference.registry import has_int8

BARE = "bare `session.run`"
BOUND = "`session.run_with_iobinding`, bound once"
PROBABILITIES = "`probabilities(image)`"
ARRAY = "`predict(ndarray)`"
PATH = "`predict(path)`"
BYTES = "`predict(bytes)`"
DECODE = "Pillow decodes, `session.run`"

KERAS, KERAS_CALL, TF_FUNCTION, NUMPY = "Keras predict", "Keras call", "tf.function", "NumPy"
LITERT, LITERT_INT8 = "LiteRT float32", "LiteRT int8"
OPENCV, OPENVINO = "OpenCV DNN", "OpenVINO"
PEERS = (KERAS, KERAS_CALL, TF_FUNCTION, NUMPY, LITERT, LITERT_INT8, OPENCV, OPENVINO)


INT8 = "-int8"
"""Ends the name by which a bundled model goes here when it runs in int8."""


def variants(model: str) -> list[str]:
    """A bundled model in each arithmetic that it has."""
    return [model, model + INT8] if has_int8(model) else [model]


def load(variant: str, device: Device = "cpu", threads: int = 1) -> Recognizer:
    """A bundled model in the arithmetic that its name here tells.

    Raises:
        DeviceError: The device is not available, or not in that arithmetic.
    """
    model = variant.removesuffix(INT8)
    precision: Precision = "int8" if variant.endswith(INT8) else "float32"
    return Recognizer(model, device=device, threads=threads, precision=precision)


def usual(model: str) -> str:
    """The variant that a CPU gets where nobody asks for another: the last one."""
    return variants(model)[-1]


def details(recognizer: Recognizer) -> dict[str, str | None]:
    """What is measured: the model, its arithmetic and its device."""
    model = recognizer.model
    return {"model": model.name, "precision": model.precision, "device": recognizer.device}


def bare_session(recognizer: Recognizer) -> Any:
    """An ONNX Runtime session of the very file that a recogniser has loaded, on its device."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    providers = [CUDA, CPU] if recognizer.device == "cuda" else [CPU]
    return onnxruntime.InferenceSession(recognizer.model.path, options, providers)


def bound_call(recognizer: Recognizer, image: NDArray[np.uint8]) -> Callable[[], object]:
    """ONNX Runtime's cheapest call on the CPU: its input and output arrays are bound once.

    Args:
        recognizer: Whose file is run.
        image: uint8 (1, 28, 28).
    """
    session = bare_session(recognizer)
    binding = session.io_binding()
    row = np.zeros((1, 10), np.float32)
    binding.bind_input("image", "cpu", 0, image.dtype, image.shape, image.ctypes.data)
    binding.bind_output("probabilities", "cpu", 0, row.dtype, row.shape, row.ctypes.data)

    def call(_: object = (image, row)) -> object:  # It keeps the arrays alive.
        return session.run_with_iobinding(binding)

    return call
