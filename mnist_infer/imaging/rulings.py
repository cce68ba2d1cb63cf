"""Remove ruled lines, boxes, tables and squared paper; the digits stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.imaging.components import Components, find_components, keep_components
from mnist_infer.imaging.filters import dilate
from mnist_infer.imaging.params import FOREGROUND_LEVEL, MAJORITY, RULINGS
from mnist_infer.imaging.straight_lines import find_straight_lines
from mnist_infer.imaging.tables import find_table_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_FRAME_AREA = 4
"""The most area of frames within frames that is searched, in areas of the picture."""

_EVERYWHERE = (slice(None), slice(None))


@dataclass(frozen=True)
class Unruled:
    """A picture without its rulings: its foreground, uint8 `(H, W)`, and the components of that."""

    foreground: NDArray[np.uint8]
    components: Components


def remove_rulings(foreground: NDArray[np.uint8]) -> Unruled:
    """Remove what is printed around digits: lines along the border, frames, and lines across.

    Lines that end at other lines stand free once those are removed. So the search is repeated
    until it finds nothing more.

    Args:
        foreground: uint8 `(H, W)`.
    """
    components = find_components(foreground)
    are_border_rulings = _are_border_rulings(components)
    if are_border_rulings.any():
        foreground = keep_components(components, ~are_border_rulings, foreground)
        components = find_components(foreground)
    removed = np.zeros(foreground.shape, np.bool_)
    while True:
        unframed = _remove_frames(foreground, components, removed, are_crossed=True)
        rest = remove_lines_across(unframed)
        if rest is foreground:
            return Unruled(foreground, components)
        removed |= rest < foreground
        foreground, components = rest, find_components(rest)


def remove_page_rulings(foreground: NDArray[np.uint8]) -> Unruled:
    """Remove the straight lines across a page, and the frames on it, once.

    On a page, what lies along the border may be writing, and what ends at a removed line a 1: with
    `remove_rulings` 4 of 101 real pages and ruled rows are read worse and none better; generated
    ones are read as well.

    Args:
        foreground: uint8 `(H, W)`.
    """
    rest = remove_lines_across(foreground)
    components = find_components(rest)
    nothing = np.zeros(rest.shape, np.bool_)
    unframed = _remove_frames(rest, components, nothing, are_crossed=False)
    if unframed is not rest:
        components = find_components(unframed)
    untabled = _remove_tables(unframed, components)
    if untabled is not unframed:
        components = find_components(untabled)
    return Unruled(untabled, components)


def _are_border_rulings(components: Components) -> NDArray[np.bool_]:
    """Which components are rulings along the border, in I, L, U or O shape; (N,) bool."""
    height, width = components.labels.shape
    rows, columns = (int(RULINGS.border_band * side) for side in (height, width))
    inner = components.labels[rows : height - rows, columns : width - columns]
    is_inside = np.bincount(inner.ravel(), minlength=len(components.area) + 1)[1:] > 0
    shares = np.maximum(components.heights / height, components.widths / width)
    return np.asarray((shares > RULINGS.min_cover) & ~is_inside)


def remove_lines_across(foreground: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Remove straight lines from border to border of a picture: uint8 `(H, W)` -> the same.

    The picture itself is returned where there are none.
    """
    mask = foreground > FOREGROUND_LEVEL
    horizontal, vertical = find_straight_lines(mask, RULINGS.min_aspect)
    lines = horizontal | vertical
    if not lines.any():
        return foreground
    rest = _erase(foreground, lines)
    # A stroke from top to bottom with nothing beside it is a 1.
    return rest if rest.any() or horizontal.any() else foreground


