"""What the cell network sees: the digit in the middle of a square, with what is beside it."""

from typing import Literal

import numpy as np
import pytest

from mnist_infer.decode.images import Picture
from mnist_infer.imaging.cell_image import CELL_SIDE, cell_image
from mnist_infer.imaging.pipeline import prepare
from mnist_infer.imaging.row_image import PAPER_LEVEL, SPREAD


def page() -> np.ndarray:
    grey = np.full((200, 300), 230, np.uint8)
    grey[60:140, 120:150] = 20
    return grey


def test_a_digit_stands_in_the_middle_and_takes_five_sevenths_of_the_side():
    image = cell_image(page(), (120, 60, 150, 140))
    assert image.shape == (CELL_SIDE, CELL_SIDE)
    is_ink = np.abs(image.astype(int) - PAPER_LEVEL) > 64
    rows, columns = (np.flatnonzero(is_ink.any(axis=axis)) for axis in (1, 0))
    assert len(rows) == pytest.approx(CELL_SIDE * 5 / 7, abs=1)
    assert rows.mean() == columns.mean() == pytest.approx((CELL_SIDE - 1) / 2, abs=0.6)


def test_what_stands_beside_a_digit_is_seen():
    grey = page()
    grey[60:140, 160:170] = 20
    assert (cell_image(grey, (120, 60, 150, 140)) != cell_image(page(), (120, 60, 150, 140))).any()


@pytest.mark.parametrize("beyond", ["edge", "constant"])
@pytest.mark.parametrize("box", [(0, 0, 30, 80), (20, 40, 50, 120), (60, 0, 70, 10)])
def test_beyond_its_border_the_picture_goes_on_or_is_black(
    box: tuple[int, int, int, int], beyond: Literal["constant", "edge"]
):
    grey = page()[40:160, 110:160]
    inside = np.pad(grey, 100, mode=beyond)
    left, top, right, bottom = box
    moved = (left + 100, top + 100, right + 100, bottom + 100)
    np.testing.assert_array_equal(cell_image(grey, box, beyond), cell_image(inside, moved))


def test_a_box_of_one_pixel_has_an_image():
    assert cell_image(page(), (5, 5, 6, 6)).shape == (CELL_SIDE, CELL_SIDE)


def test_of_a_digit_on_paper_the_cell_network_sees_what_stands_around_it():
    cell = prepare(Picture(page(), (300, 200), 1)).inputs.cell
    assert cell is not None
    np.testing.assert_array_equal(cell[[0, -1]], PAPER_LEVEL)
    assert np.ptp(cell[CELL_SIDE // 2].astype(int)) > 2 * SPREAD


def test_of_a_bitmap_that_its_digit_fills_it_sees_paper_beyond_the_border():
    bitmap = np.full((60, 40), 255, np.uint8)
    bitmap[:, 12:28] = 0
    cell = prepare(Picture(bitmap, (40, 60), 1)).inputs.cell
    assert cell is not None
    np.testing.assert_array_equal(cell[[0, -1]], PAPER_LEVEL)


def test_where_there_is_a_problem_it_sees_nothing():
    crossed = page()
    crossed[80:84] = 20
    crossed[60:140, 200:230] = 20
    stages = prepare(Picture(crossed, (300, 200), 1))
    assert stages.inputs.problem is not None
    assert stages.inputs.cell is None
