"""The drawn digits are digits, and no model has seen them in training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations_with_replacement

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mnist_infer import Recognizer
from tests.glyphs import GLYPHS, digit_mask, outline
from train.strokes import Stroke, spline
from train.styles import RARE_STYLES, STYLES

MIN_DISTANCE = 0.1
"""Share of a digit's longer side."""


def points(lines: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Points (N, 2) every hundredth along polylines; centred, the longer side is 1."""
    along = []
    for line in lines:
        way = np.concatenate([[0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
        places = np.linspace(0, way[-1], 2 + round(100 * way[-1]))
        along.append(np.stack([np.interp(places, way, axis) for axis in line.T], axis=1))
    whole = np.concatenate(along)
    low, high = whole.min(axis=0), whole.max(axis=0)
    return (whole - (low + high) / 2) / (high - low).max()


def training_forms(digit: int) -> Iterator[list[Stroke]]:
    """Each extreme of a digit's training styles, and what lies halfway between each two."""
    for style in (*STYLES, *RARE_STYLES):
        if style.digit == digit:
            for first, second in combinations_with_replacement(style.extremes, 2):
                pairs = zip(first, second, strict=True)
                yield [tuple(map(tuple, (np.array(a) + np.array(b)) / 2)) for a, b in pairs]


def distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Hausdorff: how far the point farthest from the other drawing is from it."""
    apart = np.hypot(*(first[:, np.newaxis] - second).transpose(2, 0, 1))
    return max(apart.min(axis=0).max(), apart.min(axis=1).max())


def test_a_copy_of_another_size_in_another_place_has_no_distance():
    stroke = np.array(outline(GLYPHS[2][0]))
    assert distance(points([stroke]), points([stroke * 20 + 4])) < 0.01
    assert distance(points([stroke]), points([stroke[::-1] * (-1, 1)])) > MIN_DISTANCE


@pytest.mark.parametrize("digit", range(10))
def test_glyphs_keep_their_distance_from_the_strokes_of_the_training(digit: int):
    trained = [
        points(spline(stroke) @ np.array(stroke) for stroke in form)
        for form in training_forms(digit)
    ]
    assert trained
    glyph = points(np.array(outline(stroke)) for stroke in GLYPHS[digit])
    assert min(distance(glyph, form) for form in trained) >= MIN_DISTANCE


# The documented networks have learnt MNIST alone, and are not as sure.
@pytest.mark.parametrize("model", ["dense-512", "dense-512x2"])
@pytest.mark.parametrize("slant", [0.0, 0.2])
def test_the_robust_models_read_them(model: str, slant: float):
    pages = [Image.new("L", (240, 240), 255) for _ in GLYPHS]
    for digit, page in enumerate(pages):
        page.paste(0, (20, 20), digit_mask(digit, 120, slant=slant))
    answers = Recognizer(model, device="cpu").predict_batch(pages)
    assert [answer.digit for answer in answers] == list(GLYPHS)
    assert min(answer.confidence for answer in answers) > 0.9
