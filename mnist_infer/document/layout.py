"""Find what is written on a page: its connected components, and the lines that they form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist_infer.errors import ImageError
from mnist_infer.imaging.components import (
    Components,
    bounding_box,
    component_stroke_width,
    keep_components,
)
from mnist_infer.imaging.filters import stroke_width
from mnist_infer.imaging.params import AROUND, DIGITS, MAJORITY, NEARLY_ALL, RULINGS
from mnist_infer.imaging.rulings import remove_page_rulings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAX_ASPECT = 2.25
"""Width over height above which a component is a dash or an underline: no digit of MNIST exceeds
2.22."""

MAX_DIGITS = 10_000
"""The most digits on a page: more would blur together at its working size, and each takes time."""

MIN_HEIGHT = 0.4
"""A component that is lower than this part of the digits' height is clutter. Neighbours are on one
line if they overlap by this part of the lower one's height. With 0.5, a page of noise has 16
lines."""

MIN_PIXELS = 8
"""Height in pixels of the smallest digits that make a line of smaller writing."""


@dataclass(frozen=True)
class Line:
    """A line: the numbers of its components from left to right, and its height in pixels."""

    members: list[int]
    height: float


@dataclass(frozen=True)
class Writing:
    """The writing on a page."""

    ink: NDArray[np.uint8]
    """uint8 `(H, W)`, without rulings."""

    components: Components
    """Its connected components, writing or not."""

    is_clutter: NDArray[np.bool_]
    """Whether each component, `(N,)`, is a dot, dash or ruling, or lies along the page's border."""

    lines: list[Line]
    """From top to bottom; then those of smaller writing, from top to bottom."""


def find_writing(ink: NDArray[np.uint8]) -> Writing:
    """Find the connected components that are writing, and their lines.

    Raises:
        ImageError: There are more than `MAX_DIGITS` of them.
    """
    unruled = remove_page_rulings(ink)
    ink, components = unruled.foreground, unruled.components
    # Without the page's dark margin: it is so wide that all strokes would seem to be dots.
    stroke = stroke_width(keep_components(components, ~components.along_border, ink))
    members, is_clutter = _tell_digits_from_clutter(components, stroke)
    if len(members) > MAX_DIGITS:
        raise ImageError(
            f"{len(members):,} marks that may be digits, and at most {MAX_DIGITS:,} are read from "
            "one picture: it is texture, or must be cut into several"
        )
    if not len(members):
        return Writing(ink, components, np.zeros_like(is_clutter), [])
    lines = _lines(components, members)
    smaller = _smaller_lines(components, ink, lines)
    for line in smaller:
        is_clutter[line.members] = False
    return Writing(ink, components, is_clutter, lines + smaller)


def _lines(components: Components, members: NDArray[np.intp]) -> list[Line]:
    # Not the mean: letters are lower than the digits beside them.
    return [
        Line(line, float(np.quantile(components.heights[line], NEARLY_ALL)))
        for line in _join_by_height(components.boxes, members)
    ]


def _smaller_lines(
    components: Components, ink: NDArray[np.uint8], lines: Sequence[Line]
) -> list[Line]:
    """Find lines of writing that is much smaller than that of the others, and apart from them.

    With it 189 of 200 `page-sizes` are right, and none loses digits in silence; without it 159, and
    31 do.
    """
    is_dash = components.widths > MAX_ASPECT * components.heights
    may_be_digits = ~is_dash & ~components.at_border & (components.heights >= MIN_PIXELS)
    clearance = np.full(len(may_be_digits), np.inf)  # as a part of a line's height
    middles = (components.boxes[:, 0] + components.boxes[:, 2]) / 2
    for line in lines:
        top, _, bottom, _ = bounding_box(components.boxes[line.members]).tolist()
        outside = np.maximum(top - middles, middles - bottom)
        clearance = np.minimum(clearance, outside / (bottom - top))
        may_be_digits &= components.heights < line.height
    marks = np.flatnonzero(may_be_digits & (clearance > AROUND))
    # Dots and blobs by their own strokes: the page's are those of the larger writing.
    widths = np.array([component_stroke_width(components, i, ink) for i in marks.tolist()])
    marks = marks[components.lengths[marks] >= DIGITS.min_height * widths]
    # A single mark close to a line is a comma or the like.
    return [
        line
        for line in _lines(components, marks)
        if len(line.members) > 1 or clearance[line.members[0]] > MIN_HEIGHT
    ]


