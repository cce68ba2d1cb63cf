"""The generated kinds of pictures: the same for the same seed, with what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.generated import digits, rows
from benchmarks.generated.__main__ import Answer, score
from benchmarks.generated.digits import digit_mask
from train.rows.glyphs import Glyphs


def strokes(count: int = 3) -> np.ndarray:
    """Images with an upright stroke each."""
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 4:24, 12:15] = 255
    return images


LABELS = np.ones(3, np.uint8)


@pytest.mark.parametrize("kind", digits.KINDS)
def test_a_kind_of_digits_is_the_same_for_the_same_seed(kind: str):
    first, again, other = (
        list(digits.pictures(kind, strokes(), LABELS, 3, seed)) for seed in (0, 0, 1)
    )
    assert len(first) == 3
    for (picture, label), (same, _) in zip(first, again, strict=True):
        assert picture.dtype == np.uint8
        assert np.array_equal(picture, same)
        assert label == (None if kind.endswith("empty") else 1)
    pairs = zip(first, other, strict=True)
    is_fixed = kind.startswith("bitmap") or kind == "corrupt-canny-edges"
    assert not all(np.array_equal(a, b) for (a, _), (b, _) in pairs) or is_fixed


def test_a_digit_fills_its_mask_and_widened_strokes_are_fatter():
    thin, as_drawn, fat = (digit_mask(strokes()[0], 40, widened) for widened in (-0.02, 0, 0.04))
    assert thin.shape[0] == as_drawn.shape[0] == fat.shape[0] == 40
    assert thin.shape[1] < as_drawn.shape[1] < fat.shape[1]


@pytest.mark.parametrize("kind", rows.KINDS)
def test_a_kind_of_rows_is_the_same_for_the_same_seed(kind: str, glyphs: Glyphs):
    first, again, other = (list(rows.pictures(kind, glyphs, 2, seed=seed)) for seed in (0, 0, 1))
    for (picture, text), (same, _) in zip(first, again, strict=True):
        assert picture.dtype == np.uint8
        assert np.array_equal(picture, same)
        assert text.replace("\n", "").isdigit() or kind == "row-words-only"
    assert first[0][0].shape != other[0][0].shape or (first[0][0] != other[0][0]).any()


def test_a_score_counts_exact_texts_characters_and_undetected_length_errors():
    answers = [Answer("123", "123", False), Answer("45", "4", False), Answer("67", "6", True)]
    result = score(answers, has_length=True)
    assert (result.right, result.of, result.undetected_length_errors) == (1, 3, 1)
    assert result.wrong_characters == pytest.approx(100 * 2 / 7, abs=0.05)
