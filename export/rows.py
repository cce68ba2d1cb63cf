"""The row network as ONNX: ``row`` uint8 in, ``log_probabilities`` of its steps out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import tensorflow as tf
from onnx import TensorProto, helper

from export.convert import convert
from export.reading import OUTPUT, PROOF_SEED, PROOFS, ReadingNetwork, held_out_glyphs
from mnist_infer.imaging.row_image import ROW_HEIGHT, row_image
from mnist_infer.inference.ctc import greedy
from train.rows.network import BLANK, NO_DIGIT
from train.rows.samples import make_row

if TYPE_CHECKING:
    from pathlib import Path

    from train.data import Array

INPUT = "row"
CLASSES = 11
"""A blank and the digits."""


def to_onnx(network: Any) -> onnx.ModelProto:
    """Return the row network as ONNX.

    Takes uint8 ``[batch, 32, width]`` as `row_image` makes it, and gives the natural logarithms of
    the probabilities of eleven classes, float32 ``[batch, width / 4, 11]``: class 0 is CTC's
    blank, class d + 1 the digit d.
    """
    signature = (tf.TensorSpec([None, ROW_HEIGHT, None], tf.uint8, name=INPUT),)

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def infer(row: tf.Tensor) -> dict[str, tf.Tensor]:
        return {OUTPUT: _log_probabilities(network, row)}

    return convert(
        infer,
        signature,
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["batch", ROW_HEIGHT, "width"])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", "steps", CLASSES])],
    )


def _log_probabilities(network: Any, rows: tf.Tensor | Array) -> tf.Tensor:
    """Run the network `(N, 32, W)` -> `(N, W / 4, 11)`, and make a blank of what is no digit."""
    known = tf.nn.log_softmax(network(tf.cast(rows, tf.float32), training=False))
    blank, nothing = known[..., BLANK : BLANK + 1], known[..., NO_DIGIT : NO_DIGIT + 1]
    # The logarithm of the sum of both probabilities, which are too small for exp() at times.
    either = blank + tf.nn.softplus(nothing - blank)
    return tf.concat((either, known[..., BLANK + 1 : NO_DIGIT]), axis=-1)


def _proofs(data: Path | None) -> Iterator[tuple[Array, str]]:
    glyphs = held_out_glyphs(data)
    rng = np.random.default_rng(PROOF_SEED)
    for _ in range(PROOFS):
        sample = make_row(int(rng.integers(1, 11)), glyphs, rng)
        yield row_image(sample.picture), sample.text


ROWS = ReadingNetwork(
    name="rows",
    dataset="MNIST's training images in generated rows",
    to_onnx=to_onnx,
    expected=lambda network, rows: _log_probabilities(network, rows).numpy(),
    answer=greedy,
    proofs=_proofs,
)
