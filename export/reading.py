"""The networks of `read` as ONNX, each proved to answer as Keras does on generated pictures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy as np
import numpy.typing as npt

from export.errors import ExportError
from train.data import load_mnist
from train.rows.glyphs import HELD_OUT, Glyphs, load

if TYPE_CHECKING:
    from pathlib import Path

    import onnx

    from train.data import Array

    Floats: TypeAlias = npt.NDArray[np.float32]

PROOFS = 500
"""Generated pictures, of digits held out from the fit, on which parity is proved."""

PROOF_SEED = 20_261_127

OUTPUT = "log_probabilities"

MOST_DIFFERENCE = 1e-3
"""Largest difference of a probability between Keras and ONNX Runtime."""


@dataclass(frozen=True)
class ReadingNetwork:
    """A network of `read`: how it becomes ONNX, and what its parity is proved on."""

    name: str
    dataset: str
    to_onnx: Callable[[Any], onnx.ModelProto]
    """Takes the Keras network; its graph has one input and one output."""
    expected: Callable[[Any, Array], Floats]
    """Takes the Keras network and a batch: the log-probabilities that ONNX Runtime must give."""
    answer: Callable[[Floats], str]
    """Takes the log-probabilities of one picture: what is read."""
    proofs: Callable[[Path | None], Iterable[tuple[Array, str]]]
    """Takes the path of MNIST: `PROOFS` generated pictures, and what is right for each."""


@dataclass(frozen=True)
class ExportedReading:
    """The ONNX file, its JSON, and the figures of the proof."""

    content: bytes
    sidecar: bytes
    difference: float
    same: int
    exact: int


def export_reading(
    network: ReadingNetwork, keras_file: Path, data: Path | None, model_version: str
) -> ExportedReading:
    """Convert a network of `read`, and prove that ONNX Runtime gives what Keras gives.

    Raises:
        ExportError: The file cannot be read or converted, or the answers differ.
        DataError: There is no MNIST.
    """
    import onnxruntime

    try:
        model = keras.models.load_model(keras_file, compile=False)
        record = keras_file.with_name(f"{network.name}.json").read_text(encoding="utf-8")
        recipe = json.loads(record)
    except (OSError, ValueError) as error:
        raise ExportError(f"{keras_file} is no run of `train {network.name}`: {error}") from error
    content = network.to_onnx(model).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (seen,), (given,) = session.get_inputs(), session.get_outputs()
    difference, same, exact = 0.0, 0, 0
    for image, label in network.proofs(data):
        expected = network.expected(model, image[np.newaxis])[0]
        found = session.run([given.name], {seen.name: image[np.newaxis]})[0][0]
        difference = max(difference, float(np.abs(np.exp(found) - np.exp(expected)).max()))
        text = network.answer(found)
        same += text == network.answer(expected)
        exact += text == label
    if difference > MOST_DIFFERENCE or same < PROOFS:
        raise ExportError(
            f"ONNX Runtime and Keras differ by {difference:.1e}, and on {PROOFS - same} pictures "
            "in what they read"
        )
    sidecar = {
        "file": f"{network.name}.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "version": model_version,
        "parameters": model.count_params(),
        "keras_sha256": hashlib.sha256(keras_file.read_bytes()).hexdigest(),
        "dataset": network.dataset,
        "recipe": recipe,
        "parity": {"pictures": PROOFS, "seed": PROOF_SEED, "largest_difference": difference},
        "exact_generated": exact / PROOFS,
        "licence": "MIT",
    }
    return ExportedReading(
        content, f"{json.dumps(sidecar, indent=2)}\n".encode(), difference, same, exact
    )


def held_out_glyphs(data: Path | None) -> Glyphs:
    """Load digits that no fit has seen; the same at each call."""
    mnist = load_mnist(data)
    return load(mnist.x_train[-HELD_OUT:], mnist.y_train[-HELD_OUT:], PROOF_SEED)
