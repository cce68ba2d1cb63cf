"""Drawings that are no digits: as many as asked for, decided by their seed, no two alike."""

import numpy as np

from train.doodles import blobs, doodles


def test_as_many_as_asked_for_and_none_blank():
    drawn = doodles(120, np.random.default_rng(0))
    assert drawn.shape == (120, 28, 28)
    assert drawn.dtype == np.uint8
    assert (drawn.max(axis=(1, 2)) > 200).all()


def test_a_seed_decides_the_drawings():
    first, second, other = (doodles(60, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_no_two_are_alike():
    drawn = doodles(300, np.random.default_rng(0))
    assert len(np.unique(drawn.reshape(300, -1), axis=0)) == 300


def test_blobs_are_filled():
    drawn = blobs(50, np.random.default_rng(0))
    assert drawn.shape == (50, 28, 28)
    middles = drawn[:, 12:16, 12:16]
    assert (middles == 255).all()
    assert (drawn[:, 0, 0] == 0).all()
