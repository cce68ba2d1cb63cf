"""Read a page: every digit in reading order, line by line, and what was left unread."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.decode.images import Picture
from mnist_infer.document.layout import Line, digit_labels, find_writing
from mnist_infer.document.rows import read_row
from mnist_infer.imaging.binarize import View, plausible_views
from mnist_infer.imaging.components import bounding_box
from mnist_infer.imaging.filters import bounds
from mnist_infer.imaging.find_digit import is_blob
from mnist_infer.imaging.paper import colour_contrast
from mnist_infer.imaging.params import AROUND, MAJORITY
from mnist_infer.inference.ensemble import SURE
from mnist_infer.results import READING_THRESHOLD, LocatedDigit, Reading, Unread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mnist_infer.document.cells import Sides
    from mnist_infer.document.layout import Writing
    from mnist_infer.document.rows import RowReading
    from mnist_infer.inference.networks import Networks
    from mnist_infer.results import Box

PAGE_WORKING_SIDE = 1600
"""Pixels of the longer side to which a page is shrunk: room for 80 lines of 20-pixel digits."""

BESIDE = 0.5
"""Paper beside a line in its row, as a part of the line's height."""

MIN_DIGITS_OF_LOW_LINE = 3
"""A low line of at least so many digits is kept if each reaches `READING_THRESHOLD`; with fewer,
each must reach `SURE`: print and fragments look like one or two digits more often than like three.
Of 200 `page-sizes` 189 instead of 175 are right. If any number of digits counts, 191 are, but one
of 631 real rows and 3 of 100 `row-neighbours` are lost."""


@dataclass(frozen=True)
class _Digit:
    """A digit that was read, and its box on the page."""

    box: Sides
    digit: int
    confidence: float


@dataclass(frozen=True)
class _Page:
    """The digits of each line, and boxes of what may be digits and was not read."""

    lines: list[list[_Digit]]
    unread: list[Sides]

    @property
    def digits(self) -> list[_Digit]:
        """The digits of all lines."""
        return [digit for line in self.lines for digit in line]

    @property
    def score(self) -> float:
        """How many digits are likely to be right, less those that are likely to be wrong."""
        return sum(2 * digit.confidence - 1 for digit in self.digits)

    def is_read(self, confidence: float) -> bool:
        """Tell whether all was read, each digit with this confidence at least."""
        least = min((digit.confidence for digit in self.digits), default=0)
        return not self.unread and least >= confidence


@dataclass(frozen=True)
class _Row:
    """The row of a line."""

    place: tuple[slice, slice]
    """Its rows and columns of pixels on the page."""

    labels: NDArray[np.unsignedinteger]
    """`(H, W)`, the number of the connected component that may be a digit, or 0."""


def read_page(picture: Picture, networks: Networks) -> Reading:
    """Read all the digits of a page.

    Args:
        picture: Decoded at `PAGE_WORKING_SIDE`.
        networks: What reads its rows.

    Returns:
        Its digits; without any, no lines.
    """
    grey = colour_contrast(picture.pixels)
    page, is_shade_known = None, False
    for view in plausible_views(picture.pixels, grey):
        found = _read_view(view, grey, networks)
        if found is None:
            continue
        if page is None or _is_better(found, page, view, is_shade_known=is_shade_known):
            page = found
        is_shade_known |= view.region is None and bool(found.digits)
        # A region does not end the search: it may be the part of the paper beside a shadow.
        if found.is_read(SURE) and view.region is None:
            break
    if page is None:
        return Reading(())
    lines = tuple(
        tuple(
            LocatedDigit(each.digit, each.confidence, _original(picture, each.box)) for each in line
        )
        for line in page.lines
    )
    reason = "no digit was read here with enough confidence"
    return Reading(lines, tuple(Unread(_original(picture, box), reason) for box in page.unread))


def _is_better(found: _Page, page: _Page, view: View, *, is_shade_known: bool) -> bool:
    """Decide whether what was read in a view is more likely right than what was read before.

    Args:
        found: What was read in the view.
        page: What was read before.
        view: The view.
        is_shade_known: Whether the likelier shade of ink shows digits.
    """
    # The less likely shade counts only without doubt, or with little doubt where the likelier one
    # shows no digit. By the score alone, 8 of 631 real rows are lost; with nothing but certainty
    # 3 of 60 `row-desk`; with any doubt where the likelier one shows none, 9 of 60
    # `row-words-only`.
    least = SURE if is_shade_known else READING_THRESHOLD
    if view.is_inverted and (not found.is_read(least) or len(found.digits) < len(page.digits)):
        return False
    return found.score > page.score


