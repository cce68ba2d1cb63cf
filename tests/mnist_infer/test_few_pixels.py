"""A grey digit of few pixels that fills its frame: each pixel counts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_infer import Recognizer
from mnist_infer.imaging.binarize import binarize
from mnist_infer.imaging.params import FOREGROUND_LEVEL
from tests.glyphs import digit_mask

DIGITS = range(10)


def filled(digit: int, height: int) -> NDArray[np.uint8]:
    """White ink from border to border, antialiased."""
    mask = digit_mask(digit, height)
    return np.asarray(mask.crop(mask.getbbox()))


@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize("height", [8, 12, 16])
def test_it_is_read(recognizer: Recognizer, height: int, negative: bool):
    pictures = [
        255 - filled(digit, height) if negative else filled(digit, height) for digit in DIGITS
    ]
    assert [recognizer.predict(picture).digit for picture in pictures] == list(DIGITS)


@pytest.mark.parametrize("height", [16, 32])
def test_it_keeps_its_ink(height: int):
    for digit in DIGITS:
        picture = filled(digit, height)
        assert (binarize(picture, picture)[picture > 200] > FOREGROUND_LEVEL).mean() > 0.95
