"""The Keras model that a bundled ONNX file must agree with."""

from __future__ import annotations

import hashlib
from pathlib import Path

import keras
import onnx
from onnx import numpy_helper

from benchmarks import ROOT
from benchmarks.contenders import variants
from export.network import Network, open_network, with_temperature
from mnist_infer.inference.registry import ModelInfo, bundled_info, bundled_models

RUNS = ROOT / "runs"


def keras_reference(model: ModelInfo) -> tuple[Network, str]:
    """Return the Keras model and where it is from: the training run, else the ONNX weights.

    Only the run that the ONNX file was exported from counts: another has other weights.
    """
    path = RUNS / str(model.sidecar["recipe"]) / "model.keras"
    if path.is_file() and _sha256(path) == model.sidecar["keras_sha256"]:
        network = open_network(path)
        temperature = model.sidecar["temperature"]
        if temperature is not None:
            network = with_temperature(network, temperature)
        return network, "training run"
    canonical = bundled_info(model.name).path  # The int8 file has lost the exact weights.
    return _rebuilt(canonical), "Keras layers with the weights of the ONNX file"


def networks() -> dict[str, tuple[Network, list[str]]]:
    """By the name of each bundled model: its Keras model, and its variants."""
    return {
        name: (keras_reference(bundled_info(name))[0], variants(name)) for name in bundled_models()
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _rebuilt(path: Path) -> Network:
    """Return the dense layers of an ONNX file as a Keras model."""
    weights = {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}
    depth = sum(name.startswith("MatMul_") for name in weights)
    layers = [(weights[f"MatMul_{i}.B"], weights[f"Add_{i}.B"]) for i in range(depth)]
    model = keras.Sequential([keras.Input((784,))])
    for place, (kernel, _) in enumerate(layers, start=1):
        activation = "softmax" if place == depth else "relu"
        model.add(keras.layers.Dense(kernel.shape[1], activation))
    model.set_weights([array for layer in layers for array in layer])
    return Network(model, (784,), softmax_added=False)
