"""What just is a ruling, a frame or the edge of a sheet: each bound from both sides."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mnist_infer.imaging.components import find_components
from mnist_infer.imaging.rulings import remove_lines_across, remove_rulings


def page(thickness: int = 4, rise: int = 0, grey: int = 255) -> NDArray[np.uint8]:
    """A line across a page of 300 x 300, which rises by so many pixels, and ink below it."""
    image = Image.new("L", (300, 300))
    draw = ImageDraw.Draw(image)
    draw.polygon(
        [(0, 60), (299, 60 - rise), (299, 59 - rise + thickness), (0, 59 + thickness)], fill=grey
    )
    draw.rectangle((140, 130, 160, 230), fill=255)
    return np.asarray(image)


def mostly_left(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    return bool(after.mean() > before.mean() / 2)


def line_is_left(ink: NDArray[np.uint8]) -> bool:
    return mostly_left(ink[:110], remove_lines_across(ink)[:110])


@pytest.mark.parametrize(("thickness", "left"), [(12, False), (22, True)])
def test_a_ruling_is_twenty_times_as_long_as_thick(thickness: int, left: bool):
    assert line_is_left(page(thickness)) is left


@pytest.mark.parametrize(("rise", "left"), [(12, False), (20, True)])
def test_a_ruling_rises_by_a_twentieth_at_most(rise: int, left: bool):
    assert line_is_left(page(rise=rise)) is left


@pytest.mark.parametrize(("grey", "left"), [(80, False), (48, True)])
def test_a_ruling_is_darker_than_a_soft_edge(grey: int, left: bool):
    assert line_is_left(page(grey=grey)) is left


def framed(side: int, thickness: int) -> NDArray[np.uint8]:
    image = Image.new("L", (300, 300))
    ImageDraw.Draw(image).rectangle((50, 50, 49 + side, 49 + side), outline=255, width=thickness)
    return np.asarray(image)


@pytest.mark.parametrize(("side", "thickness", "left"), [(150, 12, False), (150, 20, True)])
def test_a_frame_is_ten_times_as_long_as_thick(side: int, thickness: int, left: bool):
    assert (
        mostly_left(framed(side, thickness), remove_rulings(framed(side, thickness)).foreground)
        is left
    )


@pytest.mark.parametrize(("grey", "pieces"), [(80, 1), (48, 2)])
def test_soft_ink_does_not_connect(grey: int, pieces: int):
    ink = np.zeros((60, 60), np.uint8)
    ink[20:40, 10:20] = ink[20:40, 40:50] = 255
    ink[28:32, 20:40] = grey
    assert len(find_components(ink).area) == pieces


@pytest.mark.parametrize(("height", "along"), [(6, True), (60, False)])
def test_what_lies_along_the_border_has_most_of_its_outline_there(height: int, along: bool):
    ink = np.zeros((100, 100), np.uint8)
    ink[:height, 4:-4] = 255
    (is_along,) = find_components(ink).along_border
    assert bool(is_along) is along
