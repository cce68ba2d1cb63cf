"""What the cell network is fitted on, and how."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mnist_infer.imaging.cell_image import CELL_SIDE
from train.cells.samples import make_batch
from train.generated import Cycle, GeneratedRecipe, Task
from train.rows.hand import Variety

_VARIETY = Variety(rare=0.12, form=0.25, loose=0.6, pens=0.7, signs=0.2, steady=0.6, nondigits=0.2)


# Keras is imported late: the processes that generate batches import this module too.
def _build() -> Any:
    from train.cells.network import build

    return build()


def _loss() -> Any:
    import keras

    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


CELLS = Task(
    name="cells",
    recipe=GeneratedRecipe(
        cycles=(
            Cycle(12_000, 2e-3, _VARIETY),
            Cycle(5_000, 1e-3, _VARIETY),
            Cycle(5_000, 1e-3, replace(_VARIETY, bitmaps=0.25)),
            Cycle(3_000, 1e-3, replace(_VARIETY, bitmaps=0.2, objects=0.25), is_averaged=True),
        ),
        batch_size=256,
    ),
    build=_build,
    loss=_loss,
    make_batch=make_batch,
    image_shape=(CELL_SIDE, CELL_SIDE),
    target_shape=(),
)
