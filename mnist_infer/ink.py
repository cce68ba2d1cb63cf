"""Pixels -> ink: uint8 `(H, W)`, 0 where there is paper, 255 where there is full ink."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnist_infer.errors import NoDigitError

MIN_CONTRAST = 32
"""Grey levels between paper and ink under which a picture counts as blank."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def find_ink(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The ink on `(H, W)` or `(H, W, 3)` pixels, whatever the polarity.

    The border tells the paper's grey; ink is what departs from it.

    Raises:
        NoDigitError: The picture is blank.
    """
    grey = pixels if pixels.ndim == 2 else np.rint(pixels @ _LUMA).astype(np.uint8)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = int(np.median(border))
    if paper > 127:
        grey = 255 - grey
        paper = 255 - paper
    ink = np.maximum(grey, paper) - np.uint8(paper)
    peak = int(ink.max())
    if peak < MIN_CONTRAST:
        raise NoDigitError("the picture is blank: nothing stands out from the paper")
    return ink
