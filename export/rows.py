"""The row network as ONNX: ``row`` uint8 in, ``log_probabilities`` of its steps out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from export.reading import PROOF_SEED, PROOFS, ReadingNetwork, held_out_glyphs
from mnist_infer.imaging.row_image import ROW_HEIGHT, row_image
from train.rows.network import BLANK, NO_DIGIT
from train.rows.samples import make_row

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from train.data import Array

INPUT = "row"
CLASSES = 11
"""CTC's blank, which is class 0, and the digits: class d + 1 is the digit d."""


def _log_probabilities(network: Any, rows: tf.Tensor | Array) -> tf.Tensor:
    """Run the network `(N, 32, W)` -> `(N, W / 4, 11)`, and make a blank of what is no digit."""
    known = tf.nn.log_softmax(network(tf.cast(rows, tf.float32), training=False))
    blank, nothing = known[..., BLANK : BLANK + 1], known[..., NO_DIGIT : NO_DIGIT + 1]
    # The logarithm of the sum of both probabilities, which are too small for exp() at times.
    either = blank + tf.nn.softplus(nothing - blank)
    return tf.concat((either, known[..., BLANK + 1 : NO_DIGIT]), axis=-1)


def greedy(steps: NDArray[np.float32]) -> str:
    """Read the digits that are the most likely classes of the steps, `(T, 11)`; merge repeats."""
    classes = steps.argmax(axis=1)
    is_new = np.concatenate(([True], classes[1:] != classes[:-1])) & (classes != BLANK)
    return "".join(str(label - 1) for label in classes[is_new])


def _proofs(data: Path | None) -> Iterator[tuple[Array, str]]:
    glyphs = held_out_glyphs(data)
    rng = np.random.default_rng(PROOF_SEED)
    for _ in range(PROOFS):
        sample = make_row(int(rng.integers(1, 11)), glyphs, rng)
        yield row_image(sample.picture), sample.text


ROWS = ReadingNetwork(
    name="rows",
    dataset="MNIST's training images in generated rows",
    input_name=INPUT,
    image_shape=(ROW_HEIGHT, "width"),
    output_shape=("steps", CLASSES),
    log_probabilities=_log_probabilities,
    answer=greedy,
    proofs=_proofs,
)
