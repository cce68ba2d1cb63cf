"""Find what is written on a page: its connected components, and the lines that they stand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist_infer.errors import ImageError
from mnist_infer.imaging.components import (
    Components,
    component_stroke_width,
    find_components,
    gaps,
    keep_components,
)
from mnist_infer.imaging.digit import MAX_ASPECT, STROKE_RATIO
from mnist_infer.imaging.filters import stroke_width
from mnist_infer.imaging.rulings import remove_frames, remove_rulings

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A stroke is longer than its pen is wide; what is not is a dot.
DOT = 2.0
# More could not be told apart at that size; each would cost time all the same.
MOST_DIGITS = 10_000
# Heights against the typical digit of the page: smaller is a mark, slender and taller a rule.
SMALLEST, TALLEST = 0.4, 3.0
# With more of the ink than this in dots, the page is texture.
MOST_SPECKS = 0.5
# Lower than this, in pixels, no digit can be told from another.
LOWEST = 6
# Slenderer than this, a piece is no measure of the digits' height: it may be a 1 or a rule.
SLENDER = 6
# Slender pieces within so many pens' widths of a page's dark margin are its frayed edge.
FRAYED = 2.0
# Lines of print smaller than this, against the largest writing, are the form's, not the writer's.
SMALL_PRINT = 0.6
# A digit's height on a line is this percentile of its pieces' heights: letters are lower.
DIGIT_HEIGHT = 90
# Digits of one line share at least this part of their height.
SHARED_HEIGHT = 0.4
# Parts farther apart than this, in line heights, are not of one digit.
FARTHEST = 0.25


@dataclass(frozen=True)
class Writing:
    """What is written on a page: its ink (H, W) uint8, the ink's pieces, and its lines.

    A line is its pieces, from left to right, and its height; lines go from top to bottom. The
    pen is in pixels. `has_frames` says whether frames around writing were taken out of the ink.
    """

    ink: NDArray[np.uint8]
    pieces: Components
    lines: list[tuple[list[int], float]]
    pen: float
    has_frames: bool


def find_writing(ink: NDArray[np.uint8]) -> Writing:
    """The pieces that are writing, and their lines."""
    unruled = remove_rulings(ink)
    ink = remove_frames(unruled)
    has_frames = bool((ink != unruled).any())
    pieces = find_components(ink)
    heights, boxes, mass = pieces.heights, pieces.boxes, pieces.mass
    # A page's dark margin is no stroke, and would make dots of all that are.
    stroke = stroke_width(keep_components(pieces, ~pieces.along_border, ink))
    dots = pieces.lengths < DOT * stroke
    nothing = Writing(ink, pieces, [], stroke, has_frames)
    if mass[dots].sum() > MOST_SPECKS * mass[~pieces.along_border].sum():
        return nothing
    marks = (
        dots
        | (pieces.widths > MAX_ASPECT * heights)
        | pieces.along_border
        | _frayed(pieces, stroke)
    )
    measures = ~marks & ~pieces.at_border & (heights < SLENDER * pieces.widths)
    if not measures.any():
        measures = ~marks
    if not measures.any():
        return nothing
    typical = _weighted_median(heights[measures], mass[measures])
    rules = (heights > SLENDER * pieces.widths) & (heights > TALLEST * typical)
    digits = ~marks & ~rules & (heights > SMALLEST * typical)
    if digits.sum() > MOST_DIGITS:
        raise ImageError(
            f"{digits.sum():,} marks that may be digits, and at most {MOST_DIGITS:,} are read from "
            "one picture: it is texture, or must be cut into several"
        )
    members = np.flatnonzero(digits)
    if not members.size:
        return nothing
    pens = np.array([component_stroke_width(pieces, i, ink) for i in members.tolist()])
    pen = _weighted_median(pens, mass[members])
    # Another pen's strokes: the form's thin lines, a finger at the page's edge.
    thin = pens * STROKE_RATIO < pen
    thick = (pens > STROKE_RATIO * pen) & pieces.at_border[members]
    digits[members[thin | thick]] = False
    rules[members[thin | thick]] = True
    lines = _join_by_height(boxes, np.flatnonzero(digits))
    sizes = [float(np.percentile(heights[line], DIGIT_HEIGHT)) for line in lines]
    found = []
    for line, size in zip(lines, sizes, strict=True):
        if size < max(LOWEST, SMALL_PRINT * max(sizes)):
            continue
        near = _floating(boxes, line, np.flatnonzero(~digits & ~rules), size)
        found.append((sorted(line + near, key=lambda i: int(boxes[i, 1] + boxes[i, 3])), size))
    return Writing(ink, pieces, found, pen, has_frames)


def _frayed(pieces: Components, pen: float) -> NDArray[np.bool_]:
    """Which pieces are the frayed edge of a margin; (N,) bool."""
    near = np.zeros(len(pieces.mass), bool)
    for margin in pieces.boxes[pieces.along_border]:
        near |= np.maximum(*gaps(margin, pieces.boxes)) < FRAYED * pen
    return near & (pieces.heights > SLENDER * pieces.widths)


def _weighted_median(values: NDArray[np.number[Any]], weights: NDArray[np.intp]) -> float:
    order = values.argsort()
    total = weights[order].cumsum()
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _join_by_height(boxes: NDArray[np.intp], members: NDArray[np.intp]) -> list[list[int]]:
    """Lines, top to bottom: each piece joins the line whose last piece stands most level with it.

    Comparing with the last piece only lets a line climb or fall.
    """
    lines: list[list[int]] = []
    lasts = np.empty((len(members), 2), np.intp)  # of each line the last piece's top and bottom
    for i in members[(boxes[members, 1] + boxes[members, 3]).argsort()].tolist():
        shared = _shared_heights(lasts[: len(lines)], boxes[i, [0, 2]])
        place = int(shared.argmax()) if shared.max(initial=0) > SHARED_HEIGHT else len(lines)
        if place == len(lines):
            lines.append([])
        lines[place].append(i)
        lasts[place] = boxes[i, [0, 2]]
    return sorted(lines, key=lambda line: float(boxes[line][:, [0, 2]].mean()))


def _shared_heights(spans: NDArray[np.intp], span: NDArray[np.intp]) -> NDArray[np.float64]:
    """What a span of rows (2,) shares with each of others (N, 2), against the shorter of both."""
    shared = np.minimum(spans[:, 1], span[1]) - np.maximum(spans[:, 0], span[0])
    lower: NDArray[np.float64] = shared / np.minimum(spans[:, 1] - spans[:, 0], span[1] - span[0])
    return lower


def _floating(
    boxes: NDArray[np.intp], line: list[int], marks: NDArray[np.intp], size: float
) -> list[int]:
    """Marks that may be part of a digit of the line: close to one and not below its middle.

    An underline or a decimal point is below.
    """
    near = []
    level, _ = gaps(hull(boxes[line]), boxes[marks])
    for i in marks[level < FARTHEST * size].tolist():
        if boxes[i, 3] - boxes[i, 1] > TALLEST * size:
            continue
        rows, columns = gaps(boxes[i], boxes[line])
        closest = int(np.maximum(rows, columns).argmin())
        top, _, bottom, _ = boxes[line[closest]]
        gap = max(rows[closest], columns[closest])
        if gap < FARTHEST * size and boxes[i, 0] + boxes[i, 2] < top + bottom:
            near.append(i)
    return near


def hull(boxes: NDArray[np.intp]) -> NDArray[np.intp]:
    """The box (4,) around boxes (N, 4)."""
    return np.concatenate((boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)))