def _erase(foreground: NDArray[np.uint8], lines: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Remove lines, (H, W) bool, with their soft edges."""
    soft_edge = dilate(lines, 1) & (foreground <= FOREGROUND_LEVEL)
    return np.where(lines | soft_edge, 0, foreground).astype(np.uint8)


def _remove_frames(
    foreground: NDArray[np.uint8],
    components: Components,
    removed: NDArray[np.bool_],
    *,
    are_crossed: bool,
) -> NDArray[np.uint8]:
    """Remove frames with the lines inside them, and lines that end at removed ones.

    Args:
        foreground: uint8 `(H, W)`.
        components: Its connected components.
        removed: bool `(H, W)`, rulings that have been removed from it.
        are_crossed: A digit may cross the side of its frame.

    Returns:
        uint8 `(H, W)`, the picture itself where nothing is to be removed.
    """
    lines = np.zeros(foreground.shape, np.bool_)
    near_removed = dilate(removed, 2) if removed.any() else removed
    area = MAX_FRAME_AREA * foreground.size
    is_hollow = _are_hollow(components)
    # No line is thinner than a pixel; a page of noise has thousands of specks.
    is_long = components.lengths >= RULINGS.min_inner_aspect
    for number in np.flatnonzero((is_hollow | removed.any()) & is_long).tolist():
        top, left, bottom, right = components.boxes[number].tolist()
        place = (slice(top, bottom), slice(left, right))
        mask = components.labels[place] == number + 1
        height, width = foreground.shape
        is_cut = (top == 0, bottom == height, left == 0, right == width)
        within = _within_overhangs(mask) if are_crossed and is_hollow[number] else _EVERYWHERE
        is_frame = bool(is_hollow[number]) and _is_frame(mask[within], is_cut)
        at_removed = _along_sides(mask & near_removed[place])
        ends = [cut or bool(side.any()) for cut, side in zip(is_cut, at_removed, strict=True)]
        is_between = removed.any() and (all(ends[:2]) or all(ends[2:]))
        if not (is_frame or is_between):
            continue
        area -= mask.size
        if area < 0:
            break
        within = within if is_frame else _EVERYWHERE
        horizontal, vertical = find_straight_lines(mask[within], RULINGS.min_inner_aspect)
        if is_frame and _is_ruled(horizontal, vertical, is_cut):
            lines[place][within] |= horizontal | vertical
        elif is_between:
            lines[place][within] |= vertical & all(ends[:2]) | horizontal & all(ends[2:])
    return _erase(foreground, lines) if lines.any() else foreground


def _remove_tables(foreground: NDArray[np.uint8], components: Components) -> NDArray[np.uint8]:
    """Remove the lines of tables that `_remove_frames` has left.

    Args:
        foreground: uint8 `(H, W)`.
        components: Its connected components.

    Returns:
        uint8 `(H, W)`, the picture itself where there is no table.
    """
    lines = np.zeros(foreground.shape, np.bool_)
    area = MAX_FRAME_AREA * foreground.size
    # No line is thinner than a pixel.
    is_large = np.minimum(components.heights, components.widths) >= RULINGS.min_aspect
    may_be_tables = _are_hollow(components) & is_large
    for number in np.flatnonzero(may_be_tables).tolist():
        box = components.boxes[number]
        top, left, bottom, right = box.tolist()
        place = (slice(top, bottom), slice(left, right))
        is_inside = (components.boxes[:, :2] > box[:2]) & (components.boxes[:, 2:] < box[2:])
        highest = int(components.heights[is_inside.all(axis=1)].max(initial=0))
        if not highest:
            continue
        mask = components.labels[place] == number + 1
        area -= mask.size
        if area < 0:
            break
        found = find_table_lines(mask, highest)
        if found is not None:
            lines[place] |= found
    return _erase(foreground, lines) if lines.any() else foreground


def _are_hollow(components: Components) -> NDArray[np.bool_]:
    """Which components are mostly empty, as frames are and a 1 is not; (N,) bool."""
    return np.asarray(2 * components.area < components.heights * components.widths)


def _is_frame(mask: NDArray[np.bool_], is_cut: tuple[bool, ...]) -> bool:
    """Whether a component, (H, W) bool, runs along all its sides; the border may cut off two.

    Args:
        mask: The component in its box.
        is_cut: Whether its top, bottom, left and right side are at the picture's border.
    """
    shares = [float(side.any(axis=0).mean()) for side in _along_sides(mask)]
    is_lined = (
        cut or share >= RULINGS.min_cover for cut, share in zip(is_cut, shares, strict=True)
    )
    return sum(is_cut) <= 2 and all(is_lined)


def _within_overhangs(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Find the part of a component, (H, W) bool, within its outermost rulings.

    A digit that crosses the side of its frame makes the component larger than the frame, which
    still is most of it; all of the component otherwise. Worth 17 of 40 `cell-crossed`.
    """
    parts = []
    for rows in (mask, mask.T):
        first, last = _overhang(rows), _overhang(rows[::-1])
        is_most = first + last < (1 - MAJORITY) * len(rows)
        parts.append(slice(first, len(rows) - last) if is_most else slice(0, len(rows)))
    return parts[0], parts[1]


def _overhang(mask: NDArray[np.bool_]) -> int:
    """Count the rows of a component, (H, W) bool, above its first nearly horizontal ruling."""
    reach = _reach(mask)
    # Of each row: the columns in which it or one of those above, as far as a tilt takes, has ink.
    near, rows = mask.copy(), 1
    while rows < reach:
        more = min(rows, reach - rows)
        near[more:] |= near[:-more]
        rows += more
    widths = near.sum(axis=1)
    enough = RULINGS.min_cover * widths.max()
    stop = int((widths >= enough).argmax()) + 1
    start = max(0, stop - reach)
    is_level = mask[start:stop].sum(axis=1) >= enough
    return start + int(is_level.argmax())


def _is_ruled(
    horizontal: NDArray[np.bool_], vertical: NDArray[np.bool_], is_cut: tuple[bool, ...]
) -> bool:
    """Whether straight lines run along all sides that the picture's border does not cut off."""
    sides = _along_sides(horizontal)[:2] + _along_sides(vertical)[2:]
    return all(cut or bool(side.any()) for cut, side in zip(is_cut, sides, strict=True))


def _along_sides(mask: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], ...]:
    """Cut out the strips along the top, bottom, left and right side, as wide as a tilt takes."""
    reach = _reach(mask)
    return mask[:reach], mask[-reach:], mask[:, :reach].T, mask[:, -reach:].T


def _reach(mask: NDArray[np.bool_]) -> int:
    """How many rows a nearly level line of a component, (H, W) bool, may take."""
    return max(2, round(RULINGS.max_slope * float(max(mask.shape))))
