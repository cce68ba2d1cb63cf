"""A bitmap that its digit fills loses no ink at its border, beyond which there is paper."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_infer import Explanation, Recognizer

SIDE = 32


def five() -> NDArray[np.uint8]:
    """A 5 from border to border whose bar stands apart, by more than a stroke is wide."""
    ink = np.zeros((SIDE, 22), np.uint8)
    ink[0:2, 4:22] = 255
    ink[6:16, 2:4] = ink[14:16, 2:20] = ink[14:32, 19:21] = ink[30:32, 0:20] = 255
    return ink


def test_a_stroke_along_the_border_is_ink(recognizer: Recognizer):
    picture = np.zeros((SIDE, 4), np.uint8)
    picture[1:-1, :2] = 255
    assert recognizer.predict(picture).digit == 1


@pytest.mark.parametrize("negative", [False, True])
def test_a_stroke_that_stands_apart_at_the_border_stays(recognizer: Recognizer, negative: bool):
    seen = recognizer.explain(255 - five() if negative else five())
    assert np.array_equal(seen.cleaned, five())


def bottom_of(seen: Explanation) -> NDArray[np.uint8]:
    """The lowest pixels that the row network sees of a picture."""
    return seen.inputs.row_images[0][-2:]


def test_ink_does_not_go_on_beyond_the_border_of_a_bitmap(recognizer: Recognizer):
    bitmap = five()
    grey = np.full(bitmap.shape, 200, np.uint8) - np.arange(SIDE, dtype=np.uint8)[:, None]
    grey[bitmap > 0] = 20
    assert np.ptp(bottom_of(recognizer.explain(bitmap))) == 0
    # A photo may show a part of what goes on.
    assert np.ptp(bottom_of(recognizer.explain(grey))) > 0
