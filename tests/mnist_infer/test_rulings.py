"""Ruled lines go, strokes stay."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mnist_infer.imaging.rulings import (
    remove_lines_across,
    remove_page_rulings,
    remove_rulings,
)

SIDE = 200


def ring(side: int = SIDE) -> Image.Image:
    """An 0 in the middle of a blank page of ink."""
    image = Image.new("L", (side, side), 0)
    margin = side // 4
    box = (margin, margin, side - margin, side - margin)
    ImageDraw.Draw(image).ellipse(box, outline=255, width=side // 20)
    return image


def ruled(*lines: tuple[int, int, int, int], width: int = 3) -> NDArray[np.uint8]:
    image = ring()
    for line in lines:
        ImageDraw.Draw(image).line(line, fill=255, width=width)
    return np.array(image)


DIGIT = np.array(ring())


@pytest.mark.parametrize(
    "lines",
    [
        [(0, 20, 199, 20)],
        [(20, 0, 20, 199)],
        [(0, 20, 199, 26)],
        [(0, 20, 199, 20), (0, 180, 199, 180), (20, 0, 20, 199), (180, 0, 180, 199)],
    ],
    ids=["level", "upright", "tilted", "grid"],
)
def test_lines_beside_the_digit_go(lines: list[tuple[int, int, int, int]]):
    rest = remove_lines_across(ruled(*lines))
    assert np.array_equal(rest[DIGIT > 0], DIGIT[DIGIT > 0])
    # Where two lines cross, a dot may stay: no digit is made of dots.
    assert ((rest > 0) & (DIGIT == 0)).sum() <= 4 * 3 * 3


def test_a_frame_around_the_digit_goes():
    corners = [(20, 20, 180, 20), (180, 20, 180, 180), (180, 180, 20, 180), (20, 180, 20, 20)]
    rest = remove_rulings(ruled(*corners)).foreground
    assert np.array_equal(rest[45:155, 45:155], DIGIT[45:155, 45:155])
    # Where two lines meet, a dot may stay: no digit is made of dots.
    assert ((rest > 0) & (DIGIT == 0)).sum() <= 4 * 3 * 3


@pytest.mark.parametrize("cut", [(0, 0), (30, 0), (0, 20), (30, 20)])
@pytest.mark.parametrize("has_digit", [True, False])
def test_a_box_goes_that_shares_its_sides_with_others(cut: tuple[int, int], has_digit: bool):
    """A row of three boxes: whole, without its ends, without its top, without both."""
    image = ring() if has_digit else Image.new("L", (SIDE, SIDE))
    draw = ImageDraw.Draw(image)
    for y in (20, 180):
        draw.line((10, y, 189, y), fill=255, width=2)
    for x in (10, 35, 165, 189):
        draw.line((x, 20, x, 180), fill=255, width=2)
    left, top = cut
    part = np.s_[top : SIDE - left, left : SIDE - left]
    rest = remove_rulings(np.array(image)[part]).foreground
    assert np.array_equal(rest, DIGIT[part] * has_digit)


def test_a_line_through_the_digit_leaves_the_strokes_it_crosses():
    rest = remove_lines_across(ruled((0, 100, 199, 100)))
    assert not rest[:, :40].any()
    assert not rest[98:103, 70:130].any()
    assert (rest[DIGIT > 0] > 0).mean() > 0.97


def test_without_lines_nothing_changes():
    assert remove_lines_across(DIGIT) is DIGIT


def test_a_stroke_that_crosses_the_picture_is_the_digit_when_it_is_all():
    one = np.zeros((SIDE, 60), np.uint8)
    one[:, 28:33] = 255
    assert np.array_equal(remove_lines_across(one), one)
    assert np.array_equal(remove_rulings(one).foreground, one)
    one[:, 24:36] = 255
    assert np.array_equal(remove_rulings(one).foreground, one)


def test_the_bar_of_a_fat_7_cut_at_its_edges_stays():
    seven = np.zeros((60, 40), np.uint8)
    seven[:6] = 255
    for row in range(60):
        seven[row, 34 - row // 2 : 40 - row // 2] = 255
    assert np.array_equal(remove_lines_across(seven), seven)


def test_a_bar_that_slopes_towards_a_line_is_not_taken_for_another():
    image = np.zeros((60, 120), np.uint8)
    image[50:53] = 255
    image[45:48, :70] = 255
    image[5:35, 40:46] = 255
    assert remove_lines_across(image)[45:48, :70].all()


def box(*sides: int, outside: int = 0, thickness: int = 3) -> NDArray[np.uint8]:
    """A form's box of 60 by 60 pixels, cut some pixels outside its rulings; 0 is the top side."""
    ink = np.zeros((60, 60), np.uint8)
    for side in sides:
        np.rot90(ink, side)[outside : outside + thickness] = 255
    return ink


