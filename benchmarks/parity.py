"""Accuracy and agreement over MNIST's 10,000 test images: Keras, ONNX Runtime and its peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.agreement import compare
from benchmarks.contenders import INT8, LITERT, LITERT_INT8, OPENCV, OPENVINO, load
from benchmarks.peers import find_peers
from benchmarks.timing import Row
from export.network import Network
from train.data import Mnist


def measure(networks: Mapping[str, tuple[Network, Sequence[str]]], mnist: Mnist) -> Row:
    """A row for each way to run each network.

    Args:
        networks: By name: the Keras model, and the variants of the bundled one.
        mnist: All of it.
    """
    rows = []
    for name, (network, models) in networks.items():
        expected = network.probabilities(mnist.x_test)
        found = {"Keras": expected}
        for model in models:
            kind = "int8" if model.endswith(INT8) else "float32"
            found[f"ONNX {kind}"] = load(model).probabilities(mnist.x_test)
        peers = find_peers(network, mnist.x_train).calls
        found |= {
            peer: peers[peer](mnist.x_test)
            for peer in (LITERT, LITERT_INT8, OPENVINO, OPENCV)
            if peer in peers
        }
        rows += [
            {"network": name, "runtime": runtime, **compare(actual, expected, mnist.y_test)}
            for runtime, actual in found.items()
        ]
    return {"rows": rows, "goals": []}
