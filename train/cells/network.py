"""The cell network: a small convolutional network for one digit of a row."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from mnist_infer.imaging.cell_image import CELL_SIDE
from mnist_infer.imaging.row_image import PAPER_LEVEL, SPREAD
from mnist_infer.inference.networks import NO_DIGIT

CLASSES = NO_DIGIT + 1
"""The digits, and one class for all that is no digit."""


def build() -> Any:
    """Build the network: cells `(N, CELL_SIDE, CELL_SIDE)` -> logits `(N, CLASSES)`.

    217,219 weights.
    """
    image = keras.Input((CELL_SIDE, CELL_SIDE), name="image")
    x = layers.Reshape((CELL_SIDE, CELL_SIDE, 1))(image)
    x = layers.Rescaling(1 / SPREAD, offset=-PAPER_LEVEL / SPREAD)(x)
    x = layers.MaxPooling2D(2)(_convolve(x, 24))
    x = layers.MaxPooling2D(2)(_convolve(x, 48))
    x = layers.MaxPooling2D(2)(_convolve(_convolve(x, 64), 64))
    x = layers.MaxPooling2D(2)(_convolve(x, 128))
    x = layers.Dropout(0.2)(layers.Flatten()(x))
    x = layers.Dropout(0.2)(layers.Dense(128, activation="relu")(x))
    return keras.Model(image, layers.Dense(CLASSES, name="logits")(x), name="cells")


def _convolve(x: Any, filters: int) -> Any:
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    return layers.Activation("relu")(layers.BatchNormalization()(x))