def _read_view(view: View, grey: NDArray[np.uint8], networks: Networks) -> _Page | None:
    """Read what is foreground in a view of the paper; None where nothing is."""
    ink = view.binarize()
    return _read_lines(find_writing(ink), grey, networks) if ink.any() else None


def _read_lines(writing: Writing, grey: NDArray[np.uint8], networks: Networks) -> _Page:
    """Read each line that the layout found; where it found none, the whole page is one row."""
    page = _Page([], [])
    if not writing.lines and is_blob(writing.ink):
        return page
    lines = writing.lines or [Line([], len(grey))]
    low = MAJORITY * max(line.height for line in lines)
    # The bar of a 5 may stand apart and begin a line of its own: the rows of both lines then show
    # the same digits. The line of more components comes first, as its height fits the digits
    # better, and what a later row shows again is skipped.
    for line in sorted(lines, key=lambda line: (line.height < low, -len(line.members))):
        row = _row(writing, line)
        found = read_row(grey[row.place], writing.ink[row.place], row.labels, networks)
        digits = _digits(found, row)
        is_low = line.height < low
        # Beside a line, a low one is a fragment of it; elsewhere it may be print.
        new = list(compress(digits, ~_are_shown(digits, page.digits, beside=is_low)))
        min_confidence = READING_THRESHOLD if len(new) >= MIN_DIGITS_OF_LOW_LINE else SURE
        if is_low and min((each.confidence for each in new), default=0) < min_confidence:
            page.unread.extend(each.box for each in new)
            continue
        page.unread.extend(_left_over(writing, line, new if is_low else digits))
        if new:
            page.lines.append(new)
    page.lines.sort(key=lambda line: float(np.mean([each.box[1] + each.box[3] for each in line])))
    return page


def _are_shown(digits: list[_Digit], known: list[_Digit], *, beside: bool) -> NDArray[np.bool_]:
    """Tell which digits have their middle in a known digit's box or, `beside`, at its height."""
    left, top, right, bottom = _boxes(digits)[:, :, np.newaxis]
    x, y = (left + right) / 2, (top + bottom) / 2
    left, top, right, bottom = _boxes(known)
    are_shown = (top < y) & (y < bottom)
    if not beside:
        are_shown &= (left < x) & (x < right)
    return np.asarray(are_shown.any(axis=1))


def _boxes(digits: list[_Digit]) -> NDArray[np.intp]:
    """Stack the left, top, right and bottom sides of digits: (4, N)."""
    return np.array([each.box for each in digits], np.intp).reshape(-1, 4).T


def _row(writing: Writing, line: Line) -> _Row:
    """Find the row of a line: all ink at its height, clutter included, and some paper around."""
    height, width = writing.ink.shape
    top, bottom = 0, height
    if line.members:
        top, _, bottom, _ = bounding_box(writing.components.boxes[line.members]).tolist()
    above, beside = (round(share * (bottom - top)) for share in (AROUND, BESIDE))
    rows = slice(max(0, top - above), min(height, bottom + above))
    inked = writing.components.labels[rows].max(axis=0)
    columns = slice(0, width)
    if inked.any():
        found = bounds(inked)
        columns = slice(max(0, found.start - beside), min(width, found.stop + beside))
    return _Row((rows, columns), digit_labels(writing, line, rows)[:, columns])


def _digits(found: RowReading, row: _Row) -> list[_Digit]:
    """List the digits that were found in a row, with their boxes on the page."""
    y, x = (side.start for side in row.place)
    return [
        _Digit((x + left, y + top, x + right, y + bottom), int(digit), confidence)
        for (left, top, right, bottom), digit, confidence in zip(
            (cell.box for cell in found.cells), found.text, found.confidences, strict=True
        )
    ]


def _original(picture: Picture, box: Sides) -> Box:
    """Convert the sides of a box on the page to x, y, width and height in the original."""
    left, top, right, bottom = box
    return picture.original_box(slice(top, bottom), slice(left, right))


def _left_over(writing: Writing, line: Line, digits: list[_Digit]) -> list[Sides]:
    """Find the components of a line that are as tall as a digit and in no digit's box."""
    boxes = []
    for member in line.members:
        top, left, bottom, right = writing.components.boxes[member].tolist()
        middle = (left + right) / 2
        is_read = any(each.box[0] <= middle <= each.box[2] for each in digits)
        if bottom - top >= MAJORITY * line.height and not is_read:
            boxes.append((left, top, right, bottom))
    return boxes
