"""Ink -> a 28x28 image, made as MNIST was made.

"The original black and white images from NIST were size normalized to fit in a 20x20 pixel box
while preserving their aspect ratio [...] the images were centered in a 28x28 image by computing
the center of mass of the pixels" (LeCun, Cortes and Burges, the MNIST database).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 28
BOX = 20
CENTRE = 14

_VISIBLE = 0.15
"""Share of the peak from which a pixel counts as ink when the digit is cropped."""


def normalize(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Ink `(H, W)` -> uint8 `(28, 28)`: 20x20 box, peak 255, centre of mass at (14, 14).

    An image that already is in MNIST's form passes unchanged, to the bit.
    """
    if is_mnist_form(ink):
        return ink
    box = _shrink(_crop(ink, _VISIBLE * ink.max()))
    box = np.rint(box * (255 / box.max())).astype(np.uint8)
    return _centre(box)


def is_mnist_form(ink: NDArray[np.uint8]) -> bool:
    """Whether ink already is an image as MNIST's own are.

    All 70,000 of them are 28x28 with a peak of 254 or 255, a longest side of 19 or 20 pixels, and
    a centre of mass between 13.48 and 14.50 in both directions.
    """
    if ink.shape != (SIDE, SIDE) or ink.max() < 254:
        return False
    height, width = _crop(ink, threshold=1).shape
    off_centre = np.abs(np.array(_centre_of_mass(ink)) - CENTRE).max()
    return bool(BOX - 1 <= max(height, width) <= BOX and off_centre < 0.53)


def _crop(ink: NDArray[np.uint8], threshold: float) -> NDArray[np.uint8]:
    visible = ink >= threshold
    rows = np.flatnonzero(visible.any(axis=1))
    columns = np.flatnonzero(visible.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _shrink(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Area-average to a longest side of 20, keeping the aspect ratio."""
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BOX))


def _centre(box: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Place a box of at most 20x20 so that its centre of mass is at (14, 14)."""
    height, width = box.shape
    row, column = _centre_of_mass(box)
    top = min(max(round(CENTRE - row), 0), SIDE - height)
    left = min(max(round(CENTRE - column), 0), SIDE - width)
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[top : top + height, left : left + width] = box
    return image


def _centre_of_mass(ink: NDArray[np.uint8]) -> tuple[float, float]:
    """(row, column) as 0-based pixel indices."""
    mass = ink.sum(dtype=np.float64)
    row = ink.sum(axis=1) @ np.arange(ink.shape[0]) / mass
    column = ink.sum(axis=0) @ np.arange(ink.shape[1]) / mass
    return float(row), float(column)
