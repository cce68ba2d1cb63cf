"""Find the window that separates strokes from paper: what is narrower is foreground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.imaging.components import touching
from mnist_infer.imaging.contrast import measure_contrast
from mnist_infer.imaging.filters import closing, edge_energy
from mnist_infer.imaging.params import BINARIZE, NEARLY_ALL, SMALL_SIDE
from mnist_infer.imaging.thumbnail import thumbnail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def find_closing_window(grey: NDArray[np.uint8]) -> int:
    """Find the smallest window, in pixels, with which a closing removes the strokes.

    As soon as the window is wider than the strokes, the closing brings out their sharp edges. A
    still wider one brings out no more edges, only shading: a vignette's rim, a fold's dark side.

    Args:
        grey: uint8 `(H, W)`, dark strokes on bright paper.
    """
    small = thumbnail(grey)
    windows = [max(small.shape) // share for share in BINARIZE.windows]
    depths = [closing(small, window) - small for window in windows]
    edges = [edge_energy(depth) for depth in depths]
    best = _first_enough(edges, NEARLY_ALL)
    narrow = _first_enough(edges, BINARIZE.min_edges)
    if narrow < best and max(grey.shape) > SMALL_SIDE:
        # The wider window brings out more edges: those of wider strokes, or of a shadow. A shadow
        # touches the border, so only what does not is compared.
        inner = [edge_energy(_without_border(depth)) for depth in depths[narrow : best + 1]]
        if any(inner):
            best = narrow + _first_enough(inner, NEARLY_ALL)
    return int(BINARIZE.window_margin * windows[best] * max(grey.shape) / max(small.shape))


def _first_enough(values: Sequence[float], share: float) -> int:
    return next(i for i, value in enumerate(values) if value >= share * max(values))


def _without_border(depth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Keep the depths of what the picture's border does not cut; (H, W) uint8."""
    found = measure_contrast(depth)
    mask = depth > found.background + found.contrast / 2
    border = np.ones(mask.shape, bool)
    border[1:-1, 1:-1] = False
    return np.where(mask & ~touching(mask, border), depth, 0).astype(np.uint8)