def _tell_digits_from_clutter(
    components: Components, stroke: float
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Sort components by their shapes.

    Args:
        components: All components of a page.
        stroke: Their mean stroke width in pixels.

    Returns:
        The numbers of those that may be digits; and `(N,)`, whether each is clutter.
    """
    heights, widths, area = components.heights, components.widths, components.area
    dots = components.lengths < DIGITS.min_height * stroke
    clutter = dots | components.along_border
    nothing = np.flatnonzero([]), clutter
    if area[dots].sum() > MAJORITY * area[~components.along_border].sum():
        return nothing  # It is texture.
    dashes = widths > MAX_ASPECT * heights
    is_slender = heights > RULINGS.min_inner_aspect * widths
    may_be_digits = ~clutter & ~dashes
    measures = may_be_digits & ~components.at_border & ~is_slender
    if not measures.any():
        measures = may_be_digits
    if not measures.any():
        return nothing
    typical = _weighted_median(heights[measures], area[measures])
    rulings = is_slender & (heights > typical / MIN_HEIGHT)
    members = np.flatnonzero(may_be_digits & ~rulings & (heights > MIN_HEIGHT * typical))
    # A short dash may be the bar of a 5.
    return members, clutter | rulings | (dashes & (widths > typical))


def digit_labels(writing: Writing, line: Line, rows: slice) -> NDArray[np.unsignedinteger]:
    """Label what may be a line's digits: not clutter, nor points and underlines in its lower half.

    Args:
        writing: The page.
        line: One of its lines, or one without members.
        rows: The part of the page's height that is labelled.

    Returns:
        `(H, W)`, 0 where there is nothing.
    """
    labels = writing.components.labels[rows]
    boxes = writing.components.boxes
    is_kept = ~writing.is_clutter
    if line.members:
        top, _, bottom, _ = bounding_box(boxes[line.members])
        is_low = boxes[:, 0] + boxes[:, 2] > top + bottom
        is_kept &= ~is_low | (writing.components.heights > MIN_HEIGHT * line.height)
    kept: NDArray[np.unsignedinteger] = np.where(np.append(False, is_kept)[labels], labels, 0)
    return kept


def _weighted_median(values: NDArray[np.number[Any]], weights: NDArray[np.intp]) -> float:
    order = values.argsort()
    total = weights[order].cumsum()
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _join_by_height(boxes: NDArray[np.intp], members: NDArray[np.intp]) -> list[list[int]]:
    """Join components to lines, from top to bottom, each to the line whose last one is most level.

    Comparing with the last one alone lets a line climb or fall.
    """
    lines: list[list[int]] = []
    lasts = np.empty((len(members), 2), np.intp)  # top and bottom of each line's last component
    for i in members[(boxes[members, 1] + boxes[members, 3]).argsort()].tolist():
        shared = _shared_heights(lasts[: len(lines)], boxes[i, [0, 2]])
        place = int(shared.argmax()) if shared.max(initial=0) > MIN_HEIGHT else len(lines)
        if place == len(lines):
            lines.append([])
        lines[place].append(i)
        lasts[place] = boxes[i, [0, 2]]
    return sorted(lines, key=lambda line: float(boxes[line][:, [0, 2]].mean()))


def _shared_heights(spans: NDArray[np.intp], span: NDArray[np.intp]) -> NDArray[np.float64]:
    """Measure what a span (2,), top and bottom, shares with each of others (N, 2).

    Returns:
        The shared height as a part of the lower span's: `(N,)`.
    """
    shared = np.minimum(spans[:, 1], span[1]) - np.maximum(spans[:, 0], span[0])
    lower: NDArray[np.float64] = shared / np.minimum(spans[:, 1] - spans[:, 0], span[1] - span[0])
    return lower
