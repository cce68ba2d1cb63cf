"""Cut a row into cells, one for each digit that the row network sees in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mnist_infer.imaging.filters import ink_bounds
from mnist_infer.imaging.params import FOREGROUND_LEVEL, MAJORITY

if TYPE_CHECKING:
    from numpy.typing import NDArray

Sides: TypeAlias = "tuple[int, int, int, int]"
"""The left, top, right and bottom sides of a box, in pixels. (A `Box` has a width and a height.)"""


@dataclass(frozen=True)
class Cell:
    """The place of one digit in a row."""

    box: Sides
    """Of its ink; without ink, the part of the row that belongs to the digit."""

    ink: NDArray[np.uint8] | None
    """uint8 `(H, W)`, cut out; None without ink."""


def cut_cells(
    ink: NDArray[np.uint8], labels: NDArray[np.unsignedinteger], middles: Sequence[float]
) -> list[Cell]:
    """Cut a row midway between its digits.

    A connected component with most of its pixels in one cell belongs to that cell alone, since
    digits lean and overlap. Other components are cut. The first and the last cell reach outwards by
    most of the distance between digits.

    Args:
        ink: uint8 `(H, W)`, the row's.
        labels: `(H, W)`, of each pixel the number of its connected component, 0 without ink.
        middles: The column in the middle of each digit, from left to right.

    Returns:
        A cell for each digit.
    """
    height, width = ink.shape
    between = [(a + b) / 2 for a, b in pairwise(middles)]
    step = float(np.median(np.diff(middles))) if between else height
    edges = [middles[0] - MAJORITY * step, *between, middles[-1] + MAJORITY * step]
    cell_of_column = np.searchsorted(edges, np.arange(width) + 0.5)  # 0 and the last: outside
    count = len(middles) + 2
    place = labels.astype(np.intp) * count + cell_of_column
    shares = np.bincount(place.ravel(), minlength=count * (int(labels.max()) + 1))
    shares = shares.reshape(-1, count)
    is_whole = shares.max(axis=1) >= MAJORITY * shares.sum(axis=1)
    owner = np.where(is_whole[labels], shares.argmax(axis=1)[labels], cell_of_column)
    is_ink = (labels > 0) & (ink > FOREGROUND_LEVEL)
    return [_cell(ink, is_ink & (owner == k + 1), edges[k : k + 2]) for k in range(len(middles))]


def _cell(ink: NDArray[np.uint8], mask: NDArray[np.bool_], ends: Sequence[float]) -> Cell:
    if not mask.any():
        left, right = max(0, round(ends[0])), min(ink.shape[1], round(ends[1]))
        return Cell((left, 0, max(right, left + 1), ink.shape[0]), None)
    rows, columns = ink_bounds(mask)
    own = (ink * mask)[rows, columns]
    return Cell((columns.start, rows.start, columns.stop, rows.stop), own)
