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
import onnx
import tensorflow as tf
from onnx import TensorProto, helper

from export.convert import convert
from export.errors import ExportError
from train.data import load_mnist
from train.rows.glyphs import HELD_OUT, Glyphs, load_glyphs

if TYPE_CHECKING:
    from pathlib import Path

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
    input_name: str
    image_shape: tuple[int | str, ...]
    """Of one image, in pixels; a size that is not fixed has a name."""
    output_shape: tuple[int | str, ...]
    """Of one image's log-probabilities."""
    log_probabilities: Callable[[Any, tf.Tensor | Array], tf.Tensor]
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
    content = to_onnx(network, model).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    difference, same, exact = 0.0, 0, 0
    for image, label in network.proofs(data):
        expected = network.log_probabilities(model, image[np.newaxis]).numpy()[0]
        found = session.run([OUTPUT], {network.input_name: image[np.newaxis]})[0][0]
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


def to_onnx(network: ReadingNetwork, model: Any) -> onnx.ModelProto:
    """Return a Keras network of `read` as ONNX.

    Takes uint8 images, and gives the natural logarithms of the probabilities, float32.
    """
    sizes = [size if isinstance(size, int) else None for size in network.image_shape]
    signature = (tf.TensorSpec([None, *sizes], tf.uint8, name=network.input_name),)

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def infer(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {OUTPUT: network.log_probabilities(model, images)}

    taken = ("batch", *network.image_shape)
    given = ("batch", *network.output_shape)
    return convert(
        infer,
        signature,
        [helper.make_tensor_value_info(network.input_name, TensorProto.UINT8, taken)],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, given)],
    )


def held_out_glyphs(data: Path | None) -> Glyphs:
    """Load digits that no fit has seen; the same at each call."""
    mnist = load_mnist(data)
    return load_glyphs(mnist.x_train[-HELD_OUT:], mnist.y_train[-HELD_OUT:], PROOF_SEED)
