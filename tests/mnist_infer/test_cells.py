"""Cells of a row: whose ink is whose, between the middles that the row network gives."""

import cc3d
import numpy as np
from PIL import Image, ImageDraw

from mnist_infer.document.cells import Cell, cut_cells


def cells(image: Image.Image, *middles: float) -> list[Cell]:
    """The cells of a drawing, white on black."""
    ink = np.asarray(image)
    return cut_cells(ink, cc3d.connected_components(ink > 64), middles)


def strokes(*lines: tuple[float, float, float, float]) -> Image.Image:
    """Straight strokes on a row of 200 x 60 pixels."""
    image = Image.new("L", (200, 60))
    for line in lines:
        ImageDraw.Draw(image).line(line, fill=255, width=5)
    return image


def test_each_digit_has_the_box_of_its_own_ink():
    found = cells(strokes((40, 10, 40, 50), (100, 20, 100, 40)), 40, 100)
    assert [cell.box[::2] for cell in found] == [(38, 43), (98, 103)]
    assert all(cell.ink is not None and cell.ink.max() == 255 for cell in found)


def test_a_stroke_that_leans_over_the_next_digit_is_whole():
    left, right = cells(strokes((30, 55, 62, 5), (80, 20, 80, 55)), 45, 80)
    assert left.box[0] < 32
    assert left.box[2] > 61
    assert right.box[0] > 75


def test_digits_that_touch_are_cut_between_their_middles():
    left, right = cells(strokes((20, 30, 120, 30)), 45, 95)
    assert left.box[2] == right.box[0] == 70


def test_a_digit_without_ink_has_a_place_and_nothing_to_classify():
    seen, missing = cells(strokes((40, 10, 40, 50)), 40, 100)
    assert seen.ink is not None
    assert missing.ink is None
    assert missing.box[0] < 100 < missing.box[2]
