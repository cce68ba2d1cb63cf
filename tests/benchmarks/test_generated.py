"""The generated kinds of pictures: the same for the same seed, with what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.generated import KINDS, digit_mask, pictures


def strokes(count: int = 3) -> np.ndarray:
    """Images with an upright stroke each."""
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 4:24, 12:15] = 255
    return images


LABELS = np.ones(3, np.uint8)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_the_same_for_the_same_seed(kind: str):
    first, again, other = (list(pictures(kind, strokes(), LABELS, seed=seed)) for seed in (0, 0, 1))
    assert len(first) == 3
    for (picture, label), (same, _) in zip(first, again, strict=True):
        assert picture.dtype == np.uint8
        assert np.array_equal(picture, same)
        assert label == (None if kind == "cell-empty" else 1)
    pairs = zip(first, other, strict=True)
    assert not all(np.array_equal(a, b) for (a, _), (b, _) in pairs) or kind.startswith("bitmap")


def test_a_digit_fills_its_mask_and_widened_strokes_are_fatter():
    thin, as_drawn, fat = (digit_mask(strokes()[0], 40, widened) for widened in (-0.02, 0, 0.04))
    assert thin.shape[0] == as_drawn.shape[0] == fat.shape[0] == 40
    assert thin.shape[1] < as_drawn.shape[1] < fat.shape[1]
