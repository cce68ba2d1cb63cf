"""What just is a line, a dash or a mark on a page: each bound from both sides."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_infer.document.layout import find_writing
from mnist_infer.errors import ImageError

Box = tuple[int, int, int, int]
ROW = [(100, left, 160, left + 30) for left in (60, 120, 180)]


def page(*boxes: Box) -> NDArray[np.uint8]:
    """Boxes, top, left, bottom, right, drawn in strokes of six pixels and open on their left."""
    ink = np.zeros((400, 640), np.uint8)
    for top, left, bottom, right in boxes:
        ink[top:bottom, left:right] = 255
        ink[top + 6 : bottom - 6, left : right - 6] = 0
    return ink


def lines(ink: NDArray[np.uint8]) -> list[list[int]]:
    """The left sides of the members of each line."""
    writing = find_writing(ink)
    return [writing.components.boxes[line.members, 1].tolist() for line in writing.lines]


@pytest.mark.parametrize(("width", "is_member"), [(120, True), (180, False)])
def test_what_is_more_than_twice_as_wide_as_high_is_a_dash(width: int, is_member: bool):
    found = lines(page(*ROW, (100, 260, 160, 260 + width)))
    assert found == [[60, 120, 180, 260] if is_member else [60, 120, 180]]


@pytest.mark.parametrize(("height", "is_member"), [(36, True), (24, False)])
def test_what_is_less_than_half_as_high_as_the_digits_is_a_mark(height: int, is_member: bool):
    found = lines(page(*ROW, (120, 260, 120 + height, 285)))
    assert found == [[60, 120, 180, 260] if is_member else [60, 120, 180]]


@pytest.mark.parametrize(("fall", "count"), [(20, 1), (38, 2)])
def test_neighbours_on_a_line_have_half_of_their_height_in_common(fall: int, count: int):
    assert len(lines(page(*ROW, (100 + fall, 240, 160 + fall, 270)))) == count


def bars(rows: int) -> NDArray[np.uint8]:
    """Rows of 100 upright bars."""
    tile = np.zeros((12, 8), np.uint8)
    tile[1:11, 3:5] = 255
    return np.tile(tile, (rows, 100))


def test_a_page_has_ten_thousand_digits_at_most():
    assert len(find_writing(bars(90)).lines) == 90
    with pytest.raises(ImageError, match="12,000 marks"):
        find_writing(bars(120))
