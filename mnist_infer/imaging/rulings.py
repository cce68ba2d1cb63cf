"""Take ruled lines, table cells and squared paper out of the ink; the digit stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist_infer.imaging.components import EDGE, Components, find_components, keep_components
from mnist_infer.imaging.filters import dilate_rows, pad
from mnist_infer.imaging.paper import BORDER_BAND, grown

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Phone photos of forms tilt by up to about 3 degrees.
MAX_SLOPE = 0.05
# A line may have gaps where it is faint.
MIN_COVER = 0.85
# Of more pairs than this every seventh column is looked at first. The picture is so wide then that
# their cover is that of all columns within this, at four sigma.
MANY, SKIMMED, SKIM_MARGIN = 10_000, 7, 0.15
# A line is at least so many times as long as thick; the bar of a 7 is not.
SLENDER = 20
# Between the sides of a frame lines are shorter, and little else goes from side to side.
SLENDER_IN_FRAME = 10
# Ink this much thicker than the line, where they meet, is a stroke that crosses it.
CROSSING = 1.3
# A frame is at least this part of the picture.
MIN_FRAME = 0.2
# Frames within frames are looked at until they take so many times the picture together.
MAX_FRAMED = 4
# A digit that stands on a line goes at most this far below, as a part of its height.
MAX_DESCENT = 0.15

_LINES_AT_ONCE = 256


@dataclass(frozen=True)
class Unruled:
    """Ink (H, W) uint8 without rulings, its connected components, and whether it had frames."""

    ink: NDArray[np.uint8]
    pieces: Components
    has_frames: bool


def remove_rulings(ink: NDArray[np.uint8]) -> Unruled:
    """Remove the frames around other ink, and the straight lines across the picture.

    Lines that end at other lines stand free once those are gone: so it is done again until
    nothing more is found.
    """
    pieces = find_components(ink)
    along_border = _along_border(pieces)
    if along_border.any():
        ink = keep_components(pieces, ~along_border, ink)
        pieces = find_components(ink)
    has_frames = False
    gone = np.zeros(ink.shape, np.bool_)
    while True:
        unframed = remove_frames(ink, pieces, gone)
        rest = remove_lines(unframed)
        has_frames |= unframed is not ink
        if rest is ink:
            return Unruled(ink, pieces, has_frames)
        gone |= rest < ink
        ink, pieces = rest, find_components(rest)


def remove_page_rulings(ink: NDArray[np.uint8]) -> Unruled:
    """Remove the straight lines across a page, and the frames on it, once.

    On a page, what lies along the border may be writing, and what ends at a removed line a 1: with
    `remove_rulings` 4 of 101 real pages and ruled rows are read worse and none better, and of 420
    generated ones as many.
    """
    rest = remove_lines(ink)
    unframed = remove_frames(rest, find_components(rest), np.zeros(ink.shape, np.bool_))
    return Unruled(unframed, find_components(unframed), unframed is not rest)


def _along_border(pieces: Components) -> NDArray[np.bool_]:
    """Which pieces are rules of a form along the border, in I, L, U or O shape; (N,) bool."""
    height, width = pieces.labels.shape
    rows, columns = (int(BORDER_BAND * side) for side in (height, width))
    inner = pieces.labels[rows : height - rows, columns : width - columns]
    is_inside = np.bincount(inner.ravel(), minlength=len(pieces.mass) + 1)[1:] > 0
    is_long = (pieces.heights > MIN_COVER * height) | (pieces.widths > MIN_COVER * width)
    return np.asarray(is_long & ~is_inside)


def remove_lines(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Ink without the straight lines from border to border of the picture; (H, W) uint8."""
    mask = ink > EDGE
    level, upright = _ruling(mask)
    lines = level | upright
    if not lines.any():
        return ink
    lines &= ~_baselines(level, mask & ~lines)
    soft_edge = dilate_rows(dilate_rows(lines).T).T & ~mask
    rest = np.where(lines | soft_edge, 0, ink).astype(np.uint8)
    # A stroke from top to bottom with nothing beside it is a 1.
    return rest if lines.any() and (rest.any() or level.any()) else ink


