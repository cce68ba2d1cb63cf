"""Bars of an app's window or of a video, at the sides of a picture, are no digits."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mnist_infer import Recognizer
from tests.glyphs import digit_mask

SIDE, BAR = 320, 60

SIDES = {
    "left": [(0, 0, BAR, SIDE)],
    "top": [(0, 0, SIDE, BAR)],
    "left and right": [(0, 0, BAR, SIDE), (SIDE - BAR, 0, SIDE, SIDE)],
}


def in_window(digit: int, bars: list[tuple[int, int, int, int]], ink: str) -> NDArray[np.uint8]:
    """A digit on white paper with black bars beside it."""
    window = Image.new("RGB", (SIDE, SIDE), "white")
    for bar in bars:
        window.paste("black", bar)
    window.paste(ink, (150, 140), digit_mask(digit, 96))
    return np.asarray(window)


@pytest.mark.parametrize("ink", ["black", "blue", "red"])
@pytest.mark.parametrize("bars", SIDES.values(), ids=SIDES)
def test_a_bar_at_the_side_is_no_digit(
    recognizer: Recognizer, bars: list[tuple[int, int, int, int]], ink: str
):
    answers = [recognizer.predict(in_window(digit, bars, ink)).digit for digit in range(10)]
    assert answers == list(range(10))


def test_a_bar_beside_a_speck_is_a_1(recognizer: Recognizer):
    picture = np.zeros((60, 20), np.uint8)
    picture[:, :9] = 255
    picture[30, 15] = 255
    seen = recognizer.explain(picture)
    assert seen.prediction.digit == 1
    assert seen.box == (0, 0, 9, 60)
