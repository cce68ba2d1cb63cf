import numpy as np

from train.nondigits import nondigits
from train.styles import styled_digits


def made(count, seed=0):
    digits, labels = styled_digits(300, np.random.default_rng(9))
    return nondigits(digits, labels, count, np.random.default_rng(seed))


def test_as_many_as_asked_for_and_none_blank():
    images = made(240)
    assert images.shape == (240, 28, 28)
    assert images.dtype == np.uint8
    assert images.reshape(240, -1).max(axis=1).min() > 100


def test_the_same_seed_gives_the_same_pictures():
    assert np.array_equal(made(60), made(60))
    assert not np.array_equal(made(60), made(60, seed=1))


def test_few_are_alike():
    assert len(np.unique(made(240), axis=0)) > 200
