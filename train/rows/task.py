"""What the row network is fitted on, and how."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mnist_infer.imaging.row_image import ROW_HEIGHT
from train.generated import Batch, Cycle, GeneratedRecipe, Task
from train.rows.glyphs import Glyphs
from train.rows.hand import Variety
from train.rows.samples import MOST_SYMBOLS, make_batch

_FORMS = Variety(
    rare=0.12, form=0.25, loose=0.6, pens=0.7, signs=0.08, steady=0.6, combs=0.1, groups=0.14
)
_AROUND = replace(
    _FORMS, combs=0.15, bitmaps=0.18, currency=0.12, runs=0.12, rings=0.05, objects=0.15
)


# Keras is imported late: the processes that generate batches import this module too.
def _build() -> Any:
    from train.rows.network import build

    return build()


def _loss() -> Any:
    import keras

    return keras.losses.CTC()


def _make_batch(size: int, glyphs: Glyphs, rng: np.random.Generator, variety: Variety) -> Batch:
    """Make images, and classes `(N, MOST_SYMBOLS)` filled up with blanks."""
    images, labels, counts = make_batch(size, glyphs, rng, variety)
    places = np.arange(labels.shape[1])
    return images, np.where(places < counts[:, None], labels + 1, 0).astype(np.int32)


ROWS = Task(
    name="rows",
    recipe=GeneratedRecipe(
        cycles=(
            Cycle(16_000, 2e-3),
            Cycle(14_000, 1.5e-3, Variety(rare=0.12, form=0.2, loose=0.6)),
            Cycle(10_000, 1.2e-3, Variety(rare=0.12, form=0.2, loose=0.6, pens=0.7)),
            Cycle(
                9_500,
                1.2e-3,
                Variety(rare=0.12, form=0.25, loose=0.6, pens=0.7, signs=0.12, steady=0.6),
            ),
            Cycle(4_000, 6e-4, _FORMS),
            Cycle(21_750, 8e-4, _AROUND, is_averaged=True),
        ),
        batch_size=32,
    ),
    build=_build,
    loss=_loss,
    make_batch=_make_batch,
    image_shape=(ROW_HEIGHT, None),
    target_shape=(MOST_SYMBOLS,),
)
