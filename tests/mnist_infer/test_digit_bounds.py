"""What just is a digit, or a part of one, and what just is none: each bound from both sides."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mnist_infer import Recognizer
from mnist_infer.errors import NoDigitError, SeveralDigitsError
from mnist_infer.imaging.find_digit import find_digit, is_blob

Box = tuple[int, int, int, int]
ONE: Box = (50, 100, 150, 110)  # an upright stroke: top, left, bottom, right


def page(*strokes: Box) -> NDArray[np.uint8]:
    """Filled rectangles on a page of 240 x 240: top, left, bottom, right."""
    ink = np.zeros((240, 240), np.uint8)
    for top, left, bottom, right in strokes:
        ink[top:bottom, left:right] = 255
    return ink


def found(ink: NDArray[np.uint8]) -> Box:
    """The box of the digit."""
    rows, columns = find_digit(ink)[1]
    return rows.start, columns.start, rows.stop, columns.stop


def ring(width: int, height: int, pen: int = 6) -> NDArray[np.uint8]:
    image = Image.new("L", (240, 240))
    ImageDraw.Draw(image).ellipse((5, 20, 4 + width, 19 + height), outline=255, width=pen)
    return np.asarray(image)


def test_a_digit_is_at_least_three_times_as_tall_as_its_strokes_are_wide():
    assert found(page((50, 100, 76, 110))) == (50, 100, 76, 110)
    with pytest.raises(NoDigitError, match="too short"):
        find_digit(page((50, 100, 66, 110)))


def test_what_is_wide_may_be_a_digit_with_a_line_through_it_if_it_is_no_dash():
    assert found(ring(230, 40)) == (20, 5, 60, 235)
    with pytest.raises(NoDigitError, match="too short"):
        find_digit(ring(230, 15))


def test_what_is_short_in_both_directions_is_a_blob():
    assert is_blob(page((50, 100, 76, 120)))
    assert not is_blob(page((50, 100, 76, 110)))
    assert not is_blob(page((50, 100, 60, 126)))


@pytest.mark.parametrize("radius", [10, 40, 90])
def test_a_filled_disc_is_no_0(recognizer: Recognizer, radius: int):
    with pytest.raises(NoDigitError):
        recognizer.predict(255 - disc(radius))


def disc(radius: int) -> NDArray[np.uint8]:
    image = Image.new("L", (240, 240))
    ImageDraw.Draw(image).ellipse(
        (120 - radius, 120 - radius, 120 + radius, 120 + radius), fill=255
    )
    return np.asarray(image)


def comb(rungs: int) -> NDArray[np.uint8]:
    """An upright stroke of 200 pixels, and rungs of 120 that end in another one."""
    places = np.linspace(20, 214, rungs).round().astype(int)
    across = [(int(top), 60, int(top) + 6, 180) for top in places]
    return page((20, 60, 220, 66), (20, 174, 220, 180), *across)


def test_strokes_may_be_five_times_as_long_as_the_digit():
    assert found(comb(5)) == (20, 60, 220, 180)
    with pytest.raises(NoDigitError, match="texture"):
        find_digit(comb(11))


@pytest.mark.parametrize(("height", "several"), [(60, False), (85, True)])
def test_what_is_three_quarters_as_tall_is_another_digit(height: int, several: bool):
    both = page(ONE, (60, 200, 60 + height, 210))
    if several:
        with pytest.raises(SeveralDigitsError):
            find_digit(both)
    else:
        assert found(both) == ONE


@pytest.mark.parametrize(("gap", "joined"), [(30, True), (60, False)])
def test_a_floating_bar_no_farther_than_it_is_long_belongs_to_the_digit(gap: int, joined: bool):
    top = 150 + gap
    bar = (top, 95, top + 10, 140)
    assert found(page(ONE, bar)) == ((50, 95, top + 10, 140) if joined else ONE)


@pytest.mark.parametrize(("pen", "several"), [(9, True), (16, False)])
def test_what_is_drawn_with_a_pen_twice_as_thick_is_no_digit_beside_it(pen: int, several: bool):
    # The thin zigzag is the larger one.
    zigzag = [(20, 20, 220, 26), (20, 20, 26, 120), (120, 20, 126, 120), (214, 20, 220, 120)]
    both = page(*zigzag, (40, 180, 200, 180 + pen))
    if several:
        with pytest.raises(SeveralDigitsError):
            find_digit(both)
    else:
        assert found(both) == (20, 20, 220, 120)
