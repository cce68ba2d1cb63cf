"""The cell network as ONNX: ``cell`` uint8 in, ``log_probabilities`` of its classes out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from export.reading import PROOF_SEED, PROOFS, ReadingNetwork, held_out_glyphs
from mnist_infer.imaging.cell_image import CELL_SIDE
from train.cells.network import CLASSES
from train.cells.samples import make_batch
from train.cells.task import CELLS as TASK

if TYPE_CHECKING:
    from pathlib import Path

    from train.data import Array

INPUT = "cell"


def _log_probabilities(network: Any, cells: tf.Tensor | Array) -> tf.Tensor:
    return tf.nn.log_softmax(network(tf.cast(cells, tf.float32), training=False))


def _proofs(data: Path | None) -> Iterator[tuple[Array, str]]:
    rng = np.random.default_rng(PROOF_SEED)
    images, classes = make_batch(PROOFS, held_out_glyphs(data), rng, TASK.recipe.cycles[-1].variety)
    return zip(images, map(str, classes.tolist()), strict=True)


CELLS = ReadingNetwork(
    name="cells",
    dataset="MNIST's training images in generated rows, cut into cells",
    input_name=INPUT,
    image_shape=(CELL_SIDE, CELL_SIDE),
    output_shape=(CLASSES,),
    log_probabilities=_log_probabilities,
    answer=lambda known: str(known.argmax()),
    proofs=_proofs,
)
