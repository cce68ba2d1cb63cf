"""Thin digits to lines one pixel wide, and draw such lines with another pen."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from train.data import Array

FINE = 2
"""Pixels of a skeleton for each pixel of its image."""

_INK = 110
"""The level above which an enlarged image has ink."""

_DEVIATIONS = 3.3
"""A pen is so many standard deviations of its blurred line wide. With 2.4 a slanting line, which
has fewer pixels, would be a third thinner than a level one; with 3.3 it is an eighth."""


def skeleton(image: Array) -> Array:
    """Thin an image to lines one pixel wide (Zhang and Suen, 1984); remembered, as it is slow.

    Args:
        image: White ink on black, uint8 `(H, W)`.

    Returns:
        0 or 255, uint8 `(FINE * H, FINE * W)`.
    """
    return _skeleton(image.tobytes(), image.shape)


@lru_cache(maxsize=100_000)
def _skeleton(pixels: bytes, shape: tuple[int, int]) -> Array:
    image = Image.frombytes("L", shape[::-1], pixels)
    size = (FINE * image.width, FINE * image.height)
    ink = np.asarray(image.resize(size, Image.Resampling.BICUBIC)) > _INK
    return _thin(ink) * np.uint8(255)


def draw_skeleton(line: Array, size: tuple[int, int], pen: float) -> Array:
    """Draw a skeleton at another size and with a round pen.

    Args:
        line: A skeleton, uint8 `(H, W)`.
        size: Width and height in pixels of the drawing without its margins.
        pen: Width of the pen in pixels.

    Returns:
        White ink on black, uint8, with a margin around that has room for the pen.
    """
    margin = 2 + round(pen)
    page = Image.new("L", (size[0] + 2 * margin, size[1] + 2 * margin))
    scaled = Image.fromarray(line).resize(size, Image.Resampling.BILINEAR)
    page.paste(scaled, (margin, margin))
    deviation = pen / _DEVIATIONS
    blurred = np.asarray(page.filter(ImageFilter.GaussianBlur(deviation)), np.float32)
    # A line of the skeleton as wide as the scale peaks here once it is blurred.
    scale = (size[0] / line.shape[1] + size[1] / line.shape[0]) / 2
    peak = 255 * scale / (deviation * np.sqrt(2 * np.pi))
    level = peak * np.exp(-(_DEVIATIONS**2) / 8)
    # Per pixel at the edge of the blurred line; a thin pen's soft edge ends where paper begins.
    slope = min(level * pen / 2 / deviation**2, 2 * level)
    ink = 255 * ((blurred - level) / slope + 0.5)
    return np.asarray(ink.clip(0, 255), np.uint8)


def _thin(ink: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    ink = np.pad(ink, 1)
    before = -1
    while before != (now := int(np.count_nonzero(ink))):
        before = now
        for is_removed in _REMOVED:
            ink[1:-1, 1:-1] &= ~is_removed[_neighbours(ink)]
    return ink[1:-1, 1:-1]


def _neighbours(ink: npt.NDArray[np.bool_]) -> Array:
    """Which of the 8 neighbours of each pixel have ink, one bit each, clockwise from above."""
    height, width = ink.shape
    bits = ink.view(np.uint8)
    code = np.zeros((height - 2, width - 2), np.uint8)
    for bit, (y, x) in enumerate(_CLOCKWISE):
        code |= bits[1 + y : height - 1 + y, 1 + x : width - 1 + x] << np.uint8(bit)
    return code


_CLOCKWISE = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def _is_removed(code: int, half: int) -> bool:
    """Return what Zhang and Suen remove in the first (0) and in the second (1) half of a pass."""
    around = [code >> bit & 1 for bit in range(8)]
    above, right, below, left = around[0::2]
    starts = sum(a < b for a, b in zip(around, around[1:] + around[:1], strict=True))
    if half:
        keeps = (above and right and left) or (above and below and left)
    else:
        keeps = (above and right and below) or (right and below and left)
    return 2 <= sum(around) <= 6 and starts == 1 and not keeps


_REMOVED = tuple(np.array([_is_removed(code, half) for code in range(256)]) for half in (0, 1))
