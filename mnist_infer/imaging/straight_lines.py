"""Find straight lines that go from one side of a picture to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mnist_infer.imaging.filters import dilate_rows
from mnist_infer.imaging.params import RULINGS

if TYPE_CHECKING:
    from numpy.typing import NDArray

COARSE_STEP = 7
"""Every seventh column is looked at first: squared paper has a quarter of a million candidates, and
its own lines seldom are 7 pixels apart."""


def find_straight_lines(
    mask: NDArray[np.bool_], min_aspect: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Find nearly horizontal and nearly vertical lines across a picture.

    Args:
        mask: bool `(H, W)`, the foreground.
        min_aspect: How many times as long as thick a line is at least.

    Returns:
        bool `(H, W)` each: pixels of horizontal and of vertical lines. Where lines cross, pixels
        are in both; where strokes cross a line, in none.
    """
    horizontal, near_horizontal = _horizontal_lines(mask, min_aspect)
    vertical, near_vertical = (lines.T for lines in _horizontal_lines(mask.T, min_aspect))
    crossings = mask & near_horizontal & near_vertical
    return horizontal | crossings, vertical | crossings


def _horizontal_lines(
    mask: NDArray[np.bool_], min_aspect: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Find the pixels of horizontal lines, and all pixels along these, whatever crosses them."""
    width = mask.shape[1]
    lines, along = np.zeros_like(mask), np.zeros_like(mask)
    start, stop = _level_pairs(mask)
    if not len(start):
        return lines, along
    near = dilate_rows(mask)
    start, stop = _covered(near, start, stop)
    # Of the candidates that share a line, the one along its middle has most foreground around it.
    score = _means_along(mask.astype(np.uint8) + near + dilate_rows(near), start, stop)
    run_of, length = vertical_runs(mask)
    while score.any():
        best = int(score.argmax())
        first, last = start[[best]], stop[[best]]
        runs = _runs_along(mask, run_of, first, last)
        # Where strokes cross or run along the line its runs are longer, never shorter.
        thickness = float(np.percentile(length[runs], 25))
        longest = thickness + 1
        # Only the rows around a line are looked at: squared paper may have hundreds of lines.
        rows = _rows_between(first[0], last[0], margin=2 + int(longest))
        found = np.zeros_like(mask[rows])
        if width >= min_aspect * thickness:
            is_thin = np.zeros(len(length), bool)
            is_thin[runs] = length[runs] <= longest
            found = mask[rows] & is_thin[run_of[rows]] & ~lines[rows]
            lines[rows] |= found
            across, columns = _paths(first, last, width)
            for step in range(-int(longest), int(longest) + 1):
                along[(across + step).clip(0, len(mask) - 1), columns] = True
        distance = np.maximum(np.abs(start - first), np.abs(stop - last))
        is_left = (score > 0) & (distance > longest)
        start, stop, score = start[is_left], stop[is_left], score[is_left]
        taken = rows.start + np.flatnonzero(found.any(axis=1))
        if len(taken):
            score[_used_up(near, lines, taken, start, stop)] = 0
    return lines, along


def _runs_along(
    mask: NDArray[np.bool_],
    run_of: NDArray[np.intp],
    first: NDArray[np.intp],
    last: NDArray[np.intp],
) -> NDArray[np.intp]:
    """Number the vertical runs on or beside the path from row `first`, (1,), to `last`, (1,)."""
    rows = _rows_between(first[0], last[0], margin=1)
    path = np.zeros_like(mask[rows])
    path[_paths(first - rows.start, last - rows.start, mask.shape[1])] = True
    return run_of[rows][dilate_rows(path) & mask[rows]]


def _used_up(
    near: NDArray[np.bool_],
    lines: NDArray[np.bool_],
    taken: NDArray[np.intp],
    start: NDArray[np.intp],
    stop: NDArray[np.intp],
) -> NDArray[np.intp]:
    """Number the candidates that a line has left too little foreground for.

    A pixel counts for one line only, or the bar of a 4 that slopes towards a line would be another.

    Args:
        near: bool `(H, W)`, the foreground and what touches it.
        lines: bool `(H, W)`, the lines found so far.
        taken: The rows of the last of them, in order.
        start: Rows where the candidates begin.
        stop: Rows where they end.
    """
    meets = np.minimum(start, stop) <= taken[-1] + 1
    meets &= np.maximum(start, stop) >= taken[0] - 1
    numbers = np.flatnonzero(meets)
    if not len(numbers):
        return numbers
    ends = np.stack([start[numbers], stop[numbers]])
    rows = _rows_between(ends.min(), ends.max(), margin=1)
    free = near[rows] & ~dilate_rows(lines[rows])
    cover = _means_along(free, *(ends - rows.start))
    return numbers[cover < RULINGS.min_cover]


def _level_pairs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pair rows, (N,) each, where foreground touches the left and the right side nearly level."""
    width = mask.shape[1]
    margin = max(2, width // 50)
    left = np.flatnonzero(mask[:, :margin].any(axis=1))
    right = np.flatnonzero(mask[:, -margin:].any(axis=1))
    start, stop = left.repeat(right.size), np.tile(right, left.size)
    is_level = np.abs(stop - start) <= max(1, RULINGS.max_slope * width)
    return start[is_level], stop[is_level]


def _covered(
    near: NDArray[np.bool_], start: NDArray[np.intp], stop: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Keep the paths from rows `start` (N,) to `stop` (N,) that have few gaps."""
    cover = RULINGS.min_cover
    # Four standard deviations of a share that is estimated from so few columns.
    error = 4 * (cover * (1 - cover) * COARSE_STEP / near.shape[1]) ** 0.5
    for step, least in ((COARSE_STEP, cover - error), (1, cover)):
        is_covered = _means_along(near, start, stop, step) >= least
        start, stop = start[is_covered], stop[is_covered]
    return start, stop


def _rows_between(first: np.intp, last: np.intp, margin: int) -> slice:
    """Span the rows from one to another, in either order, with a margin on both sides."""
    return slice(max(0, int(min(first, last)) - margin), int(max(first, last)) + margin + 1)


def _means_along(
    image: NDArray[Any], start: NDArray[np.intp], stop: NDArray[np.intp], step: int = 1
) -> NDArray[np.float64]:
    """Average an image, in every `step`th column, along paths from side to side; (N,)."""
    means = np.empty(len(start))
    # The pixels of all would fill gigabytes: these are no more at once than the image has.
    for at in range(0, len(start), len(image)):
        part = slice(at, at + len(image))
        means[part] = image[_paths(start[part], stop[part], image.shape[1], step)].mean(axis=1)
    return means


def _paths(
    start: NDArray[np.intp], stop: NDArray[np.intp], width: int, step: int = 1
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """List rows (N, C) and columns (C,) of straight paths from rows `start` (N,) to `stop` (N,)."""
    columns = np.arange(0, width, step)
    slopes = np.outer(stop - start, columns / max(1, width - 1))
    return np.rint(start[:, None] + slopes).astype(np.intp), columns


def vertical_runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number the vertical runs of pixels, (H, W); return also the length of each run."""
    starts = mask.copy()
    starts[1:] &= ~mask[:-1]
    run_of = np.cumsum(starts.T, dtype=np.intp).reshape(mask.T.shape).T
    length = np.bincount(run_of[mask], minlength=int(run_of.max()) + 1)
    return run_of, length.astype(np.intp)
