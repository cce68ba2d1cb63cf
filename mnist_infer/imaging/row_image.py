"""What the row network sees of a row: a grey picture at its height, with the paper at mid-grey."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_infer.imaging.filters import median

ROW_HEIGHT = 32
"""Height in pixels of the row network's input."""

PAPER = 128
"""The grey level that stands for the row's median, which is its paper."""

SPREAD = 40
"""Grey levels that one standard deviation of the row takes."""

FAINTEST = 8
"""Grey levels added to the deviation, so that bare paper is not stretched to full contrast."""

AROUND = 0.2
"""Paper around what the row network reads, as a part of its height. Without any above and below, 30
of 631 real rows are lost."""


def row_image(
    grey: NDArray[np.uint8], most_columns: int | None = None, height: int = ROW_HEIGHT
) -> NDArray[np.uint8]:
    """Scale a row to the network's height and standardize its contrast.

    Args:
        grey: uint8 `(H, W)`, either polarity.
        most_columns: Squeeze a wider row to this width, in pixels of the result.
        height: In pixels, of the result.

    Returns:
        uint8 `(height, W')`, the aspect ratio kept unless squeezed.
    """
    columns = max(8, round(grey.shape[1] * height / len(grey)))
    if most_columns is not None:
        columns = min(columns, most_columns)
    # BOX averages areas where it shrinks, and would show the pixels where it enlarges.
    method = Image.Resampling.BOX if len(grey) > height else Image.Resampling.BILINEAR
    small = np.asarray(Image.fromarray(grey).resize((columns, height), method))
    # Not np.median: it imports numpy.ma, a tenth of the command's start.
    scale = SPREAD / (small.std(dtype=np.float32) + FAINTEST)
    standard = (small.astype(np.float32) - median(small)) * scale
    return np.asarray((standard + PAPER).clip(0, 255), np.uint8)
