"""A picture small enough that what is measured on it takes no time, and shows paper and shadows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST_SIDE = 128
"""Pixels that a thumbnail's longer side has at most."""


def reduction(shape: tuple[int, ...]) -> int:
    """Return the factor by which the thumbnail of a picture of this shape is smaller."""
    return -(-max(shape) // LONGEST_SIDE)


def thumbnail(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Reduce a picture, uint8 `(H, W)`, by averaging squares of pixels."""
    return np.asarray(Image.fromarray(grey).reduce(reduction(grey.shape)))
