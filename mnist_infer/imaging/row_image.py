"""Make what the row network sees: a strip of the picture, scaled, with the paper at mid-grey."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_infer.imaging.filters import median

ROW_HEIGHT = 32
"""Height in pixels of the row network's input."""

PAPER_LEVEL = 128
"""The grey level that stands for the row's median, which is its paper."""

SPREAD = 40
"""Grey levels that one standard deviation of the row takes."""

FAINTEST = 8
"""Grey levels added to the deviation, so that bare paper is not stretched to full contrast."""


def row_image(grey: NDArray[np.uint8], max_columns: int | None = None) -> NDArray[np.uint8]:
    """Scale a row to the network's height and standardize its contrast.

    Args:
        grey: uint8 `(H, W)`, either polarity.
        max_columns: Squeeze a wider row to this width, in pixels of the result.

    Returns:
        uint8 `(ROW_HEIGHT, W')`, the aspect ratio kept unless squeezed.
    """
    height, width = grey.shape
    columns = max(8, round(width * ROW_HEIGHT / height))
    if max_columns is not None:
        columns = min(columns, max_columns)
    # BOX averages areas where it shrinks, and would show the pixels where it enlarges.
    method = Image.Resampling.BOX if height > ROW_HEIGHT else Image.Resampling.BILINEAR
    small = np.asarray(Image.fromarray(grey).resize((columns, ROW_HEIGHT), method))
    scale = SPREAD / (small.std(dtype=np.float32) + FAINTEST)
    standard = (small.astype(np.float32) - median(small)) * scale
    return np.asarray((standard + PAPER_LEVEL).clip(0, 255), np.uint8)
