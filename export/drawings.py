"""Drawings of digits: MNIST's, as apps, bitmaps and clean scans would hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MIN_SIDE, MAX_SIDE = 28, 512
"""Sides of a drawing, in pixels."""

AS_MADE = 0.1
"""The share of drawings that are MNIST's own 28x28, or their negatives."""

_FINE = 240  # pixels of a digit's longer side while its strokes change
_PENS = (-5, -3, 1, 1, 5, 9, 13)  # pixels of that side by which strokes are widened, or thinned


def draw_all(images: NDArray[np.uint8], seed: int) -> Iterator[NDArray[np.uint8]]:
    """Draw each of MNIST's digits on a canvas of its own; the same at each call.

    Sides from 28 to 512 pixels, dark on bright and bright on dark, at full and at less contrast,
    with thin and with fat pens, anywhere on the canvas.

    Args:
        images: uint8 `(N, 28, 28)`, white ink on black.
        seed: Of the random numbers.

    Yields:
        uint8 `(S, S)`.
    """
    rng = np.random.default_rng(seed)
    for image in images:
        drawn = image if rng.random() < AS_MADE else _draw(image, rng)
        yield drawn if rng.random() < 0.5 else 255 - drawn


def _draw(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    side = round(MIN_SIDE * (MAX_SIDE / MIN_SIDE) ** rng.random())
    size = min(side, max(20, int(side * rng.uniform(0.45, 0.95))))
    digit = _resized(_with_pen(image, int(rng.choice(_PENS))), size, Image.Resampling.BOX)
    height, width = digit.shape
    top, left = rng.integers(0, (side - height + 1, side - width + 1))
    canvas = np.zeros((side, side), np.float32)
    canvas[top : top + height, left : left + width] = digit
    paper, pen = (0, 255) if rng.random() < 0.7 else (rng.integers(0, 60), rng.integers(180, 256))
    return np.rint(paper + canvas * ((pen - paper) / 255)).astype(np.uint8)


def _with_pen(image: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """The digit with sharp edges, its strokes wider by so many fine pixels."""
    rows, columns = (np.flatnonzero(image.max(axis=axis)) for axis in (1, 0))
    tight = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    large = np.pad(_resized(tight, _FINE, Image.Resampling.BICUBIC), 30)
    soft = Image.fromarray(large).filter(ImageFilter.GaussianBlur(4))
    sharp = soft.point(lambda shade: 255 * (shade > 110))
    change = ImageFilter.MaxFilter(width) if width > 0 else ImageFilter.MinFilter(-width)
    changed = sharp.filter(change)
    # Strokes thinner than the change are left as they are.
    changed = changed if changed.getbbox() else sharp
    return np.asarray(changed.crop(changed.getbbox()))


def _resized(image: NDArray[np.uint8], side: int, method: Image.Resampling) -> NDArray[np.uint8]:
    scale = side / max(image.shape)
    height, width = (max(1, round(length * scale)) for length in image.shape)
    return np.asarray(Image.fromarray(image).resize((width, height), method))
