"""Which ink is the digit, and which is not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_infer.errors import NoDigitError, SeveralDigitsError
from mnist_infer.imaging.components import find_components
from mnist_infer.imaging.find_digit import find_digit

SIDE = 200
MAIN = (slice(50, 150), slice(80, 120))


def ink(*strokes: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Filled rectangles: top, left, bottom, right."""
    page = np.zeros((SIDE, SIDE), np.uint8)
    for top, left, bottom, right in strokes:
        page[top:bottom, left:right] = 255
    return page


# A 5 without its bar: down, across, down, across.
BODY = [
    (50, 80, 100, 90),
    (90, 80, 100, 120),
    (90, 110, 150, 120),
    (140, 80, 150, 120),
]


def test_the_digit_is_found_with_its_place():
    digit, box = find_digit(ink(*BODY))
    assert box == MAIN
    assert np.array_equal(digit, ink(*BODY))


@pytest.mark.parametrize(
    "other",
    [
        (20, 20, 24, 24),
        (10, 150, 18, 158),
        (100, 192, 130, 200),
        (0, 60, 6, 120),
    ],
    ids=["noise", "dot", "fragment at the right border", "fragment at the top"],
)
def test_small_ink_beside_the_digit_is_removed(other: tuple[int, int, int, int]):
    digit, box = find_digit(ink(*BODY, other))
    assert box == MAIN
    assert np.array_equal(digit, ink(*BODY))


def test_a_floating_bar_belongs_to_the_digit():
    digit, box = find_digit(ink(*BODY, (30, 85, 40, 125)))
    assert box == (slice(30, 150), slice(80, 125))
    assert digit[35, 100] == 255


def test_a_digit_may_touch_the_border():
    assert find_digit(ink((0, 80, 200, 95)))[1] == (slice(0, 200), slice(80, 95))


def test_blank_is_no_digit():
    with pytest.raises(NoDigitError, match="blank"):
        find_digit(ink())


def test_a_dash_is_no_digit():
    with pytest.raises(NoDigitError, match="dash"):
        find_digit(ink((95, 50, 105, 150)))


def test_dots_that_are_all_alike_are_several():
    dots = np.zeros((SIDE, SIDE), np.uint8)
    dots[::10, ::10] = 255
    with pytest.raises(SeveralDigitsError):
        find_digit(dots)


def test_a_mesh_is_no_digit():
    mesh = np.zeros((SIDE, SIDE), np.uint8)
    mesh[10:190:10, 10:190] = mesh[10:190, 10:190:10] = 255
    with pytest.raises(NoDigitError, match="texture"):
        find_digit(mesh)


def test_two_digits_are_several():
    other = [(top, left + 70, bottom, right + 70) for top, left, bottom, right in BODY]
    with pytest.raises(SeveralDigitsError):
        find_digit(ink(*BODY, *other))


def test_components_are_counted_whatever_the_memory_order():
    page = (np.random.default_rng(0).random((60, 90)) > 0.8).astype(np.uint8) * 255
    components, transposed = find_components(page), find_components(page.T)
    assert sorted(components.area) == sorted(transposed.area)
    assert components.area.sum() == (page > 0).sum()
    assert components.labels.max() == len(components.area) == len(components.boxes)


def test_the_thin_line_of_a_form_is_no_part_of_the_digit():
    _, box = find_digit(ink(*BODY, (154, 60, 156, 160)))
    assert box == MAIN


@pytest.mark.parametrize(
    "blob", [(80, 80, 120, 120), (0, 0, 120, 90), (90, 90, 92, 94)], ids=["blob", "corner", "noise"]
)
def test_what_is_no_stroke_is_no_digit(blob: tuple[int, int, int, int]):
    with pytest.raises(NoDigitError):
        find_digit(ink(blob))
