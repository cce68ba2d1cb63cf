"""What the row network sees: strokes of one darkness, whatever the paper, the light and the pen."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_infer.decode.images import Picture
from mnist_infer.document.reader import read_page
from mnist_infer.imaging.pipeline import prepare
from mnist_infer.imaging.row_image import PAPER_LEVEL, ROW_HEIGHT, row_image
from mnist_infer.inference.networks import Networks


def row(ink: int, faint: int | None = None, paper: int = 200) -> NDArray[np.uint8]:
    """Eleven strokes on a row of paper, as many as digits have; the first one may be fainter."""
    page = np.full((64, 320), paper, np.uint8)
    for left in range(40, 300, 24):
        page[16:48, left : left + 6] = ink
    if faint is not None:
        page[16:48, 40:46] = faint
    return page


def contrast(image: NDArray[np.uint8]) -> float:
    return float(np.median(image)) - float(image.min())


def test_it_keeps_the_proportions_unless_the_row_is_squeezed():
    assert row_image(row(90)).shape == (ROW_HEIGHT, 160)
    assert row_image(row(90), max_columns=50).shape == (ROW_HEIGHT, 50)


def test_bright_ink_on_dark_paper_is_the_negative_of_dark_ink_on_bright_paper():
    dark, bright = row_image(row(90)), row_image(255 - row(90))
    np.testing.assert_allclose(bright, 255.0 - dark, atol=1)


@pytest.mark.parametrize(("ink", "paper"), [(90, 200), (10, 250), (60, 150)])
def test_ink_is_nearly_black_and_what_is_half_as_dark_half_way_to_it(ink: int, paper: int):
    image = row_image(row(ink, (ink + paper) // 2, paper))
    faint, dark = image[16, 21], image[16, 33]
    assert 0 < dark < 40
    assert faint == pytest.approx((dark + np.median(image)) / 2, abs=2)


def test_faint_writing_is_shown_but_not_stretched_to_full_contrast():
    """Noise of bare paper would be stretched as well."""
    assert 0.3 < contrast(row_image(row(190))) / contrast(row_image(row(90))) < 0.4


def picture(*boxes: tuple[int, int, int, int]) -> Picture:
    """Black boxes, top, left, bottom, right, on white paper, 240 pixels a side."""
    page = np.full((240, 240), 255, np.uint8)
    for top, left, bottom, right in boxes:
        page[top:bottom, left:right] = 0
    return Picture(page, (240, 240), 1)


def inked(image: NDArray[np.uint8], axis: int) -> NDArray[np.intp]:
    """The rows, or columns, that have ink."""
    is_ink = np.abs(image.astype(int) - PAPER_LEVEL) > 64
    return np.flatnonzero(is_ink.any(axis=axis))


@pytest.mark.parametrize("top", [45, 2], ids=["in the middle", "near the border"])
def test_a_digit_has_paper_above_and_below_it(top: int):
    """Its height is about seven tenths of the row's, as in the rows that the network learnt."""
    (image,) = prepare(picture((top, 100, top + 150, 130))).inputs.row_images
    assert 21 <= len(inked(image, axis=1)) <= 24


def test_a_line_has_paper_around_it():
    seen = []

    def read_row(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        seen.append(image)
        return np.log(np.full((10, 11), 1 / 11, np.float32))

    page = picture((80, 90, 130, 100), (80, 130, 130, 140))

    def undecided(images: NDArray[np.uint8], classes: int = 10) -> NDArray[np.float32]:
        return np.full((len(images), classes), 1 / classes, np.float32)

    read_page(page, Networks(undecided, read_row, lambda cells: np.log(undecided(cells, 11))))
    image = seen[0]
    rows, columns = inked(image, axis=1), inked(image, axis=0)
    assert 21 <= len(rows) <= 24
    for beside in (columns[0], image.shape[1] - columns[-1] - 1):
        assert 0.4 * len(rows) < beside < 0.65 * len(rows)


def test_where_anything_was_removed_the_row_network_sees_the_whole_picture_too():
    stroke, speck = (45, 100, 195, 140), (110, 200, 114, 204)
    assert len(prepare(picture(stroke)).inputs.row_images) == 1
    assert len(prepare(picture(stroke, speck)).inputs.row_images) == 2
