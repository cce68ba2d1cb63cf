"""Pages: order, lines, touching digits, and marks that are no digits."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from examples.draw import digit_mask
from mnist_infer import NoDigitError, Recognizer


def page(*lines: str, gap: int = 70, height: int = 60) -> Image.Image:
    """Lines of drawn digits; a space leaves a gap."""
    width = gap * max(map(len, lines)) + 60
    image = Image.new("L", (width, 110 * len(lines) + 40), 255)
    for row, line in enumerate(lines):
        for place, digit in enumerate(line):
            if digit != " ":
                mask = digit_mask(int(digit), height)
                image.paste(0, (40 + gap * place, 40 + 110 * row), mask)
    return image


def test_lines_from_top_to_bottom(recognizer: Recognizer):
    assert recognizer.read(page("31 415", "926", "535 89")).text == "31415\n926\n53589"


def test_a_line_that_climbs_is_one_line(recognizer: Recognizer):
    tilted = page("2718281828").rotate(5, expand=True, fillcolor=255)
    assert recognizer.read(tilted).text == "2718281828"


def test_boxes_are_in_the_pictures_own_pixels(recognizer: Recognizer):
    image = page("47").resize((4000, 3000))
    ink = np.asarray(image) < 128
    for digit, half in zip(recognizer.read(image).digits, (0, 2000), strict=True):
        rows, columns = (np.flatnonzero(ink[:, half : half + 2000].any(axis)) for axis in (1, 0))
        x, y, width, height = digit.box
        expected = (columns[0] + half, rows[0], np.ptp(columns), np.ptp(rows))
        assert np.abs(np.subtract((x, y, width, height), expected)).max() < 20


def test_underlines_dots_and_dashes_are_no_digits(recognizer: Recognizer):
    image = page("12 50 3")
    draw = ImageDraw.Draw(image)
    draw.line((30, 115, 360, 117), fill=0, width=5)
    draw.ellipse((188, 92, 197, 101), fill=0)
    draw.line((330, 70, 362, 70), fill=0, width=6)
    assert recognizer.read(image).text == "12503"


def test_touching_digits_are_cut(recognizer: Recognizer):
    image = Image.new("L", (260, 140), 255)
    left, right = digit_mask(2, 90), digit_mask(3, 90)
    image.paste(0, (40, 25), left)
    image.paste(0, (38 + left.width, 25), right)
    assert recognizer.read(image).text == "23"


@pytest.mark.parametrize("shade", [0, 255])
def test_a_blank_page_has_no_digits(recognizer: Recognizer, shade: int):
    with pytest.raises(NoDigitError):
        recognizer.read(np.full((300, 400), shade, np.uint8))
