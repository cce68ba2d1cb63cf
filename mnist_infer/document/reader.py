"""Read a page: every digit in reading order, line by line, and what was left unread."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.decode.images import Picture
from mnist_infer.document.lattice import AS_TALL, certain, mean_confidence, read_lines
from mnist_infer.document.layout import find_writing, hull
from mnist_infer.document.rows import NOTHING, around, look_at, read_crops
from mnist_infer.imaging.binarize import binarize, refined_window
from mnist_infer.imaging.components import EDGE
from mnist_infer.imaging.filters import bounds
from mnist_infer.imaging.paper import ink_contrast
from mnist_infer.results import LocatedDigit, Unread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mnist_infer.document.lattice import Box, LatticeDigit
    from mnist_infer.document.layout import Writing
    from mnist_infer.document.rows import ReadRow, RowReading
    from mnist_infer.inference.tta import Classify

# A digit of 20 pixels may be this small a part of the page: some 80 lines.
WORKING_SIDE = 1600

# What the segmentation lattice does not take for digits, the row network must read with this mean
# confidence: letters and marks look like single digits more than like rows of them.
LEAST_ALONE = 0.8


def read_page(
    picture: Picture, classify: Classify, read_row: ReadRow
) -> tuple[tuple[tuple[LocatedDigit, ...], ...], tuple[Unread, ...]]:
    """Read all the digits of a page.

    Args:
        picture: Read at `WORKING_SIDE`.
        classify: uint8 `(N, 28, 28)` -> float32 `(N, 10)` probabilities.
        read_row: The row network, uint8 `(32, W)` -> float32 `(T, 11)` log-probabilities.

    Returns:
        The digits of each line, and what may be a digit and was not read.
    """
    ink, window = binarize(picture.pixels)
    writing = find_writing(ink)
    lines = read_lines(writing, classify)
    # Until writing is found its stroke width is a guess; re-binarization knows it.
    better = refined_window(window, writing.pen)
    if better is not None:
        other = find_writing(binarize(picture.pixels, better)[0])
        second = read_lines(other, classify)
        if mean_confidence(second) > mean_confidence(lines):
            writing, lines = other, second
    if not ink.any():
        return (), ()
    grey = ink_contrast(picture.pixels)
    if not writing.lines:
        return _read_bare(picture, grey, writing, read_row), ()
    if writing.has_frames:
        # The bars of a comb of boxes look like 1s, and the layout has taken them out.
        grey = 255 - writing.ink
    boxes = [hull(writing.pieces.boxes[members]) for members, _ in writing.lines]
    found, unread = [], []
    for line, box, (members, size) in zip(lines, boxes, writing.lines, strict=True):
        crops = [look_at(grey, *around(box.tolist(), grey.shape), read_row)]
        if len(boxes) == 1:
            # The picture may be cut to a row; then nothing of the row can get lost in the layout.
            crops.append(look_at(grey, slice(0, len(grey)), slice(0, grey.shape[1]), read_row))
        sure = certain(line)
        row = read_crops(crops, *_second_opinion(sure))
        if not line and row.confidence < LEAST_ALONE:
            row = NOTHING
        digits = _combine(sure, row, box, writing)
        if digits:
            found.append(digits)
        unread += [
            Unread(_original(picture, piece), "no digit was recognized here")
            for piece in _left_over(writing, members, size, digits)
        ]
    return tuple(_locate(picture, digits) for digits in found), tuple(unread)


def _read_bare(
    picture: Picture, grey: NDArray[np.uint8], writing: Writing, read_row: ReadRow
) -> tuple[tuple[LocatedDigit, ...], ...]:
    """Read a picture on which the layout finds no line as one row, if the row network is sure."""
    height, width = grey.shape
    row = read_crops([look_at(grey, slice(0, height), slice(0, width), read_row)], "", 0.0)
    if row.confidence < LEAST_ALONE:
        return ()
    return (_locate(picture, _combine([], row, np.array((0, 0, height, width)), writing)),)


def _locate(picture: Picture, digits: list[tuple[Box, int, float]]) -> tuple[LocatedDigit, ...]:
    return tuple(
        LocatedDigit(digit, confidence, _original(picture, box))
        for box, digit, confidence in digits
    )


def _original(picture: Picture, box: Box) -> Box:
    """A box (left, top, right, bottom) of the page as x, y, width, height of the original."""
    left, top, right, bottom = box
    return picture.original_box(slice(top, bottom), slice(left, right))


def _second_opinion(line: list[LatticeDigit]) -> tuple[str, float]:
    """What the segmentation lattice reads, and its least confidence."""
    text = "".join(str(int(row.argmax())) for _, row in line)
    return text, min((float(row.max()) for _, row in line), default=0.0)


def _combine(
    line: list[LatticeDigit], row: RowReading, box: NDArray[np.intp], writing: Writing
) -> list[tuple[Box, int, float]]:
    """The digits of a row with their boxes: the lattice's where both read the same."""
    text, _ = _second_opinion(line)
    boxes = [place for place, _ in line] if row.text == text else _cells(row, box, writing)
    return [
        (place, int(digit), confidence)
        for place, digit, confidence in zip(boxes, row.text, row.confidences, strict=True)
    ]


def _cells(row: RowReading, box: NDArray[np.intp], writing: Writing) -> list[Box]:
    """A box for each digit of a row: the ink between the middles of its gaps."""
    top, left, bottom, right = box.tolist()
    middles = row.middles
    ends = [left, *(round((a + b) / 2) for a, b in pairwise(middles)), right]
    boxes = []
    for k, middle in enumerate(middles):
        start, stop = min(ends[k], round(middle)), max(ends[k + 1], round(middle) + 1)
        start, stop = max(0, start), min(stop, writing.ink.shape[1])
        mask = writing.ink[top:bottom, start:stop] > EDGE
        rows, columns = (bounds(mask.max(axis=axis)) for axis in (1, 0))
        if not mask.any():
            rows, columns = slice(0, bottom - top), slice(0, stop - start)
        boxes.append(
            (start + columns.start, top + rows.start, start + columns.stop, top + rows.stop)
        )
    return boxes


def _left_over(
    writing: Writing, members: list[int], size: float, digits: list[tuple[Box, int, float]]
) -> list[Box]:
    """Components of a line, as tall as a digit, in no digit's box: left, top, right, bottom."""
    boxes = []
    for piece in members:
        top, left, bottom, right = writing.pieces.boxes[piece].tolist()
        middle = (left + right) / 2
        is_read = any(start <= middle <= stop for (start, _, stop, _), _, _ in digits)
        if bottom - top >= AS_TALL * size and not is_read:
            boxes.append((left, top, right, bottom))
    return boxes
