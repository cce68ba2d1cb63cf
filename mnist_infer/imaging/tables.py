"""Find the lines of a table, which may tilt and bend: ruled by hand, or photographed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cc3d
import numpy as np

from mnist_infer.imaging.filters import median
from mnist_infer.imaging.params import DIGITS, MAJORITY, RULINGS
from mnist_infer.imaging.straight_lines import vertical_runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_LINES = 2
"""Lines in each direction that a table has at least."""

MAX_RISE = 0.2
"""Rows a column that a table's line rises or bends, as in a photo from the side."""


def find_table_lines(mask: NDArray[np.bool_], highest: int) -> NDArray[np.bool_] | None:
    """Find the pixels of a table's lines.

    Args:
        mask: bool `(H, W)`, one connected component.
        highest: Height in pixels of the highest other component in its box.

    Returns:
        bool `(H, W)`, without the strokes that cross the lines; None where the component is no
        table.
    """
    down, along = _run_lengths(mask), _run_lengths(mask.T).T
    thickness = median(np.minimum(down, along)[mask])
    if min(mask.shape) < RULINGS.min_aspect * thickness or highest < DIGITS.min_height * thickness:
        return None
    # Where a stroke crosses a line, or another line does, the line's runs are longer.
    thin = 2 * thickness
    level, upright = mask & (down <= thin), mask & (along <= thin)
    rows, columns = _level_lines(level, thickness), _level_lines(upright.T, thickness).T
    lines = rows & (level | columns) | columns & upright
    lines &= mask
    # Squared paper with shadows on it would be torn.
    is_table = rows.any() and columns.any() and lines.sum() > MAJORITY * mask.sum()
    return lines if is_table else None


def _run_lengths(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Length of the vertical run that each pixel is in, 0 outside of the mask; `(H, W)`."""
    run_of, length = vertical_runs(mask)
    return np.where(mask, length[run_of], 0)


def _level_lines(thin: NDArray[np.bool_], thickness: int) -> NDArray[np.bool_]:
    """Find long and nearly level lines in thin pixels, and fill their gaps.

    Returns:
        bool `(H, W)`, empty where there are too few lines.
    """
    closed = _close_rows(thin, 4 * thickness)
    labels = cc3d.connected_components(closed.astype(np.uint8), connectivity=8)
    boxes = cc3d.statistics(labels, no_slice_conversion=True)["bounding_boxes"]
    heights, widths = (boxes[:, k + 1].astype(np.intp) - boxes[:, k] + 1 for k in (0, 2))
    is_line = widths >= MAJORITY * thin.shape[1]
    is_line &= heights <= thickness + MAX_RISE * widths
    is_line[0] = False  # Label 0 is the background.
    found: NDArray[np.bool_] = is_line[labels] & (is_line.sum() >= MIN_LINES)
    return found


def _close_rows(mask: NDArray[np.bool_], gap: int) -> NDArray[np.bool_]:
    """Fill gaps of at most `gap` pixels within each row; (H, W) bool."""
    columns = np.arange(mask.shape[1])
    never = mask.shape[1] + gap
    before = np.maximum.accumulate(np.where(mask, columns, -never), axis=1)
    behind = np.minimum.accumulate(np.where(mask, columns, 2 * never)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(behind - before <= gap + 1)
