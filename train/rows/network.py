"""The row network: convolutions over a row of digits, trained with CTC (Graves et al., 2006)."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from mnist_infer.imaging.row_image import PAPER_LEVEL, ROW_HEIGHT, SPREAD
from mnist_infer.inference import networks

BLANK = 0
"""The class for "no new digit here"; digit d is class d + 1."""

NO_DIGIT = networks.NO_DIGIT + 1
"""The class for what is no digit and could look like one; the exported network makes it a blank."""

CLASSES = NO_DIGIT + 1


def build() -> Any:
    """Build the network: row images `(N, ROW_HEIGHT, W)` -> logits `(N, W / 4, CLASSES)`.

    About 455,000 weights. Each step of the output sees four columns of the row, and 100 around.
    """
    image = keras.Input((ROW_HEIGHT, None), name="image")
    x = layers.Reshape((ROW_HEIGHT, -1, 1))(image)
    x = layers.Rescaling(1 / SPREAD, offset=-PAPER_LEVEL / SPREAD)(x)
    x = layers.MaxPooling2D(2)(_convolve(x, 24))
    x = layers.MaxPooling2D(2)(_convolve(x, 48))
    x = _convolve(_convolve(x, 64), 64)
    x = _convolve(layers.MaxPooling2D((2, 1))(x), 96)
    x = _convolve(layers.MaxPooling2D((2, 1))(x), 96)
    # The two rows that are left become one: what stands above what is learned, not averaged.
    x = layers.ZeroPadding2D((0, 1))(x)
    x = _convolve(x, 128, (2, 3), padding="valid")
    x = _convolve(_convolve(x, 128, (1, 5)), 128, (1, 5))
    x = layers.Conv2D(CLASSES, 1)(x)
    logits = layers.Reshape((-1, CLASSES), name="logits")(x)
    return keras.Model(image, logits, name="rows")


def _convolve(x: Any, filters: int, kernel: tuple[int, int] = (3, 3), padding: str = "same") -> Any:
    x = layers.Conv2D(filters, kernel, padding=padding, use_bias=False)(x)
    return layers.Activation("relu")(layers.BatchNormalization()(x))