def remove_frames(
    ink: NDArray[np.uint8], pieces: Components, gone: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Ink without the frames around other ink, and the lines between their cells.

    A frame has straight lines along all its sides; the picture's border may cut off up to two.
    Of other pieces, lines go that end on both sides at the border or at what is gone already.

    Args:
        ink: uint8 (H, W).
        pieces: Its connected components.
        gone: bool (H, W), rulings that have been removed from it.
    """
    rest = ink.copy()
    near_gone = grown(gone, 2) if gone.any() else gone
    budget = MAX_FRAMED * ink.size
    height, width = ink.shape
    for i in np.flatnonzero(pieces.lengths > MIN_FRAME * min(ink.shape)).tolist():
        top, left, bottom, right = pieces.boxes[i].tolist()
        place = (slice(top, bottom), slice(left, right))
        frame = pieces.labels[place] == i + 1
        reach = max(2, round(MAX_SLOPE * max(frame.shape)))
        inside = np.flatnonzero([top > 0, bottom < height, left > 0, right < width])
        strips = (frame[:reach], frame[-reach:], frame[:, :reach].T, frame[:, -reach:].T)
        is_frame = len(inside) > 1 and all(
            strips[k].any(axis=0).mean() >= MIN_COVER for k in inside
        )
        near = near_gone[place] & frame
        ends = (near[:reach], near[-reach:], near[:, :reach], near[:, -reach:])
        is_held = [k not in inside or bool(ends[k].any()) for k in range(4)]
        if not is_frame and not (gone.any() and (all(is_held[:2]) or all(is_held[2:]))):
            continue
        budget -= frame.size
        if budget < 0:
            break
        level, upright = _ruling(frame, SLENDER_IN_FRAME)
        sides = (level[:reach], level[-reach:], upright[:, :reach], upright[:, -reach:])
        lines = np.zeros_like(frame)
        if is_frame and all(sides[k].any() for k in inside):
            lines = level | upright
        elif gone.any():
            if all(is_held[:2]):
                lines |= upright
            if all(is_held[2:]):
                lines |= level
        if lines.any():
            soft_edge = dilate_rows(dilate_rows(lines).T).T & ~frame
            rest[place][lines | soft_edge] = 0
    return rest if (rest != ink).any() else ink


def _baselines(lines: NDArray[np.bool_], rest: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What level lines share with the digits that stand on them or hang from them; (H, W) bool.

    Where two strokes of one digit end at a line from the same side, the stroke between them was
    drawn along the line: the bottom of a 0 or a 6.
    """
    pieces = find_components(np.where(rest, 255, 0).astype(np.uint8))
    bases = np.zeros_like(lines)
    height = len(lines)
    hanging = pieces.boxes[:, [2, 1, 0, 3]] * (-1, 1, -1, 1) + (height, 0, height, 0)
    _add_baselines(bases, lines, pieces.labels, pieces.boxes)
    _add_baselines(bases[::-1], lines[::-1], pieces.labels[::-1], hanging)
    return bases


def _add_baselines(
    bases: NDArray[np.bool_],
    lines: NDArray[np.bool_],
    labels: NDArray[np.unsignedinteger],
    boxes: NDArray[np.intp],
) -> None:
    """Mark, in place, the bases of what stands on the lines from above."""
    around = pad(labels, 1)
    touching = (around[:-2, 1:-1], around[1:-1, :-2], around[1:-1, 2:])
    feet = [np.nonzero(lines & (near > 0)) for near in touching]
    rows, columns = np.concatenate(feet, axis=1)
    order = columns.argsort(kind="stable")
    rows, columns = rows[order], columns[order]
    pieces = np.concatenate([near[foot] for near, foot in zip(touching, feet, strict=True)])[order]
    # Where in the line's thickness the stroke ends does not matter: from edge to edge.
    run_of, length = _upright_runs(lines)
    thickness = length[run_of[rows, columns]]
    first = np.arange(len(lines))[:, None] * (lines & ~np.roll(lines, 1, axis=0))
    upper = np.maximum.accumulate(first, axis=0)[rows, columns]
    lower = upper + thickness
    width = np.diff(columns)
    level = np.abs(np.diff(upper)) <= 2 + MAX_SLOPE * width
    for i in np.flatnonzero(level & (width > 1)).tolist():
        a, b = boxes[pieces[i : i + 2] - 1]
        shared = min(a[3], b[3]) - max(a[1], b[1])
        is_one_digit = shared > 0.5 * min(a[3] - a[1], b[3] - b[1])
        bottom = max(a[2], b[2])
        height = bottom - min(a[0], b[0])
        depth = bottom - lower[i : i + 2].max()
        if is_one_digit and depth <= max(2, MAX_DESCENT * height) and width[i] <= height:
            stretch = (
                slice(upper[i : i + 2].min(), lower[i : i + 2].max()),
                slice(columns[i], columns[i + 1] + 1),
            )
            bases[stretch] |= lines[stretch]


def _ruling(
    mask: NDArray[np.bool_], slender: float = SLENDER
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Level and upright lines across the picture, their crossings in both; (H, W) bool each."""
    level, near_level = _level_lines(mask, slender)
    upright, near_upright = (lines.T for lines in _level_lines(mask.T, slender))
    crossings = mask & near_level & near_upright
    return level | crossings, upright | crossings


def _level_lines(
    mask: NDArray[np.bool_], slender: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Pixels of nearly level lines from the left border to the right; (H, W) bool.

    With them come all pixels along the lines, what crosses them included. Each pair of places
    where ink touches the two borders at nearly the same height is tried.
    """
    width = mask.shape[1]
    lines, along = np.zeros_like(mask), np.zeros_like(mask)
    if width < slender:
        return lines, along
    border = max(2, width // 50)
    left = np.flatnonzero(mask[:, :border].any(axis=1))
    right = np.flatnonzero(mask[:, -border:].any(axis=1))
    start, stop = left.repeat(right.size), np.tile(right, left.size)
    level = np.abs(stop - start) <= max(1, MAX_SLOPE * width)
    if not level.any():
        return lines, along
    start, stop = start[level], stop[level]
    near = dilate_rows(mask)
    if len(start) > MANY:
        # Squared paper has a quarter of a million pairs; some columns tell most that are no line.
        likely = _means_along(near, start, stop, SKIMMED) >= MIN_COVER - SKIM_MARGIN
        start, stop = start[likely], stop[likely]
    covered = _means_along(near, start, stop) >= MIN_COVER
    start, stop = start[covered], stop[covered]
    # Of the candidates that share a line, the one along its middle has most ink around it.
    around = mask.astype(np.uint8) + near + dilate_rows(near)
    score = _means_along(around, start, stop)
    run_of, length = _upright_runs(mask)
    while score.any():
        best = int(score.argmax())
        first, last = sorted((int(start[best]), int(stop[best])))
        # Only the rows around a line are looked at: squared paper may have hundreds of lines.
        rows = _rows(first, last, 1)
        path = np.zeros_like(mask[rows])
        path[_path(start[[best]] - rows.start, stop[[best]] - rows.start, width)] = True
        hit = run_of[rows][dilate_rows(path) & mask[rows]]
        # Where strokes cross or run along the line its runs are longer, never shorter.
        thickness = float(np.percentile(length[hit], 25))
        longest = CROSSING * thickness + 1
        rows = _rows(first, last, 2 + int(longest))
        found = np.zeros_like(mask[rows])
        if width >= slender * thickness:
            thin = np.zeros(len(length), bool)
            thin[hit] = length[hit] <= longest
            found = mask[rows] & thin[run_of[rows]] & ~lines[rows]
            lines[rows] |= found
            across, columns = _path(start[[best]], stop[[best]], width)
            for step in range(-int(longest), int(longest) + 1):
                along[(across + step).clip(0, len(mask) - 1), columns] = True
        same = np.maximum(np.abs(start - start[best]), np.abs(stop - stop[best])) <= thickness + 1
        score[same] = 0
        # What is in one line counts for no other: the bar of a 4 that slopes towards a line.
        left_over = score > 0
        start, stop, score = start[left_over], stop[left_over], score[left_over]
        taken = rows.start + np.flatnonzero(found.any(axis=1))
        if len(taken):
            meets = np.minimum(start, stop) <= taken[-1] + 1
            meets &= np.maximum(start, stop) >= taken[0] - 1
            if meets.any():
                ends = np.stack([start[meets], stop[meets]])
                rows = _rows(int(ends.min()), int(ends.max()), 1)
                free = near[rows] & ~dilate_rows(lines[rows])
                rest = _means_along(free, *(ends - rows.start))
                score[np.flatnonzero(meets)[rest < MIN_COVER]] = 0
    return lines, along


def _rows(first: int, last: int, margin: int) -> slice:
    """From a row to another one, and so many more on both sides, as far as there are any."""
    return slice(max(0, first - margin), last + margin + 1)


def _means_along(
    image: NDArray[Any], start: NDArray[np.intp], stop: NDArray[np.intp], step: int = 1
) -> NDArray[np.float64]:
    """Mean of an image, in every `step`th column, along lines from border to border; (N,)."""
    means = np.empty(len(start))
    # A page may have a quarter of a million of them, whose paths together would fill gigabytes.
    for at in range(0, len(start), _LINES_AT_ONCE):
        part = slice(at, at + _LINES_AT_ONCE)
        means[part] = image[_path(start[part], stop[part], image.shape[1], step)].mean(axis=1)
    return means


def _path(
    start: NDArray[np.intp], stop: NDArray[np.intp], width: int, step: int = 1
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows (N, C) and columns (C,) of lines from rows `start` (N,) to rows `stop` (N,)."""
    columns = np.arange(0, width, step)
    slopes = np.outer(stop - start, columns / (width - 1))
    return np.rint(start[:, None] + slopes).astype(np.intp), columns


def _upright_runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number of the upright run of ink that each pixel is in, (H, W), and each run's length."""
    starts = mask.copy()
    starts[1:] &= ~mask[:-1]
    run_of = np.cumsum(starts.T, dtype=np.intp).reshape(mask.T.shape).T
    length = np.bincount(run_of[mask], minlength=int(run_of.max()) + 1)
    return run_of, length.astype(np.intp)
