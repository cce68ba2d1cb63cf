"""28x28 as MNIST was made."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mnist_infer.imaging.filters import stroke_width
from mnist_infer.imaging.mnist_format import mnist_box
from mnist_infer.imaging.normalize import normalize, render_variants


def zero(side: int, pen: int) -> NDArray[np.uint8]:
    image = Image.new("L", (side, side), 0)
    box = (side // 4, side // 10, 3 * side // 4, 9 * side // 10)
    ImageDraw.Draw(image).ellipse(box, outline=255, width=pen)
    return np.array(image)


@pytest.mark.parametrize("side", [28, 60, 300, 1000])
@pytest.mark.parametrize("pen", [1, 3, 8])
def test_the_result_is_in_the_mnist_format(side: int, pen: int):
    image = normalize(zero(side, max(1, pen * side // 100)))
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8
    assert mnist_box(image)


@pytest.mark.parametrize("pen", [2, 8, 20, 40])
def test_strokes_are_as_wide_as_mnists_whatever_the_pen(pen: int):
    assert 1.9 < stroke_width(normalize(zero(300, pen))) < 3.3


def test_what_is_nearly_filled_is_thinned_a_little_only():
    assert 4.5 < stroke_width(normalize(zero(300, 74))) < 5.6


@pytest.mark.parametrize(("pen", "width"), [(4, 1.63), (22, 1.7), (40, 2.9), (60, 3.6)])
def test_strokes_unlike_mnists_have_a_second_input_of_the_original_width(pen: int, width: float):
    first, second = render_variants(zero(300, pen))
    assert stroke_width(second) == pytest.approx(width, abs=0.2)
    assert abs(stroke_width(first) - 2.45) < abs(stroke_width(second) - 2.45)


@pytest.mark.parametrize("pen", [28, 30, 34])
def test_strokes_like_mnists_have_one_input(pen: int):
    assert len(render_variants(zero(300, pen))) == 1


def test_a_gap_that_widening_closes_stays_open_in_the_second_input():
    image = Image.new("L", (200, 200), 0)
    draw = ImageDraw.Draw(image)
    draw.rectangle((40, 0, 160, 199), outline=255, width=5)
    for row in (90, 116):
        draw.line((80, row, 160, row), fill=255, width=5)
    first, second = (variant[8:20, 15].tolist() for variant in render_variants(np.array(image)))
    assert _deepest_dip(first) < 30
    assert _deepest_dip(second) > 100


def _deepest_dip(line: list[int]) -> int:
    """How far a line of pixels falls between two peaks, at most."""
    return max(
        min(max(line[:place]), max(line[place:])) - line[place] for place in range(1, len(line))
    )


def test_the_aspect_ratio_stays():
    rows, columns = (np.flatnonzero(normalize(zero(300, 20)).any(axis=axis)) for axis in (1, 0))
    assert rows[-1] - rows[0] + 1 == 20
    assert 12 <= columns[-1] - columns[0] + 1 <= 14


def test_the_centre_of_mass_is_at_14_14_even_for_a_lopsided_digit():
    ink = np.zeros((100, 100), np.uint8)
    ink[10:20, 10:60] = ink[10:90, 10:20] = 255
    image = normalize(ink).astype(float)
    for axis in (0, 1):
        centre = image.sum(axis=1 - axis) @ np.arange(28) / image.sum()
        assert 13.4 < centre < 14.6


def test_a_single_dot_of_faint_ink_is_scaled_to_full_white():
    ink = np.zeros((9, 9), np.uint8)
    ink[4, 4] = 1
    assert normalize(ink).max() == 255
