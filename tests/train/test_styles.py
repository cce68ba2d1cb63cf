import numpy as np
import pytest

from train.styles import RARE_STYLES, STYLES, styled_digits


@pytest.mark.parametrize("style", STYLES + RARE_STYLES, ids=lambda style: str(style.digit))
def test_extremes_share_their_form(style):
    forms = {tuple(len(stroke) for stroke in strokes) for strokes in style.extremes}
    assert len(forms) == 1


def test_every_digit_is_drawn():
    images, labels = styled_digits(600, np.random.default_rng(0))
    assert images.shape == (600, 28, 28)
    assert images.dtype == labels.dtype == np.uint8
    assert set(labels) == set(range(10))
    assert images.reshape(600, -1).max(axis=1).min() > 150


def test_the_same_seed_gives_the_same_digits():
    first, again = (styled_digits(50, np.random.default_rng(4)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_rare_styles_are_drawn_where_they_are_asked_for():
    images, labels = styled_digits(60, np.random.default_rng(0), RARE_STYLES)
    assert images.shape == (60, 28, 28)
    assert set(labels) == {4, 5, 6}
