"""The row network as ONNX: ``row`` uint8 in, ``log_probabilities`` of its steps out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from export.reading import PARITY_PICTURES, PARITY_SEED, ReadingNetwork, held_out_glyphs
from mnist_infer.imaging.row_image import ROW_HEIGHT, row_image
from train.rows import network
from train.rows.network import BLANK, NO_DIGIT
from train.rows.samples import make_row

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from train.data import Array

INPUT = "row"
CLASSES = 11
"""Of the exported network: CTC's blank, which is class 0, and the digits, d as class d + 1."""


def _log_probabilities(model: Any, rows: tf.Tensor | Array) -> tf.Tensor:
    """Run the Keras network, `(N, 32, W)` -> `(N, W / 4, 11)`; what is no digit becomes a blank."""
    logs = tf.nn.log_softmax(model(tf.cast(rows, tf.float32), training=False))
    blank, no_digit = logs[..., BLANK : BLANK + 1], logs[..., NO_DIGIT : NO_DIGIT + 1]
    # The logarithm of the sum of both probabilities, which are too small for exp() at times.
    either = blank + tf.nn.softplus(no_digit - blank)
    return tf.concat((either, logs[..., BLANK + 1 : NO_DIGIT]), axis=-1)


def decode_greedily(steps: NDArray[np.float32]) -> str:
    """Read the digits that are the most likely classes of the steps, `(T, 11)`; merge repeats."""
    classes = steps.argmax(axis=1)
    is_new = np.concatenate(([True], classes[1:] != classes[:-1])) & (classes != BLANK)
    return "".join(str(label - 1) for label in classes[is_new])


def _pictures(data: Path | None) -> Iterator[tuple[Array, str]]:
    glyphs = held_out_glyphs(data)
    rng = np.random.default_rng(PARITY_SEED)
    for _ in range(PARITY_PICTURES):
        sample = make_row(int(rng.integers(1, 11)), glyphs, rng)
        yield row_image(sample.picture), sample.text


ROWS = ReadingNetwork(
    name="rows",
    dataset="MNIST's training images in generated rows",
    input_name=INPUT,
    image_shape=(ROW_HEIGHT, "width"),
    keras_classes=network.CLASSES,
    output_shape=("steps", CLASSES),
    log_probabilities=_log_probabilities,
    decode=decode_greedily,
    pictures=_pictures,
)