@pytest.mark.parametrize("outside", [0, 3])
@pytest.mark.parametrize("sides", [(0,), (3,), (0, 1), (0, 2), (1, 2, 3), (0, 1, 2, 3)])
def test_rulings_along_the_border_go_in_any_shape(sides: tuple[int, ...], outside: int):
    digit = np.array(ring(60))
    rest = remove_rulings(digit | box(*sides, outside=outside)).foreground
    assert np.array_equal(rest, digit)


@pytest.mark.parametrize("turns", range(4))
def test_a_digit_that_crosses_a_side_of_its_frame_stays(turns: int):
    frame, zero = Image.new("L", (200, 200), 0), Image.new("L", (200, 200), 0)
    ImageDraw.Draw(frame).rectangle((40, 40, 160, 160), outline=255, width=3)
    ImageDraw.Draw(zero).ellipse((80, 22, 120, 110), outline=255, width=7)
    digit, lines = (np.rot90(np.array(each), turns) > 0 for each in (zero, frame))
    rest = remove_rulings(np.uint8(255) * (digit | lines)).foreground > 0
    assert rest[digit].mean() > 0.95
    assert rest[lines & ~digit].mean() < 0.05


def test_a_digit_whose_head_is_a_box_is_no_frame():
    nine = Image.new("L", (200, 200), 0)
    pen = ImageDraw.Draw(nine)
    pen.rectangle((60, 40, 130, 100), outline=255, width=5)
    pen.line((128, 100, 128, 170), fill=255, width=5)
    assert np.array_equal(remove_rulings(np.array(nine)).foreground, np.array(nine))


def test_a_digit_that_fills_its_picture_is_no_ruling():
    zero = Image.new("L", (60, 60), 0)
    ImageDraw.Draw(zero).ellipse((0, 0, 59, 59), outline=255, width=5)
    assert np.array_equal(remove_rulings(np.array(zero)).foreground, np.array(zero))
    seven = box(0, thickness=4)
    for row in range(60):
        seven[row, 54 - row // 2 : 60 - row // 2] = 255
    assert np.array_equal(remove_rulings(seven).foreground, seven)


def table(rise: int = 0) -> tuple[Image.Image, Image.Image]:
    """Draw the lines of a table by hand, some longer than others, and nine 0s in it."""
    lines, digits = Image.new("L", (420, 330), 0), Image.new("L", (420, 330), 0)
    draw = ImageDraw.Draw(lines)
    for k, (start, stop) in enumerate([(20, 400), (35, 390), (12, 408), (40, 380)]):
        x, y = 60 + 100 * k, 40 + 80 * k
        draw.line((start, y, stop, y + rise), fill=255, width=3)
        draw.line((x, start // 2, x - rise, 290 + start // 2), fill=255, width=3)
    for k in range(9):
        x, y = 85 + 100 * (k % 3), 60 + 80 * (k // 3)
        ImageDraw.Draw(digits).ellipse((x, y, x + 30, y + 45), outline=255, width=5)
    return lines, digits


@pytest.mark.parametrize("rise", [0, 12, 30])
def test_the_lines_of_a_table_go_though_they_reach_beyond_it(rise: int):
    lines, digits = map(np.array, table(rise))
    rest = remove_page_rulings(lines | digits).foreground
    apart = (digits > 0) & (lines == 0)
    assert (rest[apart] > 0).mean() > 0.95
    assert (rest[(lines > 0) & (digits == 0)] > 0).mean() < 0.05


def test_a_digit_that_crosses_a_table_line_keeps_its_stroke():
    lines, digits = map(np.array, table())
    digits[100:160, 200:205] = 255  # a 1 through the second line
    rest = remove_page_rulings(lines | digits).foreground
    assert (rest[100:160, 200:205] > 0).mean() > 0.95


def test_squared_paper_without_writing_is_left_whole():
    """Torn up, it would be a page of dots and dashes."""
    y, x = np.mgrid[:300, :400]
    bent = np.rint(y + 12 * np.sin(x / 60)).astype(int) % 24 < 2
    squares = np.where(bent | (np.rint(x + 12 * np.sin(y / 50)).astype(int) % 24 < 2), 255, 0)
    squares[:8] = squares[-8:] = squares[:, :8] = squares[:, -8:] = 0
    ink = squares.astype(np.uint8)
    assert np.array_equal(remove_page_rulings(ink).foreground, ink)
