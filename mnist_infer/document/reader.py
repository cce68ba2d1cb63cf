"""Read a page: every digit in reading order, line by line, and what was left unread."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mnist_infer.decode.images import Picture
from mnist_infer.document.layout import Line, find_writing, hull, labels_of
from mnist_infer.document.rows import read_band
from mnist_infer.imaging.binarize import binarize, refined_window
from mnist_infer.imaging.filters import bounds
from mnist_infer.imaging.paper import colour_contrast
from mnist_infer.imaging.params import MOST, NEARLY_ALL
from mnist_infer.imaging.row_image import AROUND
from mnist_infer.results import LocatedDigit, Unread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mnist_infer.document.cells import Box
    from mnist_infer.document.layout import Writing
    from mnist_infer.document.rows import RowReading
    from mnist_infer.inference.networks import Networks

    Digits: TypeAlias = list[tuple[Box, int, float]]
    """Of each digit of a line its box, the digit, and its confidence."""

WORKING_SIDE = 1600
"""A digit of 20 pixels may be this small a part of the page: some 80 lines."""

BESIDE = 0.5
"""Paper beside a line in its band, as a part of the line's height."""


@dataclass(frozen=True)
class _Page:
    """The digits of each line, and boxes of what may be digits and was not read."""

    lines: list[Digits]
    unread: list[Box]

    @property
    def confidence(self) -> float:
        """Mean confidence of all digits; 0 without any."""
        return float(np.mean([digit[2] for line in self.lines for digit in line] or [0]))


def read_page(
    picture: Picture, networks: Networks
) -> tuple[tuple[tuple[LocatedDigit, ...], ...], tuple[Unread, ...]]:
    """Read all the digits of a page.

    Args:
        picture: Read at `WORKING_SIDE`.
        networks: What reads its lines.

    Returns:
        The digits of each line, and what may be a digit and was not read.
    """
    ink, window = binarize(picture.pixels)
    if not ink.any():
        return (), ()
    grey = colour_contrast(picture.pixels)
    writing = find_writing(ink)
    page = _read_lines(writing, grey, networks)
    # Until writing is found its stroke width is a guess; re-binarization knows it.
    if (better := refined_window(window, writing.stroke_width)) is not None:
        writing = find_writing(binarize(picture.pixels, better)[0])
        other = _read_lines(writing, grey, networks)
        if other.confidence > page.confidence:
            page = other
    lines = tuple(
        tuple(
            LocatedDigit(digit, confidence, _original(picture, box))
            for box, digit, confidence in line
        )
        for line in page.lines
    )
    reason = "no digit was recognized here"
    return lines, tuple(Unread(_original(picture, box), reason) for box in page.unread)


def _read_lines(writing: Writing, grey: NDArray[np.uint8], networks: Networks) -> _Page:
    """Read what the layout found; a page on which it finds no line is read as one."""
    if writing.has_frames:
        # The bars of a comb of boxes look like 1s, and the layout has taken them out.
        grey = 255 - writing.ink
    page = _Page([], [])
    lines = writing.lines or [Line([], len(grey))]
    least = MOST * max(line.height for line in lines)
    # A 5 whose bar stands apart may begin a line of its own, and each band shows the whole row: the
    # line of more components tells its height better, and no digit is read twice.
    for line in sorted(lines, key=lambda line: (line.height < least, -len(line.members))):
        band, labels = _band(writing, line)
        row = read_band(grey[band], writing.ink[band], labels, networks)
        digits = _digits(row, band)
        are_level, are_known = _compare(digits, [digit for other in page.lines for digit in other])
        is_low = line.height < least
        new = list(compress(digits, ~(are_level if is_low else are_known)))
        # Beside a row a low line is a fragment of it; elsewhere it may be print.
        if is_low and min((digit[2] for digit in new), default=0) < NEARLY_ALL:
            page.unread.extend(box for box, _, _ in new)
            continue
        page.unread.extend(_left_over(writing, line, new if is_low else digits))
        if new:
            page.lines.append(new)
    page.lines.sort(
        key=lambda digits: float(np.mean([top + bottom for (_, top, _, bottom), _, _ in digits]))
    )
    return page


def _compare(digits: Digits, known: Digits) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether the middle of each digit lies in the rows, and in the box, of a known one: (N,)."""
    left, top, right, bottom = _boxes(digits)[:, :, np.newaxis]
    x, y = (left + right) / 2, (top + bottom) / 2
    left, top, right, bottom = _boxes(known)
    in_rows = (top < y) & (y < bottom)
    return in_rows.any(axis=1), (in_rows & (left < x) & (x < right)).any(axis=1)


def _boxes(digits: Digits) -> NDArray[np.intp]:
    """Left, top, right and bottom sides: (4, N)."""
    return np.array([box for box, _, _ in digits], np.intp).reshape(-1, 4).T


def _band(writing: Writing, line: Line) -> tuple[tuple[slice, slice], NDArray[np.unsignedinteger]]:
    """Find the rows and columns of a line with some paper around, and label them.

    It is as wide as all ink at the line's height, what the layout takes for no digit included.
    """
    height, width = writing.ink.shape
    top, bottom = 0, height
    if line.members:
        top, _, bottom, _ = hull(writing.pieces.boxes[line.members]).tolist()
    above, beside = (round(share * (bottom - top)) for share in (AROUND, BESIDE))
    rows = slice(max(0, top - above), min(height, bottom + above))
    inked = writing.pieces.labels[rows].max(axis=0)
    columns = slice(0, width)
    if inked.any():
        found = bounds(inked)
        columns = slice(max(0, found.start - beside), min(width, found.stop + beside))
    return (rows, columns), labels_of(writing, line, rows)[:, columns]


def _digits(row: RowReading, band: tuple[slice, slice]) -> Digits:
    y, x = band[0].start, band[1].start
    return [
        ((x + left, y + top, x + right, y + bottom), int(digit), confidence)
        for (left, top, right, bottom), digit, confidence in zip(
            (cell.box for cell in row.cells), row.text, row.confidences, strict=True
        )
    ]


def _original(picture: Picture, box: Box) -> tuple[int, int, int, int]:
    """A box of the page as x, y, width, height of the original."""
    left, top, right, bottom = box
    return picture.original_box(slice(top, bottom), slice(left, right))


def _left_over(writing: Writing, line: Line, digits: Digits) -> list[Box]:
    """Components of a line, as tall as a digit, in no digit's box: left, top, right, bottom."""
    boxes = []
    for piece in line.members:
        top, left, bottom, right = writing.pieces.boxes[piece].tolist()
        middle = (left + right) / 2
        is_read = any(start <= middle <= stop for (start, _, stop, _), _, _ in digits)
        if bottom - top >= MOST * line.height and not is_read:
            boxes.append((left, top, right, bottom))
    return boxes
