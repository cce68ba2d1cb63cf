"""The row network: convolutions over a row of digits, trained with CTC (Graves et al., 2006)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from mnist_infer.imaging.row_image import PAPER, ROW_HEIGHT, SPREAD

BLANK = 0
"""The class for "no new digit here"; digit d is class d + 1."""

CLASSES = 11


def build(height: int = ROW_HEIGHT) -> Any:
    """Build the network: row images `(N, height, W)` -> logits `(N, W / 4, CLASSES)`.

    About half a million weights. Each step of the output sees four columns, and 100 around.
    """
    image = keras.Input((height, None), name="image")
    x = layers.Reshape((height, -1, 1))(image)
    x = layers.Rescaling(1 / SPREAD, offset=-PAPER / SPREAD)(x)
    x = layers.MaxPooling2D(2)(_convolve(x, 24))
    x = layers.MaxPooling2D(2)(_convolve(x, 48))
    x = _convolve(_convolve(x, 64), 64)
    x = _convolve(layers.MaxPooling2D((2, 1), padding="same")(x), 96)
    x = _convolve(layers.MaxPooling2D((2, 1), padding="same")(x), 96)
    # The rows that are left become one: what stands above what is learned, not averaged.
    x = layers.ZeroPadding2D((0, 1))(x)
    x = _convolve(x, 128, (x.shape[1], 3), padding="valid")
    x = _convolve(_convolve(x, 128, (1, 5)), 128, (1, 5))
    x = layers.Conv2D(CLASSES, 1)(x)
    logits = layers.Reshape((-1, CLASSES), name="logits")(x)
    return keras.Model(image, logits, name="rows")


def resize(model: Any, height: int) -> Any:
    """Build the network for rows of another height, with the weights of one that is fitted.

    The one kernel that spans the whole height is interpolated.
    """
    resized = build(height)
    weights = [
        old if old.shape == new.shape else _interpolate(old, len(new))
        for old, new in zip(model.get_weights(), resized.get_weights(), strict=True)
    ]
    resized.set_weights(weights)
    return resized


def _interpolate(kernel: npt.NDArray[np.float32], rows: int) -> npt.NDArray[np.float32]:
    """Bring a kernel to so many rows; what it sums up stays about the same."""
    places = np.linspace(0, len(kernel) - 1, rows)
    low = places.astype(int).clip(max=len(kernel) - 2)
    share = (places - low)[:, None, None, None]
    between = (1 - share) * kernel[low] + share * kernel[low + 1]
    return np.asarray(between * (len(kernel) / rows), np.float32)


def _convolve(x: Any, filters: int, kernel: tuple[int, int] = (3, 3), padding: str = "same") -> Any:
    x = layers.Conv2D(filters, kernel, padding=padding, use_bias=False)(x)
    return layers.Activation("relu")(layers.BatchNormalization()(x))
