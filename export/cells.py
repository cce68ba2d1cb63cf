"""The cell network as ONNX: ``cell`` uint8 in, ``log_probabilities`` of its classes out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import tensorflow as tf
from onnx import TensorProto, helper

from export.convert import convert
from export.reading import OUTPUT, PROOF_SEED, PROOFS, ReadingNetwork, held_out_glyphs
from mnist_infer.imaging.cell_image import CELL_SIDE
from train.cells.network import CLASSES
from train.cells.samples import make_batch
from train.cells.task import CELLS as TASK

if TYPE_CHECKING:
    from pathlib import Path

    from train.data import Array

INPUT = "cell"


def to_onnx(network: Any) -> onnx.ModelProto:
    """Return the cell network as ONNX.

    Takes uint8 ``[batch, 32, 32]`` as `cell_image` makes it, and gives the natural logarithms of
    the probabilities of eleven classes, float32 ``[batch, 11]``: the digits, and no digit.
    """
    signature = (tf.TensorSpec([None, CELL_SIDE, CELL_SIDE], tf.uint8, name=INPUT),)

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def infer(cell: tf.Tensor) -> dict[str, tf.Tensor]:
        return {OUTPUT: _log_probabilities(network, cell)}

    shape = ("batch", CELL_SIDE, CELL_SIDE)
    return convert(
        infer,
        signature,
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", CLASSES])],
    )


def _log_probabilities(network: Any, cells: tf.Tensor | Array) -> tf.Tensor:
    return tf.nn.log_softmax(network(tf.cast(cells, tf.float32), training=False))


def _proofs(data: Path | None) -> Iterator[tuple[Array, str]]:
    rng = np.random.default_rng(PROOF_SEED)
    images, classes = make_batch(PROOFS, held_out_glyphs(data), rng, TASK.recipe.cycles[-1].variety)
    return zip(images, map(str, classes.tolist()), strict=True)


CELLS = ReadingNetwork(
    name="cells",
    dataset="MNIST's training images in generated rows, cut into cells",
    to_onnx=to_onnx,
    expected=lambda network, cells: _log_probabilities(network, cells).numpy(),
    answer=lambda known: str(known.argmax()),
    proofs=_proofs,
)
