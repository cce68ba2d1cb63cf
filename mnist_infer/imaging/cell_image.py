"""Make what the cell network sees: a square of the picture, a digit and what is around it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mnist_infer.imaging.filters import crop
from mnist_infer.imaging.row_image import ROW_HEIGHT, row_image

CELL_SIDE = ROW_HEIGHT
"""Side in pixels of the cell network's input."""

WITH_CONTEXT = 1.4
"""Side of the square, as a multiple of the longer side of the digit's box."""


def cell_image(
    grey: NDArray[np.uint8],
    box: tuple[float, float, float, float],
    beyond: Literal["constant", "edge"] = "edge",
) -> NDArray[np.uint8]:
    """Cut out a digit with what stands around it, scale it, and standardize its contrast.

    Args:
        grey: uint8 `(H, W)`, either polarity.
        box: Left, top, right and bottom side of the digit's ink in pixels.
        beyond: As for `crop`.

    Returns:
        uint8 `(CELL_SIDE, CELL_SIDE)`.
    """
    left, top, right, bottom = box
    side = max(2, round(WITH_CONTEXT * max(right - left, bottom - top)))
    x, y = (round((start + stop - side) / 2) for start, stop in ((left, right), (top, bottom)))
    return row_image(crop(grey, slice(y, y + side), slice(x, x + side), beyond))
