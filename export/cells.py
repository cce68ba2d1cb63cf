"""The cell network as ONNX: ``cell`` uint8 in, ``log_probabilities`` of its classes out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from export.reading import PARITY_PICTURES, PARITY_SEED, ReadingNetwork, held_out_glyphs
from mnist_infer.imaging.cell_image import CELL_SIDE
from train.cells.network import CLASSES
from train.cells.samples import make_batch
from train.cells.task import CELLS as TASK

if TYPE_CHECKING:
    from pathlib import Path

    from train.data import Array

INPUT = "cell"


def _log_probabilities(model: Any, cells: tf.Tensor | Array) -> tf.Tensor:
    return tf.nn.log_softmax(model(tf.cast(cells, tf.float32), training=False))


def _pictures(data: Path | None) -> Iterator[tuple[Array, str]]:
    rng = np.random.default_rng(PARITY_SEED)
    variety = TASK.recipe.cycles[-1].variety
    images, classes = make_batch(PARITY_PICTURES, held_out_glyphs(data), rng, variety)
    return zip(images, map(str, classes.tolist()), strict=True)


CELLS = ReadingNetwork(
    name="cells",
    dataset="MNIST's training images in generated rows, cut into cells",
    input_name=INPUT,
    image_shape=(CELL_SIDE, CELL_SIDE),
    keras_classes=CLASSES,
    output_shape=(CLASSES,),
    log_probabilities=_log_probabilities,
    decode=lambda log_probabilities: str(log_probabilities.argmax()),
    pictures=_pictures,
)
