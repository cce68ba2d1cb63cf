"""Measure how far the foreground stands out from paper, and from its noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.imaging.filters import median
from mnist_infer.imaging.thumbnail import thumbnail

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Contrast:
    """Depths in grey levels."""

    background: float
    """Mean of bare paper."""

    noise: float
    """Standard deviation of bare paper."""

    contrast: float
    """How much deeper the foreground lies than bare paper."""


def measure_contrast(depth: NDArray[np.uint8]) -> Contrast:
    """Measure noise and contrast of depths below paper: uint8 `(H, W)`.

    Bare paper covers at least a sixth of any picture, so the lowest sixth of the depths reveals its
    normal distribution: 15.9 % lie one standard deviation or more below the mean, and 2.3 % two.
    The foreground's depth is the mean of the depths above half of that mean, each weighted by
    itself: a fixed point, found in a few rounds.
    """
    count = np.bincount(depth.ravel(), minlength=256)
    below = np.cumsum(count) / depth.size
    low, high = np.searchsorted(below, (0.0228, 0.1587))
    noise = float(high - low)
    background = float(high + noise)
    level = np.arange(256) - background
    contrast = 0.0
    for _ in range(4):
        strong = np.where(level > max(1, 3 * noise, contrast / 2), count * level, 0)
        total = strong.sum()
        if total == 0:
            return Contrast(background, noise, 0.0)
        contrast = float((strong * level).sum() / total)
    return Contrast(background, noise, contrast)


def measure_edge_step(grey: NDArray[np.uint8], foreground: NDArray[np.uint8]) -> float:
    """Measure the mean step in grey levels where the foreground begins, beyond the picture's slope.

    Args:
        grey: uint8 `(H, W)`.
        foreground: uint8 `(H, W)`.
    """
    shade, ink = thumbnail(grey).astype(np.int16), thumbnail(foreground)
    # Thin strokes fill but a part of any pixel here.
    is_foreground = ink > int(ink.max(initial=0)) // 2
    steps = []
    for axis in (0, 1):
        step = np.diff(shade, axis=axis)
        slope = median(255 + step[::2, ::2]) - 255
        steps.append(np.abs(step[np.diff(is_foreground, axis=axis)] - slope))
    edge = np.concatenate(steps)
    return float(edge.mean()) if edge.size else 0.0
