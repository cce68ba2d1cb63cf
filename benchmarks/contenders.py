"""What the contenders are called, and the floor of all of ours: a bare session."""

from __future__ import annotations

from typing import Any

from mnist_infer import Recognizer
from mnist_infer.devices import CPU, CUDA, import_onnxruntime

BARE = "bare `session.run`"
PROBABILITIES = "`probabilities(image)`"
ARRAY = "`predict(ndarray)`"
PATH = "`predict(path)`"
BYTES = "`predict(bytes)`"
DECODE = "Pillow decodes, `session.run`"

KERAS, KERAS_CALL, TF_FUNCTION, NUMPY = "Keras predict", "Keras call", "tf.function", "NumPy"
LITERT, LITERT_INT8 = "LiteRT float32", "LiteRT int8"
OPENCV, OPENVINO = "OpenCV DNN", "OpenVINO"
PEERS = (KERAS, KERAS_CALL, TF_FUNCTION, NUMPY, LITERT, LITERT_INT8, OPENCV, OPENVINO)


def bare_session(recognizer: Recognizer) -> Any:
    """An ONNX Runtime session of the very file that a recogniser has loaded, on its device."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    providers = [CUDA, CPU] if recognizer.device == "cuda" else [CPU]
    return onnxruntime.InferenceSession(recognizer.model.path, options, providers)
