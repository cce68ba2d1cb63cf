"""The row network as ONNX: ``row`` uint8 in, ``log_probabilities`` of its steps out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import onnx
import tensorflow as tf
from onnx import TensorProto, helper

from export.convert import convert
from export.errors import ExportError
from mnist_infer.imaging.row_image import ROW_HEIGHT, row_image
from mnist_infer.inference.ctc import greedy
from train.data import load_mnist
from train.rows.glyphs import HELD_OUT, load
from train.rows.network import BLANK, SIGN
from train.rows.samples import Sample, make_row

if TYPE_CHECKING:
    from pathlib import Path

INPUT = "row"
OUTPUT = "log_probabilities"
CLASSES = 11
"""A blank and the digits."""

PROOFS = 500
"""Generated rows, of digits held out from the fit, on which parity is proved."""

PROOF_SEED = 20_261_127

MOST_DIFFERENCE = 1e-3
"""Largest difference of a probability between Keras and ONNX Runtime."""


@dataclass(frozen=True)
class ExportedRows:
    """The ONNX file, its JSON, and the figures of the proof."""

    content: bytes
    sidecar: bytes
    rows: int
    difference: float
    same: int
    exact: int


def export_rows(keras_file: Path, data: Path | None, model_version: str) -> ExportedRows:
    """Convert the row network, and prove that ONNX Runtime gives what Keras gives.

    Raises:
        ExportError: The file cannot be read or converted, or the answers differ.
        DataError: There is no MNIST.
    """
    import onnxruntime

    try:
        network = keras.models.load_model(keras_file, compile=False)
        recipe = json.loads(keras_file.with_name("rows.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(f"{keras_file} is no run of `train rows`: {error}") from error
    content = to_onnx(network).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    difference, same, exact = 0.0, 0, 0
    for sample in proof_rows(data):
        image = row_image(sample.picture)[None]
        expected = _merge_signs(network(image.astype(np.float32), training=False)).numpy()[0]
        (found,) = session.run([OUTPUT], {INPUT: image})
        difference = max(difference, float(np.abs(np.exp(found[0]) - np.exp(expected)).max()))
        text = greedy(found[0])
        same += text == greedy(expected)
        exact += text == sample.text
    if difference > MOST_DIFFERENCE or same < PROOFS:
        raise ExportError(
            f"ONNX Runtime and Keras differ by {difference:.1e}, on {PROOFS - same} rows in digits"
        )
    record = {
        "file": "rows.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "version": model_version,
        "parameters": network.count_params(),
        "keras_sha256": hashlib.sha256(keras_file.read_bytes()).hexdigest(),
        "dataset": "MNIST's training images in generated rows",
        "recipe": recipe,
        "parity": {"rows": PROOFS, "seed": PROOF_SEED, "largest_difference": difference},
        "exact_generated_rows": exact / PROOFS,
        "licence": "MIT",
    }
    sidecar = f"{json.dumps(record, indent=2)}\n".encode()
    return ExportedRows(content, sidecar, PROOFS, difference, same, exact)


def to_onnx(network: Any) -> onnx.ModelProto:
    """Return the row network as ONNX.

    Takes uint8 ``[batch, 32, width]`` as `row_image` makes it, and gives the natural logarithms of
    the probabilities of eleven classes, float32 ``[batch, width / 4, 11]``: class 0 is CTC's
    blank, class d + 1 the digit d.
    """
    signature = (tf.TensorSpec([None, ROW_HEIGHT, None], tf.uint8, name=INPUT),)

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def infer(row: tf.Tensor) -> dict[str, tf.Tensor]:
        return {OUTPUT: _merge_signs(network(tf.cast(row, tf.float32), training=False))}

    return convert(
        infer,
        signature,
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["batch", ROW_HEIGHT, "width"])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", "steps", CLASSES])],
    )


def _merge_signs(logits: tf.Tensor) -> tf.Tensor:
    """Make a blank of signs between digits: logits `(..., 12)` -> log-probabilities `(..., 11)`."""
    known = tf.nn.log_softmax(logits)
    blank, sign = known[..., BLANK : BLANK + 1], known[..., SIGN : SIGN + 1]
    # The logarithm of the sum of both probabilities, which are too small for exp() at times.
    either = blank + tf.nn.softplus(sign - blank)
    return tf.concat((either, known[..., BLANK + 1 : SIGN]), axis=-1)


def proof_rows(data: Path | None) -> list[Sample]:
    """Make rows of digits that the fit has not seen; the same at each call."""
    mnist = load_mnist(data)
    glyphs = load(mnist.x_train[-HELD_OUT:], mnist.y_train[-HELD_OUT:], PROOF_SEED)
    rng = np.random.default_rng(PROOF_SEED)
    return [make_row(int(rng.integers(1, 11)), glyphs, rng) for _ in range(PROOFS)]
