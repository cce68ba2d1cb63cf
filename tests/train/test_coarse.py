import numpy as np

from train.coarse import coarse_copies
from train.styles import styled_digits


def test_copies_are_in_the_mnist_format_and_have_lost_detail():
    images, _ = styled_digits(200, np.random.default_rng(0))
    copies = coarse_copies(images, np.random.default_rng(1))
    assert copies.shape == images.shape
    assert copies.dtype == np.uint8
    assert (copies.reshape(200, -1).max(axis=1) == 255).all()
    visible = copies >= 64
    sides = np.maximum(visible.any(axis=1).sum(axis=1), visible.any(axis=2).sum(axis=1))
    assert 18 <= sides.mean() <= 20

    def sharpness(stack):
        steps = np.diff(stack.astype(int))
        return (steps**2).sum() / np.abs(steps).sum()

    assert sharpness(copies) < 0.8 * sharpness(images)


def test_the_same_seed_gives_the_same_copies():
    images, _ = styled_digits(20, np.random.default_rng(0))
    first, again, other = (coarse_copies(images, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
